"""The check of words to avoid: what it counts, and that counts only fall."""

from __future__ import annotations

import pytest

from hack.words import WORDS, Word, complaints, found

TELL = Word("tell", "tells?|told|telling", 1)
IS_NO = next(word for word in WORDS if word.name == "is no")


@pytest.mark.parametrize(
    "text",
    ["It tells why.", "def test_a_failure_is_told_once():", "what the handlers\nare told"],
)
def test_a_word_is_found_in_text_and_in_names(text: str) -> None:
    assert found(text, TELL) == 1


@pytest.mark.parametrize("text", ["the Intel chip", "untold", "retelling", "a storyteller"])
def test_a_part_of_another_word_does_not_count(text: str) -> None:
    assert found(text, TELL) == 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("A refusal is no answer.", 1),
        ("# A refusal is\n    # no answer.", 1),
        ("There is no answer.", 0),
        ("It is no longer there.", 0),
        ("It is no more than one.", 0),
    ],
)
def test_only_the_unusual_form_of_is_no_counts(text: str, count: int) -> None:
    assert found(text, IS_NO) == count


def test_more_than_the_limit_is_reported_with_its_places() -> None:
    (complaint,) = complaints({"a.py": "tell tell", "b.md": "told", "c.md": "said"}, (TELL,))

    assert complaint == "'tell' occurs 3 times, and 1 are allowed: a.py (2), b.md (1)"


def test_fewer_than_the_limit_asks_for_a_lower_limit() -> None:
    (complaint,) = complaints({"a.py": ""}, (TELL,))

    assert "lower its limit" in complaint


def test_exactly_the_limit_is_accepted() -> None:
    assert not list(complaints({"a.py": "told"}, (TELL,)))
