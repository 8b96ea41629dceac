"""Any body gives a decision or a BodyError, and never another exception."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.pipeline.webhooks import BodyError, Rules
from tests.unit.pipeline.webhooks.payloads import LABEL, ask, gitea, github, gitlab, labels_changed

RULES = Rules(fork_label=LABEL, skip_bots=True)
NONSENSE = (None, True, 0, -1, 10**30, 1.5, "", "x", "\n", "\ud800", "2026-13-45", [], {}, [None], [{}], {"id": None})
BODIES = {
    "github": github("labeled", fork=True, labels=[LABEL], label=LABEL),
    "github edited": {**github("edited"), "changes": {"base": {"ref": {"from": "main"}}}},
    "gitea": gitea(
        "label_updated", fork=True, labels=[LABEL], label=LABEL, changes={"added_labels": [{"name": LABEL}]}
    ),
    "gitea edited": gitea("edited", changes={"title": {"from": "WIP: x"}, "ref": {"from": "main"}}),
    "gitlab by title": gitlab("update", changes={"title": {"previous": "Draft: x", "current": "x"}}),
    "gitlab": gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL]), pushed=True),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def paths(value, path=()):
    """Yield the path of every value in a body."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def with_value(body, path, value):
    copied = copy.deepcopy(body)
    where = copied
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value
    return copied


def answer(body, **options):
    """Return the reason of the decision, or the error. It must be one printable line."""
    try:
        said = ask(body, rules=RULES, **options).reason
    except BodyError as error:
        said = str(error)
    assert said
    assert said.isprintable()
    return said


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_nonsense_in_any_field_gives_a_decision_or_an_error(body):
    for path in paths(body):
        for value in NONSENSE:
            answer(with_value(body, path, value))


@given(body=st.dictionaries(st.text(max_size=8), JSON, max_size=4), event=st.sampled_from(["", "pull_request"]))
def test_any_json_body_gives_a_decision_or_an_error(body, event):
    answer(body, event=event)


@given(attributes=JSON, kind=st.sampled_from(["merge_request", "push"]))
def test_any_json_attributes_give_a_decision_or_an_error(attributes, kind):
    answer({"object_kind": kind, "object_attributes": attributes})


@given(raw=st.binary(max_size=64))
def test_any_bytes_give_a_decision_or_an_error(raw):
    answer(raw)
    answer(b"payload=" + raw)
