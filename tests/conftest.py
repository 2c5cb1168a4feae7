"""Hypothesis is reproducible here: the same examples on every machine, without a time limit for slow ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

settings.register_profile("usual", deadline=None, derandomize=True, max_examples=100, suppress_health_check=_SLOW)
settings.register_profile("search", deadline=None, max_examples=5000, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
