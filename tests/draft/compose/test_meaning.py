"""What a project's services are for an inventory."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.draft.compose.meaning import ResolvedProject, draft_of, project_name
from supervisor.draft.services import DisabledReason, DraftService, OneshotReason

WAITED = {"condition": "service_completed_successfully"}


def drafted(fields: dict[str, Any], *, active: bool = True) -> DraftService:
    """The service ``web`` with these fields, beside the services db and cache."""
    services = {"web": fields, "db": {}, "cache": {}}
    draft = draft_of(ResolvedProject("media", services, frozenset(services if active else ("db", "cache"))))
    return next(service for service in draft.services if service.name == "media/web")


@pytest.mark.parametrize(
    ("fields", "active", "oneshot", "disabled"),
    [
        ({}, True, None, None),
        ({"restart": "no"}, True, OneshotReason.NO_RESTART, None),
        ({"restart": False}, True, OneshotReason.NO_RESTART, None),
        ({"restart": "always"}, True, None, None),
        ({"deploy": {"restart_policy": {"condition": "none"}}}, True, OneshotReason.NO_RESTART_POLICY, None),
        ({"deploy": {"restart_policy": {"condition": "any"}}}, True, None, None),
        ({"restart": "always", "deploy": {"restart_policy": {"condition": "none"}}}, True, None, None),
        ({"scale": 0}, True, None, DisabledReason.NO_REPLICAS),
        ({"scale": "0"}, True, None, DisabledReason.NO_REPLICAS),
        ({"deploy": {"replicas": 0}}, True, None, DisabledReason.NO_REPLICAS),
        ({}, False, OneshotReason.PROFILE, None),
        ({"restart": "no"}, False, OneshotReason.NO_RESTART, None),
        ({"restart": "unless-stopped"}, False, None, DisabledReason.PROFILE),
        ({"deploy": {"restart_policy": {"condition": "any"}}}, False, None, DisabledReason.PROFILE),
        ({"scale": 0}, False, None, DisabledReason.NO_REPLICAS),
    ],
)
def test_what_is_a_oneshot_and_what_is_not_expected(
    fields: dict[str, Any], active: bool, oneshot: OneshotReason | None, disabled: DisabledReason | None
) -> None:
    service = drafted(fields, active=active)
    assert (service.oneshot, service.disabled) == (oneshot, disabled)


@pytest.mark.parametrize("required", [True, False])
def test_what_is_waited_for_until_it_completes_is_a_oneshot_whether_it_is_required_or_not(required: bool) -> None:
    services: dict[str, dict[str, Any]] = {
        "migrate": {},
        "web": {"depends_on": {"migrate": WAITED | {"required": required}}},
    }
    migrate, web = draft_of(ResolvedProject("", services, frozenset(services))).services
    assert migrate.oneshot is OneshotReason.WAITED_FOR
    assert web.depends_on == (("migrate",) if required else ())


@pytest.mark.parametrize(
    "fields",
    [
        {"depends_on": ["db"]},
        {"depends_on": {"db": {"condition": "service_healthy"}}},
        {"network_mode": "service:db"},
        {"ipc": "service:db"},
        {"pid": "service:db"},
        {"links": ["db:database"]},
        {"volumes_from": ["db:ro", "container:other"]},
    ],
)
def test_a_dependency_in_any_form_is_one(fields: dict[str, Any]) -> None:
    assert drafted(fields).depends_on == ("db",)


def test_what_is_made_by_a_provider_has_no_container_and_is_left_out() -> None:
    services: dict[str, dict[str, Any]] = {"db": {"provider": {"type": "cloud"}}, "web": {"depends_on": ["db"]}}
    draft = draft_of(ResolvedProject("media", services, frozenset(services)))
    assert draft.services == (DraftService("media/web"),)
    assert draft.notes == ("db is made by a provider, so no container is its; left out",)


def test_what_cannot_be_told_is_said() -> None:
    services: dict[str, dict[str, Any]] = {
        "a": {"depends_on": ["elsewhere"], "image": "a:${TAG}"},
        "b": {"network_mode": "container:vpn", "container_name": "${X}-b"},
    }
    assert draft_of(ResolvedProject("${X}", services, frozenset(services))).notes == (
        "the project's name ${X} is a variable, which is kept as text: write down what it stands for",
        "a depends on elsewhere, which none of the files has; left out",
        "a has a variable, which is kept as text",
        "b has the container_name ${X}-b, a variable; left out, its labels tell which it is",
        "b uses the network of container:vpn, which may be a service of another project",
    )


def test_where_variables_are_filled_in_a_dollar_is_a_dollar() -> None:
    project = ResolvedProject("", {"a": {"image": "a$$b"}}, frozenset("a"), interpolated=True)
    draft = draft_of(project)
    assert draft.services == (DraftService("a", image="a$b"),)
    assert draft.notes == ("the project's name '' cannot be a stack's, so the services have none",)


@pytest.mark.parametrize(
    ("folder", "name"), [("media", "media"), ("My Media.d", "mymediad"), ("_x-1_", "x-1_"), ("é", "")]
)
def test_a_folder_s_name_becomes_the_project_s(folder: str, name: str) -> None:
    assert project_name(folder) == name
