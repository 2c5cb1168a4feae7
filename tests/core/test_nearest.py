"""Near misses: the word that was meant, at a bounded price."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.core.nearest import Guesses, did_you_mean


def test_the_nearest_known_word_is_named() -> None:
    assert did_you_mean("jelyfin", ("jellyfin", "traefik")) == "; did you mean jellyfin?"
    assert did_you_mean("xyz", ("jellyfin", "traefik")) == ""


def test_the_first_few_of_many_words_are_compared() -> None:
    guess = Guesses(["jellyfin"])
    assert [bool(guess(f"jellyfin{number}")) for number in range(30)] == [True] * 20 + [False] * 10


def test_among_too_many_nothing_is_looked_for() -> None:
    assert Guesses(f"service-{number}" for number in range(1000))("service-7x") != ""
    assert Guesses(f"service-{number}" for number in range(1001))("service-7x") == ""


def test_what_is_known_is_asked_for_only_where_it_is_needed() -> None:
    def known() -> Iterator[str]:
        asked.append(True)
        yield "web"

    asked: list[bool] = []
    guess = Guesses(known())
    assert asked == []
    assert guess("wep") == guess("wep") == ""
    assert asked == [True]
