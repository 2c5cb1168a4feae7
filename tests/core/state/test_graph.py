"""What each dependency means, and what a cycle blocks: nothing of itself."""

from __future__ import annotations

from itertools import pairwise

from supervisor.core.model.desired import Desired, DesiredNode, DesiredService, Mention
from supervisor.core.model.subjects import ServiceRef
from supervisor.core.state.graph import Graph, build_graph


def service(name: str, *depends_on: str) -> DesiredService:
    return DesiredService(name, f"/services/{name}", 1, depends_on=tuple(Mention(entry, 2, 3) for entry in depends_on))


def node(name: str, *services: DesiredService, broken: tuple[str, ...] = (), known: bool = True) -> DesiredNode:
    file = f"hosts/{name}/services.yaml"
    by_name = {service.name: service for service in services}
    return DesiredNode(name, file, services=by_name, broken=frozenset(broken), services_known=known)


def graph(*nodes: DesiredNode) -> Graph:
    return build_graph(Desired({node.name: node for node in nodes}))


def blocking(links: Graph, name: str, node: str = "nas") -> list[str]:
    return [str(item).removeprefix("service:") for item in links.blocking(ServiceRef(node, name))]


def said(links: Graph) -> list[str]:
    return [str(warning) for warning in links.warnings]


# --- the four meanings, the first that fits


def test_a_service_of_the_same_stack_comes_first() -> None:
    links = graph(node("nas", service("media/web", "db"), service("media/db"), service("db")), node("db", service("x")))
    assert blocking(links, "media/web") == ["nas/media/db"]


def test_a_stack_is_everything_before_the_last_slash() -> None:
    links = graph(node("nas", service("a/b/web", "db"), service("a/b/db"), service("a/db")))
    assert blocking(links, "a/b/web") == ["nas/a/b/db"]


def test_else_a_service_of_the_same_node() -> None:
    links = graph(node("nas", service("media/web", "db", "nuc/dns"), service("db"), service("nuc/dns")), node("nuc"))
    assert blocking(links, "media/web") == ["nas/db", "nas/nuc/dns"]


def test_else_a_node_and_its_service() -> None:
    links = graph(node("nas", service("web", "nuc/media/db")), node("nuc", service("media/db")))
    assert blocking(links, "web") == ["nuc/media/db"]


def test_else_the_only_service_of_that_name_in_the_fleet() -> None:
    links = graph(node("nas", service("web", "media/db")), node("nuc", service("media/db")), node("pi", service("db")))
    assert blocking(links, "web") == ["nuc/media/db"]


def test_a_broken_declaration_is_a_service_all_the_same() -> None:
    links = graph(node("nas", service("web", "db", "dns"), broken=("db",)), node("nuc", broken=("dns",)))
    assert blocking(links, "web") == ["nas/db", "nuc/dns"]
    assert said(links) == []


def test_a_service_of_a_node_whose_file_cannot_be_used_may_be_there() -> None:
    links = graph(node("nas", service("web", "nuc/dns")), node("nuc", known=False))
    assert blocking(links, "web") == ["nuc/dns"]


def test_the_same_service_by_two_names_is_one_dependency() -> None:
    links = graph(node("nas", service("web", "db", "nas/db"), service("db")))
    assert blocking(links, "web") == ["nas/db"]


# --- what is ignored, with a warning


def test_what_names_nothing_is_ignored_and_asked_about() -> None:
    links = graph(node("nas", service("web", "postgers"), service("postgres")))
    assert blocking(links, "web") == []
    (warning,) = said(links)
    assert warning.startswith("hosts/nas/services.yaml:2:3: warning: 'web' depends on 'postgers': no such service")
    assert warning.endswith("; did you mean postgres?; entry ignored")


def test_what_names_several_things_says_which() -> None:
    links = graph(node("nas", service("web", "db")), node("nuc", service("db")), node("pi", service("db")))
    (warning,) = said(links)
    assert warning.startswith("hosts/nas/services.yaml:2:3: warning: 'web' depends on 'db', which is on several nodes")
    assert warning.endswith("; write one of nuc/db, pi/db; entry ignored")


def test_what_may_be_in_a_file_that_cannot_be_used_is_said_to_be() -> None:
    links = graph(node("nas", service("web", "dns")), node("nuc", known=False))
    assert "(it may be in hosts/nuc/services.yaml, which cannot be used)" in said(links)[0]


def test_a_failover_node_that_is_not_there_is_asked_about() -> None:
    away = DesiredNode("nas", "hosts/nas/services.yaml", failover=(Mention("proxmx", 4, 5), Mention("proxmox", 4, 9)))
    (warning,) = said(graph(away, node("proxmox")))
    assert warning.startswith("hosts/nas/services.yaml:4:5: warning: failover node 'proxmx' is not in the inventory")
    assert warning.endswith("; did you mean proxmox?; entry ignored")


# --- cycles


def test_a_service_that_depends_on_itself_is_a_cycle_of_one() -> None:
    links = graph(node("nas", service("web", "web", "db"), service("db")))
    assert blocking(links, "web") == ["nas/db"]
    assert said(links)[0].endswith("warning: nas/web depends on itself; the members of a cycle do not block each other")


def test_the_members_of_a_cycle_do_not_block_each_other_but_others() -> None:
    links = graph(
        node("nas", service("a", "b"), service("b", "c"), service("c", "a", "d"), service("d"), service("e", "a"))
    )
    assert {name: blocking(links, name) for name in "abce"} == {"a": [], "b": [], "c": ["nas/d"], "e": ["nas/a"]}
    assert [warning.partition(": warning: ")[2].partition(";")[0] for warning in said(links)] == [
        "nas/a, nas/b, nas/c depend on one another in a cycle"
    ]


def test_two_cycles_are_two_warnings() -> None:
    links = graph(
        node("nas", service("a", "b"), service("b", "a", "nuc/x")), node("nuc", service("x", "y"), service("y", "x"))
    )
    assert len(said(links)) == 2
    assert blocking(links, "b") == ["nuc/x"]


def test_a_chain_as_long_as_the_fleet_is_no_trouble_and_neither_is_a_ring() -> None:
    names = [f"s{number}" for number in range(20_000)]
    chain = [service(name, below) for name, below in pairwise(names)]
    links = graph(node("nas", *chain, service("s19999")))
    assert (blocking(links, "s0"), said(links)) == (["nas/s1"], [])
    ring = graph(node("nas", *chain, service("s19999", "s0")))
    assert blocking(ring, "s0") == []
    (warning,) = said(ring)
    assert "nas/s0, nas/s1, nas/s10, nas/s100, nas/s1000 and 19995 more depend on one another in a cycle" in warning
