"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery.durations import parse, render


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300ms", 0.3),
        ("10s", 10),
        ("1m30s", 90),
        ("2h", 7200),
        ("1.5h", 5400),
        ("5", 5),
        ("0", 0),
        ("7d", 604800),
        ("1d12h", 129600),
        (" 2s ", 2),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_as_seconds(text, seconds):
    assert parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "ten", "10 s", "10w", "1h-5m", "10s!", "10sx", "x10s", "1m 30s"])
def test_an_invalid_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match=r"is not a valid duration: write, for example, 300ms, 10s, 1m30s, 2h or 7d"):
        parse(text)


@pytest.mark.parametrize("text", ["-1", "inf", "nan", "1e999"])
def test_a_negative_or_infinite_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a valid duration"):
        parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.3, "300ms"),
        (10, "10s"),
        (90, "90s"),
        (120, "2m"),
        (7200, "2h"),
        (0, "0s"),
        (1.5, "1.5s"),
        (1234567, "1234567s"),
        (99999 * 86400, "2399976h"),
    ],
)
def test_seconds_are_shown_shortly(seconds, text):
    assert render(seconds) == text


@given(st.integers(0, 10**14).map(lambda milliseconds: milliseconds / 1000))
def test_a_shown_duration_can_be_read_again(seconds):
    assert parse(render(seconds)) == pytest.approx(seconds, rel=1e-12)
