"""How deep values are nested, and which of them are refused. A value of any depth can be examined."""

import json

import pytest

from controller.apimachinery.findings import Finding
from controller.apimachinery.nesting import LIMIT, Unreadable, faults, is_plain, levels

FLATTEN = "reduce the nesting to at most 100 levels"


def nested(depth, inner=1):
    for _ in range(depth):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("value", "depth"),
    [
        (1, 0),
        ("[[", 0),
        ({}, 1),
        ([], 1),
        ({"a": [1, {"b": 2}], "c": {}}, 3),
        (nested(100_000), 100_000),
        ([Unreadable("nested 1500 levels deep", 1500), nested(5)], 1501),
        ([Unreadable("a number that is too large"), nested(5)], 6),
        (Unreadable("nested 3 levels deep", 3), 3),
    ],
)
def test_levels_are_those_of_the_deepest_part(value, depth):
    assert levels(value) == depth


def test_a_value_within_the_limit_has_no_fault():
    assert list(faults(nested(LIMIT))) == []
    assert list(faults([*range(10_000), "x" * 1_000_000, None, True])) == []


@pytest.mark.parametrize("depth", [LIMIT + 1, 128, 1500, 100_000])
def test_a_value_nested_too_deep_is_one_fault_with_its_whole_depth(depth):
    [fault] = faults({"before": {}, "deep": nested(depth - 1), "after": []})
    assert fault == Finding(path=("deep", *"a" * (LIMIT - 1)), message=f"nested {depth} levels deep", remedy=FLATTEN)


def test_each_unreadable_value_is_a_fault_in_the_order_of_the_document():
    deep, number = Unreadable("nested 1400 levels deep", 1400), Unreadable("a number that is too large")
    assert list(faults({"a": [1, number], "b": {"c": deep}})) == [
        Finding(
            path=("a", 1), message="a number that is too large", remedy="use a smaller number, or put it into quotes"
        ),
        Finding(path=("b", "c"), message="nested 1402 levels deep", remedy=FLATTEN),
    ]


def test_a_value_is_plain_if_it_is_readable_and_not_too_deep():
    assert is_plain(nested(3), 3)
    assert not is_plain(nested(4), 3)
    assert not is_plain({"a": Unreadable("a number that is too large")}, 3)


def test_every_serializer_refuses_an_unreadable_value():
    with pytest.raises(TypeError):
        json.dumps({"a": Unreadable("a number that is too large")})
