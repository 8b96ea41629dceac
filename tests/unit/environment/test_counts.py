"""How many environments are in which status."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from controller.api.environment import FINALIZER
from controller.apimachinery.objects import Object
from controller.environment import counts
from controller.environment.counts import Counts
from tests.unit.environment.support.builders import environment


def count(*environments: Object) -> Counts:
    """What the cache makes of the index, for these environments."""
    return counts.of(Counter(value for obj in environments for value in counts.index(obj)))


def present(counted: Counts) -> dict[str, int]:
    return {status: number for status, number in counted.by_status.items() if number}


def test_environments_are_counted_by_their_status_and_new_ones_are_pending() -> None:
    found = [environment(status={"applicationStatus": state}) for state in ("deployed", "failed", "deployed")]
    assert present(count(*found, environment())) == {"deployed": 2, "failed": 1, "pending": 1}


@pytest.mark.parametrize(
    ("status", "counted"),
    [
        (None, "pending"),
        ("text", "pending"),
        ({"applicationStatus": None}, "pending"),
        ({"applicationStatus": 7}, "pending"),
        ({"applicationStatus": "of a later version"}, "of a later version"),
        ({"conditions": [{"type": "Stalled", "status": "False"}, "odd", None]}, "pending"),
    ],
)
def test_each_environment_counts_once_whatever_its_status_holds(status: Any, counted: str) -> None:
    found = count({**environment(), "status": status})
    assert present(found) == {counted: 1}
    assert not any(found.abnormal.values())


def test_an_environment_that_only_others_hold_is_not_counted() -> None:
    status = {"applicationStatus": "uninstalling"}
    ours = environment(deleting=True, finalizers=[FINALIZER, "others"], status=status)
    theirs = environment(deleting=True, finalizers=["others"], status=status)
    assert present(count(ours, theirs)) == {"uninstalling": 1}


def test_each_true_condition_that_shows_a_problem_is_counted() -> None:
    stalled = {"type": "Stalled", "status": "True"}
    contested = {"type": "Contested", "status": "True"}
    odd = {"type": "TeardownBlocked", "status": "False"}
    found = [
        environment(status={"conditions": [stalled, contested]}),
        environment(status={"conditions": [stalled, odd]}),
    ]
    assert count(*found, environment()).abnormal == {"Contested": 1, "Stalled": 2, "TeardownBlocked": 0}


def test_an_environment_without_all_shared_resources_is_counted() -> None:
    lacking = environment(status={"conditions": [{"type": "ResourcesReady", "status": "Unknown"}]})
    complete = environment(status={"conditions": [{"type": "ResourcesReady", "status": "True"}]})
    assert count(lacking, complete, environment()).lacking_resources == 1


def test_an_environment_that_cannot_be_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "Environment", lambda obj: obj["no such field"])
    assert counts.index(environment()) == []
