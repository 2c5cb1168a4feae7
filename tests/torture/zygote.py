"""Starts the program again and again without its imports: this process has them, and each child is the program.

One JSON object a line comes in, one number goes out: ``{"run": [arguments], "folder", "out"}`` starts a child in that
folder, with its output in the files ``<out>.out`` and ``<out>.err``, and gives its process id; ``{"wait": pid}`` gives
its exit code, negative for a signal. With ``"die_at": n`` the child kills itself before its nth step that could change
a file, and leaves the name of that step in ``<out>.step``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, Self

from tests.acceptance.harness import environment


class Zygote:
    """The parent's end. ``with Zygote() as zygote:``."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, folder: Path, out: str, arguments: list[str], die_at: int = 0) -> int:
        """The process id of ``runtime-supervisor`` with these arguments."""
        return self._ask({"run": arguments, "folder": str(folder), "out": out, "die_at": die_at})

    def wait(self, pid: int) -> int:
        return self._ask({"wait": pid})

    def _ask(self, what: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


_STEPS = frozenset(("open", "write", "pwrite", "flush", "fsync", "rename", "unlink", "fchmod", "flock", "close"))


def _die_at(count: int, path: str) -> None:
    """SIGKILL to ourselves before the call of that number, counted from 1, of a function with such a name."""
    left = count

    def before_each_call(_frame: object, event: str, function: Any) -> None:
        nonlocal left
        if event == "c_call" and function.__name__ in _STEPS:
            left -= 1
            if left == 0:
                sys.setprofile(None)
                Path(path).write_text(function.__name__)
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(before_each_call)


def _child(order: dict[str, Any]) -> None:
    os.chdir(order["folder"])
    for descriptor, ending in ((1, "out"), (2, "err")):
        file = os.open(f"{order['out']}.{ending}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, descriptor)
        os.close(file)
    code = 1
    try:
        from supervisor.cli.main import main

        if order["die_at"]:
            _die_at(order["die_at"], f"{order['out']}.step")
        code = main(order["run"])
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - it is the end of this process, and should be seen
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    # Everything that a pass or the daemon imports while it runs.
    import supervisor.core.announce.report
    import supervisor.passes.read_and_judge
    import supervisor.show.terminal
    import supervisor.supervise.app  # noqa: F401 - to have been imported

    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            print(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            sys.stdin.close()
            _child(order)
        print(pid, flush=True)


if __name__ == "__main__":
    _serve()
