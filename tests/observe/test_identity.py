"""Which service a container or unit is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.model.desired import DesiredService
from supervisor.observe.identity import identify
from supervisor.observe.sighting import Sighting
from supervisor.observe.units import SOURCE as SYSTEMD

ENGINE = "/run/docker.sock"


def service(name: str, container: str | None = None, unit: str | None = None) -> dict[str, DesiredService]:
    return {name: DesiredService(name, "", 1, container=container, unit=unit)}


def container(name: str, stack: str = "", service: str = "", **more: object) -> Sighting:
    return replace(Sighting(ENGINE, name, "ok", stack=stack, service=service), **more)  # type: ignore[arg-type]


def unit(name: str) -> Sighting:
    return Sighting(SYSTEMD, name, "ok", also=(name.removesuffix(".service"),))


DB = container("media-db-1", "media", "db")


@pytest.mark.parametrize(
    ("services", "seen", "named"),
    [
        ({}, [container("web")], {"web": ["web"]}),
        (service("site", container="web"), [container("web")], {"site": ["web"]}),
        (service("media/db"), [DB], {"media/db": ["media-db-1"]}),
        (service("db"), [DB], {"db": ["media-db-1"]}),
        (service("media-db-1"), [DB], {"media-db-1": ["media-db-1"]}),
        ({}, [DB], {"media/db": ["media-db-1"]}),
        # Two stacks have one: the bare name is neither.
        (
            service("db"),
            [DB, container("blog-db-1", "blog", "db")],
            {"blog/db": ["blog-db-1"], "media/db": ["media-db-1"]},
        ),
        # ``container:`` is stronger than labels, and a service that names another container is not this one.
        (service("old", container="media-db-1") | service("db"), [DB], {"old": ["media-db-1"]}),
        (service("db", container="other"), [DB], {"media/db": ["media-db-1"]}),
        # A container that only has the name of such a service is not mentioned under that name.
        (service("web", container="nginx"), [container("web"), unit("web.service")], {"web.service": ["web.service"]}),
        (service("media/db", container="other"), [DB], {"media-db-1": ["media-db-1"]}),
        (
            service("a", container="x") | service("b", container="x"),
            [container("x")],
            {"a": ["x"], "b": ["x"]},
        ),
        # One of the two stacks is in the inventory by its full name, so the other is the only one that could be meant.
        (
            service("db") | service("media/db"),
            [DB, container("blog-db-1", "blog", "db")],
            {"db": ["blog-db-1"], "media/db": ["media-db-1"]},
        ),
        (service("site", unit="nginx"), [unit("nginx.service")], {"site": ["nginx.service"]}),
        (service("nginx"), [unit("nginx.service")], {"nginx": ["nginx.service"]}),
        ({}, [unit("nginx.service")], {"nginx.service": ["nginx.service"]}),
        # A unit of the same name as a container of the inventory most likely starts it.
        (service("web"), [container("web"), unit("web.service")], {"web": ["web"]}),
        (service("web", unit="web"), [container("web"), unit("web.service")], {"web": ["web", "web.service"]}),
        (
            service("media/db"),
            [DB, container("media-db-2", "media", "db", replica="2")],
            {"media/db": ["media-db-1", "media-db-2"]},
        ),
        # Of two tasks in one place of a swarm the later one counts.
        (
            service("web/app"),
            [
                container("web_app.1.old", "web", "app", replica="1", created=1, status="failed"),
                container("web_app.1.new", "web", "app", replica="1", created=2),
            ],
            {"web/app": ["web_app.1.new"]},
        ),
        # Whoever made up such a name: nothing in an inventory could be called so.
        ({}, [container("a b"), container("\x1b[2J"), container("x" * 300)], {}),
        ({}, [container("fine", "../..", "\nx")], {"fine": ["fine"]}),
    ],
)
def test_who_is_who(services: dict[str, DesiredService], seen: list[Sighting], named: dict[str, list[str]]) -> None:
    for order in (seen, seen[::-1]):
        identified = identify(services, order).services
        assert {name: [sighting.name for sighting in group] for name, group in identified.items()} == named


def podman(name: str, unit: str) -> Sighting:
    """A container that a unit runs, as Quadlet makes them."""
    return container(name, part_of=(unit, unit.removesuffix(".service")))


WEB = podman("systemd-web", "web.service")


@pytest.mark.parametrize(
    ("services", "seen", "named"),
    [
        (service("web"), [WEB, unit("web.service")], {"web": ["systemd-web", "web.service"]}),
        (service("web", unit="web"), [WEB, unit("web.service")], {"web": ["systemd-web", "web.service"]}),
        (service("site", unit="web.service"), [WEB, unit("web.service")], {"site": ["systemd-web", "web.service"]}),
        # Whether or not units are looked at.
        (service("web"), [WEB], {"web": ["systemd-web"]}),
        # The inventory has the container too: then it is a service of its own.
        (
            service("web") | service("systemd-web"),
            [WEB, unit("web.service")],
            {"systemd-web": ["systemd-web"], "web": ["web.service"]},
        ),
        (
            service("site", container="systemd-web") | service("web"),
            [WEB, unit("web.service")],
            {"site": ["systemd-web"], "web": ["web.service"]},
        ),
        # The container is called as the service is.
        (service("web"), [podman("web", "web.service"), unit("web.service")], {"web": ["web", "web.service"]}),
        # Several of one kube file.
        (service("pod"), [podman("a", "pod.service"), podman("b", "pod.service")], {"pod": ["a", "b"]}),
        # Nobody expects them: they are one all the same.
        ({}, [WEB, unit("web.service")], {"web.service": ["systemd-web", "web.service"]}),
        ({}, [WEB], {"systemd-web": ["systemd-web"]}),
    ],
)
def test_a_unit_and_the_container_that_it_runs_are_one_service(
    services: dict[str, DesiredService], seen: list[Sighting], named: dict[str, list[str]]
) -> None:
    identified = identify(services, seen).services
    assert {name: [sighting.name for sighting in group] for name, group in identified.items()} == named


BLOG = container("blog-db-1", "blog", "db")


@pytest.mark.parametrize(
    ("services", "seen", "ambiguous"),
    [
        (service("db"), [DB, BLOG], {"db": ("blog/db", "media/db")}),
        (service("db"), [DB], {}),
        # There is something of just that name.
        (service("db"), [DB, BLOG, container("db")], {}),
        (service("db"), [DB, BLOG, unit("db.service")], {}),
        (service("db", container="blog-db-1"), [DB, BLOG], {}),
        (service("db") | service("blog/db") | service("media/db"), [DB, BLOG], {}),
        (service("other"), [DB, BLOG], {}),
    ],
)
def test_a_bare_name_that_could_be_two_is_said_to_be(
    services: dict[str, DesiredService], seen: list[Sighting], ambiguous: dict[str, tuple[str, ...]]
) -> None:
    for order in (seen, seen[::-1]):
        assert identify(services, order).ambiguous == ambiguous


NAMES = st.text("ab/. \n", max_size=4)


@given(
    st.lists(st.builds(container, NAMES, NAMES, NAMES, replica=st.sampled_from(["", "1", "2"])), max_size=6),
    st.lists(st.builds(DesiredService, NAMES, st.just(""), st.just(1), container=st.none() | NAMES), max_size=4),
    st.randoms(use_true_random=False),
)
def test_the_order_never_counts_and_no_sighting_is_two_services(
    seen: list[Sighting], declared: list[DesiredService], chance: object
) -> None:
    services = {service.name: service for service in declared}
    shuffled = list(seen)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    identified, again = (identify(services, order).services for order in (seen, shuffled))
    assert list(identified) == sorted(identified)
    assert {name: sorted(sighting.name for sighting in group) for name, group in again.items()} == {
        name: sorted(sighting.name for sighting in group) for name, group in identified.items()
    }
    for name, group in identified.items():
        for sighting in group:
            others = [other for other, members in identified.items() if other != name and sighting in members]
            # Only where the inventory itself says that one container is two services.
            assert all(services[other].container == sighting.name for other in (name, *others) if others)
