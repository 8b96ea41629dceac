"""Comparing resourceVersions."""

from __future__ import annotations

import pytest

from controller.cache.versions import NotComparable, compare, is_older


@pytest.mark.promise("store")
@pytest.mark.parametrize(
    ("left", "right", "want"),
    [
        ("1", "1", 0),
        ("1", "2", -1),
        ("2", "1", 1),
        ("9", "10", -1),
        ("100", "99", 1),
        ("123456789012345678901234567890", "123456789012345678901234567891", -1),
    ],
)
def test_versions_compare_as_numbers_of_any_size(left: str, right: str, want: int) -> None:
    assert compare(left, right) == want
    assert is_older(left, right) == (want < 0)


@pytest.mark.promise("store")
@pytest.mark.parametrize("odd", ["", "0", "01", "-1", "1.5", "abc", " 1", "١"])
def test_versions_that_are_not_numbers_cannot_be_compared(odd: str) -> None:
    for pair in ((odd, "5"), ("5", odd)):
        with pytest.raises(NotComparable):
            compare(*pair)
        assert not is_older(*pair)
