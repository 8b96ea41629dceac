"""What is a difference to what we applied, and what is only the API server's way to write it down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.environment.resources.likeness import holds


@pytest.mark.parametrize(
    ("live", "applied"),
    [
        ({"a": "1", "b": "2"}, {"a": "1"}),
        ({"ports": [{"port": 80, "protocol": "TCP"}]}, {"ports": [{"port": 80}]}),
        ({"cpu": "4"}, {"cpu": 4}),
        ({"cpu": "1"}, {"cpu": "1000m"}),
        ({"memory": "1Gi"}, {"memory": "1024Mi"}),
        ({"memory": "1M"}, {"memory": "1000k"}),
        ({}, {"labels": {}, "list": [], "text": "", "off": False, "none": None, "zero": 0}),
        ({}, {"nested": {"empty": None}}),
        ({"on": True}, {"on": True}),
    ],
)
def test_additions_and_rewrites_by_the_server_do_not_count_as_differences(live, applied):
    assert holds(live, applied)


@pytest.mark.parametrize(
    ("live", "applied"),
    [
        (None, {"a": "1"}),
        ({}, {"a": "1"}),
        ({"a": "2"}, {"a": "1"}),
        ({"a": None}, {"a": True}),
        ({"a": 1}, {"a": True}),
        ({"a": "true"}, {"a": True}),
        ({"cpu": "2"}, {"cpu": "1000m"}),
        ({"memory": "1Gi"}, {"memory": "1G"}),
        ({"list": ["a", "b"]}, {"list": ["a"]}),
        ({"list": ["b", "a"]}, {"list": ["a", "b"]}),
        ({"list": ["a"]}, {"list": []}),
        ({"list": {"a": 1}}, {"list": ["a"]}),
        ({"a": {"b": 1}}, {"a": "b"}),
        ({"a": "b"}, {"a": {"b": 1}}),
    ],
)
def test_every_other_change_counts_as_a_difference(live, applied):
    assert not holds(live, applied)


_TEXTS = st.text(max_size=4)
_SCALARS = st.none() | st.booleans() | st.integers() | _TEXTS
_VALUES = st.recursive(
    _SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(_TEXTS, v, max_size=3), max_leaves=10
)


def _defaulted(value):
    """As a server stores it that adds a field to every mapping, and leaves out what is null."""
    if isinstance(value, dict):
        kept = {key: _defaulted(item) for key, item in value.items() if item is not None}
        return kept | {"a default": "Always"}
    if isinstance(value, list):
        return [_defaulted(item) for item in value]
    return value


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_an_object_stored_as_applied_has_no_difference(applied):
    assert holds(applied, applied)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_defaults_and_omitted_nulls_at_any_depth_do_not_count_as_differences(applied):
    assert holds(_defaulted(applied), applied)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=3))
def test_a_changed_text_counts_as_a_difference_at_any_place(applied):
    assert not holds({"outer": [{**applied, "text": "theirs"}]}, {"outer": [{**applied, "text": "ours"}]})
