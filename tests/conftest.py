"""Hypothesis is reproducible here: the same examples on every machine, without a time limit for slow ones."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

settings.register_profile("usual", deadline=None, derandomize=True, max_examples=100, suppress_health_check=_SLOW)
settings.register_profile("search", deadline=None, max_examples=5000, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

# A shell ignores the interrupt for what it puts into the background, and so would every command that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
