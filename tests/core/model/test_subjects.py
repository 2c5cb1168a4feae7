"""Subjects: each has one text, which leads back to it."""

from __future__ import annotations

import pytest

from supervisor.core.model.subjects import IncidentRef, InputRef, NodeRef, ServiceRef, Subject, parse_subject


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (NodeRef("nas"), "node:nas"),
        (ServiceRef("nas", "media/db"), "service:nas/media/db"),
        (IncidentRef("INC-1"), "incident:INC-1"),
        (InputRef("hosts/nas/services.yaml"), "input:hosts/nas/services.yaml"),
    ],
)
def test_a_subject_is_the_text_that_it_is_parsed_from(subject: Subject, text: str) -> None:
    assert str(subject) == text
    assert parse_subject(text) == subject


@pytest.mark.parametrize("text", ["", "nas", "node:", "service:nas", "service:nas/", "service:/web", "pod:web"])
def test_what_has_not_the_form_of_a_subject_is_none(text: str) -> None:
    assert parse_subject(text) is None
