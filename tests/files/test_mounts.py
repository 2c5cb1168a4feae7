"""Whether a path is in a /tmp of this service alone, from what the kernel says of the mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.files.mounts import is_private

PRIVATE = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 254:0 /tmp/systemd-private-0a1b-runtime-supervisor.service-Xy/tmp /tmp rw - ext4 /dev/vda rw
"""
DISCONNECTED = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:40 /tmp /tmp rw,nosuid - tmpfs tmpfs rw,size=1000k,mode=700
"""
SHARED = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:40 / /tmp rw,nosuid - tmpfs tmpfs rw
31 21 0:41 / /mnt/a\\040b rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("mounts", "path", "private"),
    [
        (PRIVATE, "/tmp/agent-events.log", True),
        (PRIVATE, "/var/log/agent-events.log", False),
        (PRIVATE, "/tmpfile", False),
        (SHARED, "/tmp/agent-events.log", False),
        (SHARED, "/mnt/a b/log", False),
        (PRIVATE + SHARED.splitlines()[1], "/tmp/agent-events.log", False),
        (DISCONNECTED, "/tmp/agent-events.log", True),
        ("rubbish\n", "/tmp/agent-events.log", False),
    ],
)
def test_a_private_tmp_is_told_from_a_shared_one(tmp_path: Path, mounts: str, path: str, private: bool) -> None:
    (tmp_path / "mountinfo").write_text(mounts)
    assert is_private(path, str(tmp_path / "mountinfo")) is private


def test_without_mountinfo_nothing_is_private(tmp_path: Path) -> None:
    assert not is_private("/tmp/x", str(tmp_path / "absent"))
