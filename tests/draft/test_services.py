"""Drafts as values: every guess is said, and drafts that are joined keep what either knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supervisor.draft.services import DisabledReason, Draft, DraftService, OneshotReason, join


def test_every_guess_has_its_note_and_what_is_certain_has_none() -> None:
    services = (
        DraftService("job", oneshot=OneshotReason.NO_RESTART),
        DraftService("migrate", oneshot=OneshotReason.WAITED_FOR),
        DraftService("tool", disabled=DisabledReason.PROFILE),
        DraftService("web", disabled=DisabledReason.NO_REPLICAS),
    )
    assert Draft(services, ("a remark",)).notes == (
        "a remark",
        'job has restart: "no", so it is taken for a oneshot',
        "tool is in a profile, so it is not expected (enabled: false)",
        "web has no replicas, so it is not expected (enabled: false)",
    )


def test_a_service_of_several_drafts_has_what_any_of_them_knows() -> None:
    first = Draft((DraftService("web", image="a", depends_on=("db",)),), ("n",))
    second = Draft(
        (DraftService("web", image="b", container="front", depends_on=("a",)), DraftService("db")), ("n", "m")
    )
    web = DraftService("web", image="a", container="front", depends_on=("a", "db"))
    assert join([first, second]) == Draft((DraftService("db"), web), ("n", "m"))


def test_what_was_seen_completed_is_a_oneshot_whatever_the_files_say() -> None:
    files = Draft((DraftService("init", image="i"),))
    seen = Draft((DraftService("init", oneshot=OneshotReason.COMPLETED),))
    for drafts in ([files, seen], [seen, files]):
        assert join(drafts).services == (DraftService("init", image="i", oneshot=OneshotReason.COMPLETED),)


@pytest.mark.parametrize(
    ("drafted", "note"),
    [
        (DraftService("tool", disabled=DisabledReason.PROFILE), "tool is in a profile, and it runs"),
        (DraftService("tool", oneshot=OneshotReason.PROFILE), "tool is in a profile, and it runs"),
        (DraftService("tool", disabled=DisabledReason.NO_REPLICAS), "tool has no replicas, and it runs"),
    ],
)
def test_what_was_seen_running_is_expected_and_that_is_said(drafted: DraftService, note: str) -> None:
    joined = join([Draft((drafted,)), Draft((DraftService("tool", running=True),))])
    assert joined.services == (replace(drafted, disabled=None, oneshot=None, running=True),)
    assert joined.notes == (note,)


def test_what_never_restarts_and_runs_stays_a_oneshot_with_a_question() -> None:
    joined = join(
        [
            Draft((DraftService("wifi", oneshot=OneshotReason.NO_RESTART),)),
            Draft((DraftService("wifi", running=True),)),
        ]
    )
    assert joined.notes == ('wifi has restart: "no", so it is taken for a oneshot; it runs: is it to run always?',)
