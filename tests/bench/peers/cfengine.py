"""CFEngine: a policy that reads both documents of each node into data containers, and reports."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bench import commands
from tests.bench.commands import Took
from tests.bench.peers.install import Programs, debian
from tests.bench.peers.peer import Command, Peer

_POLICY = """
bundle agent main
{
  vars:
    "root" string => getenv("FLEET", 4096);
    "nodes" slist => lsdir("$(root)/hosts", "node.*", "false");
  methods:
    "$(nodes)" usebundle => node("$(root)", "$(nodes)");
}

bundle agent node(root, name)
{
  vars:
    "desired" data => readyaml("$(root)/hosts/$(name)/services.yaml", inf);
    "actual" data => readjson("$(root)/world/nodes/$(name).json", inf);
    "expected" slist => getindices("desired[services]");
  classes:
    "online" expression => strcmp("$(actual[status])", "online");
    "well_$(expected)" expression => strcmp("$(actual[services][$(expected)][status])", "ok"), if => "online";
  reports:
    "drift $(name)/$(expected)" unless => canonify("well_$(expected)");
}
"""


def drifted(took: Took) -> set[str]:
    return set(re.findall(r"^R: drift (\S+)$", took.output, re.MULTILINE))


def _commands(programs: Programs, root: Path, folder: Path) -> list[Command]:
    policy = folder / "fleet.cf"
    policy.write_text(_POLICY)
    policy.chmod(0o600)
    folder.chmod(0o700)
    (folder / "bin").mkdir()
    (folder / "ppkeys").mkdir(mode=0o700)
    # It has its policy validated by that program, and looks for it nowhere else.
    (folder / "bin/cf-promises").symlink_to(programs.path("cf-promises"))
    environ = programs.environ(FLEET=str(root), CFENGINE_TEST_OVERRIDE_WORKDIR=str(folder))
    commands.run([programs.path("cf-key")], environ)
    return [Command("cfengine", [programs.path("cf-agent"), "-KIf", str(policy)], drifted, environ)]


PEER = Peer(
    "cfengine",
    lambda scratch: debian(scratch, "cf-agent", "cfengine3"),
    _commands,
    notes=["cfengine has a daemon that starts the same command, once a minute at best."],
)
