"""Ansible in check mode: a play over all nodes that reads both documents of each. It has no daemon."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from tests.bench.commands import Took
from tests.bench.peers.install import Programs, pypi
from tests.bench.peers.peer import Command, Peer

# The cheapest form of several: one task a node, which reads both files and takes one from the other.
_AT_ONCE = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - vars:
        desired: "{{ lookup('file', fleet ~ '/hosts/' ~ inventory_hostname ~ '/services.yaml') | from_yaml }}"
        actual: "{{ lookup('file', fleet ~ '/world/nodes/' ~ inventory_hostname ~ '.json') | from_json }}"
        well: "{{ actual.services | dict2items | selectattr('value.status', 'equalto', 'ok') | map(attribute='key')
          if actual.status == 'online' else [] }}"
      debug:
        msg: "{{ desired.services | difference(well)
          | map('regex_replace', '^', 'drift ' ~ inventory_hostname ~ '/') }}"
"""

# The usual form: an assertion for each service.
_ONE_BY_ONE = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - include_vars: {file: "{{ fleet }}/hosts/{{ inventory_hostname }}/services.yaml", name: desired}
    - include_vars: {file: "{{ fleet }}/world/nodes/{{ inventory_hostname }}.json", name: actual}
    - assert:
        that: actual.status == 'online' and ((actual.services[item] | default({})).status | default('')) == 'ok'
        quiet: true
        fail_msg: "drift {{ inventory_hostname }}/{{ item }}"
      loop: "{{ desired.services | list }}"
      ignore_errors: true
"""


def drifted(took: Took) -> set[str]:
    return set(re.findall(r"drift ([\w-]+/[\w-]+)", took.output))


def _commands(programs: Programs, root: Path, folder: Path) -> list[Command]:
    inventory = folder / "nodes"
    inventory.write_text("".join(f"{path.name}\n" for path in sorted((root / "hosts").iterdir())))
    environ = programs.environ(HOME=str(folder), ANSIBLE_LOCALHOST_WARNING="0")
    commands: list[Command] = []
    for name, play in (("ansible", _AT_ONCE), ("ansible, an assertion for each service", _ONE_BY_ONE)):
        path = folder / f"{len(commands)}.yml"
        path.write_text(play)
        argv = [programs.path("ansible-playbook"), "--check", "-i", str(inventory), "-e", f"fleet={root}", str(path)]
        commands.append(Command(name, argv, drifted, environ))
    return commands


PEER = Peer(
    "ansible",
    partial(pypi, package="ansible-core"),
    _commands,
    notes=["ansible has no daemon: it notices when cron starts it, once a minute at best."],
)
