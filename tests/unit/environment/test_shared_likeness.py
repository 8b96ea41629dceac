"""What is a difference to what we applied, and what is only the API server's way to write it down."""

import pytest

from controller.environment.shared.likeness import holds


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
def test_what_the_server_adds_rewrites_or_leaves_out_is_no_difference(live, applied):
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
def test_everything_else_is_one(live, applied):
    assert not holds(live, applied)
