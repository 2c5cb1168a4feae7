"""The text of a draft reads as what it says, in YAML 1.2 and in YAML 1.1."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from supervisor.draft.services import DisabledReason, Draft, DraftService, OneshotReason
from supervisor.draft.write import draft_text, scalar
from supervisor.files.inventory.load import load_inventory
from supervisor.files.names import name_fault

WORDS_OF_YAML_1_1 = (
    *("on", "off", "On", "OFF", "yes", "no", "Yes", "NO", "y", "n", "Y", "N", "true", "False", "null", "Null", "~"),
    *("=", "<<", "0b101", "0b1_0", "0755", "0o7", "0x1F", "8080", "1_000", "+1", "-1", "22:22", "1:30:00"),
    *("190:20:30.15", "1.5", "1e3", "1.5e+3", ".inf", "-.INF", ".nan", "_", "_1", "-", "2026-01-01"),
    *("2026-01-01T10:00:00Z", "2001-12-14t21:59:43.10-05:00", "a#b", "&a", "*a", "!a", "é", "|", ">", "%", "@", "`"),
    *("{a}", "[a]", ",", "?"),
)

names = st.one_of(
    st.sampled_from(["web", "media/db", '"', "\\", '"' * 200, "\\" * 200, *WORDS_OF_YAML_1_1]),
    st.text(min_size=1, max_size=20).filter(lambda text: name_fault(text) is None),
    # What numbers, dates and words of YAML are made of.
    st.text(alphabet="0123456789+-._:eExXobnNyYtTzZ~=<", min_size=1, max_size=12).filter(
        lambda text: name_fault(text) is None
    ),
)
texts = st.none() | names | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
services = st.builds(
    DraftService,
    names,
    texts,
    texts,
    texts,
    st.lists(names, max_size=3).map(tuple),
    st.none() | st.sampled_from(OneshotReason),
    st.none() | st.sampled_from(DisabledReason),
)


@given(
    drafted=st.lists(services, unique_by=lambda service: service.name),
    remark=st.text(max_size=20) | st.just("a depends on x\nservices: {y: }"),
)
def test_a_draft_reads_as_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, drafted: list[DraftService], remark: str
) -> None:
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "nas").mkdir()
    text = draft_text(Draft(tuple(drafted), (remark,)), f"some{remark}where")
    (folder / "nas" / "services.yaml").write_text(text)
    loaded = load_inventory(str(folder), 1 << 20)
    unexpected = [p for p in loaded.problems if not {"depends", "container", "unit"} & set(p.message.split())]
    assert unexpected == []
    node = loaded.value.nodes["nas"]
    read = {
        name: (service.oneshot, service.enabled, {mention.text for mention in service.depends_on})
        for name, service in node.services.items()
    }
    assert read == {
        service.name: (service.oneshot is not None, service.disabled is None, set(service.depends_on))
        for service in drafted
    }


@given(drafted=st.lists(services, unique_by=lambda service: service.name))
@example([DraftService(name, image=name, depends_on=(name,)) for name in WORDS_OF_YAML_1_1])
def test_a_draft_reads_the_same_in_yaml_1_1(drafted: list[DraftService]) -> None:
    read = yaml.safe_load(draft_text(Draft(tuple(drafted)), "somewhere"))["services"]
    assert read == {
        service.name: {
            key: value
            for key, value in (
                ("image", service.image),
                ("container", service.container),
                ("unit", service.unit),
                ("depends_on", list(service.depends_on) or None),
                ("oneshot", True if service.oneshot else None),
                ("enabled", False if service.disabled else None),
            )
            if value is not None
        }
        or None
        for service in drafted
    }


@pytest.mark.parametrize("text", [word for word in WORDS_OF_YAML_1_1 if word not in ("_", "_1")])
def test_a_word_that_some_yaml_takes_for_something_else_is_quoted(text: str) -> None:
    assert scalar(text) == f'"{text}"'


@pytest.mark.parametrize("text", ["web", "media/db", "_1", "onward", "No-op", "x0b101", "/dev/sda"])
def test_an_ordinary_word_stays_as_it_is(text: str) -> None:
    assert scalar(text) == text


def test_a_draft_without_services_is_an_empty_mapping_and_every_draft_shows_where_an_address_goes() -> None:
    text = draft_text(Draft(), "nothing")
    assert text.splitlines()[1].startswith("# node: {address: ")
    assert text.endswith("\nservices: {}\n")
