"""What every kind of source says of itself, and what follows from that alone."""

from __future__ import annotations

import pytest

from supervisor.core.model.desired import OBSERVER_KEYS, DesiredService
from supervisor.observe.settings import OBSERVER
from supervisor.observe.sources import KINDS, could_have, kind_of, named
from supervisor.observe.sources.source import switch

DOCKER, SYSTEMD = "/run/docker.sock", "systemd"


def service(name: str = "web", container: str | None = None, unit: str | None = None) -> DesiredService:
    return DesiredService(name, "", 1, container=container, unit=unit)


def test_every_kind_has_a_key_of_the_inventory_and_its_settings_are_the_observers() -> None:
    for kind in KINDS:
        assert named(service(), kind) is None
        assert kind.key in OBSERVER_KEYS
        assert set(kind.settings) <= set(OBSERVER.keys)
    assert sorted(kind.key for kind in KINDS) == sorted(OBSERVER_KEYS)
    assert set(OBSERVER_KEYS) <= set(DesiredService._fields)


def test_a_source_belongs_to_one_kind_or_to_none() -> None:
    assert [kind.key for source in (DOCKER, SYSTEMD) if (kind := kind_of(source)) is not None] == ["container", "unit"]
    assert kind_of("carrier pigeons") is None
    for source in (DOCKER, SYSTEMD):
        assert sum(kind.owns(source) for kind in KINDS) == 1


@pytest.mark.parametrize(
    ("declared", "sources"),
    [
        (service(), [DOCKER, SYSTEMD]),
        (service(container="postgres"), [DOCKER]),
        (service(unit="nginx"), [SYSTEMD]),
        (service(container="postgres", unit="nginx"), [DOCKER, SYSTEMD]),
        # No unit can be called so.
        (service("media/db"), [DOCKER]),
    ],
)
def test_which_sources_could_have_a_service(declared: DesiredService, sources: list[str]) -> None:
    assert [source for source in (DOCKER, SYSTEMD, "pigeons") if could_have(source, declared)] == sources


def test_a_switch_is_true_or_false() -> None:
    assert (switch("true"), switch("false")) == (True, False)
    with pytest.raises(ValueError, match="'yes' is neither true nor false"):
        switch("yes")
