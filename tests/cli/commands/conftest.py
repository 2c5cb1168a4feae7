"""A lab whose commands run in this process: quick, and the same as in one of their own but for the real streams."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from pathlib import Path
from unittest import mock

import pytest

from supervisor.cli.main import main
from tests.acceptance.harness import Lab, environment


class InProcess(Lab):
    """``tests/acceptance`` starts the same commands as processes."""

    def command(
        self, name: str, *arguments: str, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        output, complaints = io.StringIO(), io.StringIO()
        words = [name, *self.options, *arguments]
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(complaints),
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, environment(**(environ or {})), clear=True),
        ):
            try:
                code = main(words)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(words, code, output.getvalue(), complaints.getvalue())


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return InProcess(tmp_path)
