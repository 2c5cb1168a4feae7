"""The gateways of this machine, as the kernel prints its routes."""

from __future__ import annotations

import sys

import pytest

from supervisor.observe.gateway import gateways

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
NEAR = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
NONE = "0" * 32
DEFAULT6 = f"{NONE} 00 {NONE} 00 20010db8000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n"
LINK_LOCAL = f"{NONE} 00 {NONE} 00 fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n"
OWN6 = f"{NONE} 00 {NONE} 00 {NONE} ffffffff 00000001 00000000 00200200       lo\n"


@pytest.mark.skipif(sys.byteorder != "little", reason="these were printed by a machine of the other kind")
@pytest.mark.parametrize(
    ("ipv4", "ipv6", "hosts"),
    [
        ([HEAD, DEFAULT, NEAR], [], ("192.0.2.1",)),
        ([HEAD, NEAR], [OWN6], ()),
        ([HEAD, DEFAULT, DEFAULT], [DEFAULT6], ("192.0.2.1", "[2001:db8::1]")),
        ([], [LINK_LOCAL], ("[fe80::1%eth0]",)),
        ([], [], ()),
        (["\n", "eth0 00000000 010200C0 what 0 0 0 00000000"], ["\n"], ()),
    ],
)
def test_the_gateways_are_those_of_default_routes(ipv4: list[str], ipv6: list[str], hosts: tuple[str, ...]) -> None:
    assert gateways(ipv4, ipv6) == hosts
