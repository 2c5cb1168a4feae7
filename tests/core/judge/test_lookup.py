"""What somebody means who writes a subject short, and hints that cost what can be afforded."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.judge.lookup import compared, look_up, look_up_in, near_subject, subjects_of
from tests.core.homelab import judged

HOSTS = {
    "nas": "services: {web: , traefik: , media/postgres: , off: {enabled: false}, bad: {critical: 5}}",
    "nuc": "services: {web: , cache: , nas: }",
    "lost": "services: [",
}
INCIDENT = {"id": "INC-9", "title": "slow", "status": "active"}
WORLD = {"w.json": {"services": {"nas": {"web": "ok", "stray": "ok"}, "nuc": {"web": "ok"}}, "incidents": [INCIDENT]}}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("service:nas/web", ["service:nas/web"]),
        ("nas", ["node:nas"]),
        ("nas/web", ["service:nas/web"]),
        ("nas/media/postgres", ["service:nas/media/postgres"]),
        ("INC-9", ["incident:INC-9"]),
        ("traefik", ["service:nas/traefik"]),
        ("media/postgres", ["service:nas/media/postgres"]),
        ("off", ["service:nas/off"]),
        ("bad", ["service:nas/bad"]),
        ("stray", ["service:nas/stray"]),
        ("web", ["service:nas/web", "service:nuc/web"]),
        ("nuc/nas", ["service:nuc/nas"]),
        ("lost/anything", ["service:lost/anything"]),
        ("world", ["input:world"]),
        ("hosts/lost/services.yaml", ["input:hosts/lost/services.yaml"]),
        ("postgres", []),
        ("NAS", []),
        ("/", []),
        ("", []),
    ],
)
def test_a_subject_may_be_written_short(tmp_path: Path, text: str, meant: list[str]) -> None:
    assert list(look_up_in(judged(tmp_path, HOSTS, WORLD), text)) == meant


def test_a_fingerprint_means_its_subject(tmp_path: Path) -> None:
    judgement = judged(tmp_path, HOSTS, WORLD)
    assert {look_up_in(judgement, recommendation.fingerprint) for recommendation in judgement.recommendations} == {
        (str(recommendation.subject),) for recommendation in judgement.recommendations
    }


def test_a_service_of_that_name_comes_before_an_input() -> None:
    known = {"service:nas/world", "input:world"}
    assert look_up("world", known, {}, known.__contains__) == ("service:nas/world",)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("NAS", "; did you mean node:nas?"),
        ("node:NAS", "; did you mean node:nas?"),
        ("nas/trafik", "; did you mean service:nas/traefik?"),
        ("trafik", "; did you mean service:nas/traefik?"),
        ("service:nas/trafik", "; did you mean service:nas/traefik?"),
        ("postgress", "; did you mean service:nas/media/postgres?"),
        ("wweb", "; did you mean service:nas/web or service:nuc/web?"),
        ("inc-9", "; did you mean incident:INC-9?"),
        ("incident:inc-8", "; did you mean incident:INC-9?"),
        ("/", ""),
        ("", ""),
        ("service:", ""),
        ("nothing-like-it", ""),
        ("nas/traefik" * 20, ""),
    ],
)
def test_a_hint_ignores_case_and_prefixes(tmp_path: Path, text: str, hint: str) -> None:
    assert near_subject(text, subjects_of(judged(tmp_path, HOSTS, WORLD))) == hint


def test_among_many_subjects_few_are_compared() -> None:
    words = [f"node{number:05}/service" for number in range(100_000)]
    assert compared("node00042/sevice", words) == []
    assert len(compared("x", words)) == 0
    assert len(compared("zigbee", [*words, "zigbe2mqtt", "zigbe"])) == 1
    assert len(compared("anything", words[:1000])) == 1000


def test_case_is_seen_through_among_many_subjects_too() -> None:
    subjects = [f"service:node{number:05}/web" for number in range(5_000)]
    assert near_subject("NODE00042/WEB", subjects) == "; did you mean service:node00042/web?"
