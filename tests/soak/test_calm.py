"""At rest, each environment is as its author asked; what is not is named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENT_LABEL
from hack.soak import marks
from hack.soak.calm import World, differences
from tests.soak.histories import NAME, adoptable, environment, namespace, release, stored

PAST, FUTURE = "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"


def world(**changes: Any) -> World:
    good: dict[str, Any] = {
        "environments": [environment(status="deployed")],
        "namespaces": {NAME: namespace()},
        "releases": {NAME: [release()]},
        "stored": {NAME: [stored()]},
        "shared": {NAME: "7"},
        "now": datetime(2026, 1, 2, tzinfo=UTC),
        "limit": 1,
        "shared_version": "7",
    }
    return World(**good | changes)


def changed(status: str = "deployed", **spec: Any) -> dict[str, Any]:
    obj = environment(status=status)
    obj["spec"] |= spec
    return obj


def expired(ends: str = PAST, **spec: Any) -> dict[str, Any]:
    obj = changed("expired", **{"lifecycle": {"expireAfter": "1h"}} | spec)
    obj["status"]["expiresAt"] = ends
    return obj


NOTHING: dict[str, Any] = {"namespaces": {}, "releases": {}, "stored": {}, "shared": {}}
WELL = {
    "deployed": world(),
    "suspended": world(environments=[changed("suspended", suspend=True)]),
    "expired beside others": world(environments=[expired()], **NOTHING | {"namespaces": {NAME: namespace(ours=False)}}),
    "suspended beside others": world(
        environments=[changed("suspended", suspend=True)], namespaces={NAME: namespace(ours=False)}
    ),
    "expired": world(environments=[expired()], **NOTHING),
    "closed": world(environments=[], **NOTHING),
    "queued": world(environments=[environment(status="deployed"), environment("pr-2", status="queued")]),
}
WRONG = {
    "is closed, and its namespace is left": world(environments=[]),
    "is closed, and still there": world(environments=[environment(deletionTimestamp=PAST)]),
    "a release is left in its namespace": world(environments=[], namespaces={NAME: adoptable()}),
    "was not seen": world(environments=[environment(status="deployed", generation=2)]),
    "has a namespace of others": world(namespaces={NAME: namespace(ours=False)}),
    "waits for a place, and 1 of 2 are taken": world(
        environments=[environment(status="deployed"), environment("pr-2", status="queued")], limit=2
    ),
    "is expired, and its namespace is left": world(environments=[expired()], releases={}, stored={}),
    "is expired, and a release is left": world(environments=[expired()], namespaces={}),
    "is expired, and its lifetime ends at": world(environments=[expired(FUTURE)], **NOTHING),
    "is expired, and should live": world(environments=[expired(lifecycle={})], **NOTHING),
    "is suspended, and the status says deployed": world(environments=[changed(suspend=True)]),
    "should have expired": world(
        environments=[expired() | {"status": expired()["status"] | {"applicationStatus": "x"}}]
    ),
    "should be deployed, and the status says failed": world(environments=[environment(status="failed")]),
    "has no namespace": world(namespaces={}),
    "should have the release web, and has ['web', 'shop']": world(releases={NAME: [release(), release("shop")]}),
    "should have the release web, and has []": world(releases={}),
    "should have the tag 1, and its release has 2": world(releases={NAME: [release(tag="2")]}),
    "should have web installed": world(stored={NAME: [stored(), stored("shop")]}),
    "should have version 7 of the shared object, and has None": world(shared={}),
    "the label cost of the namespace is None, not red": world(environments=[changed(namespaceLabels={"cost": "red"})]),
    "the namespace still has the label team": world(
        namespaces={NAME: namespace(labels={ENVIRONMENT_LABEL: NAME, marks.TEAM: "red"})}
    ),
}


@pytest.mark.parametrize("name", WELL)
def test_what_is_in_order_shows_no_difference(name):
    assert differences(WELL[name]) == []


def test_each_thing_that_is_wrong_is_named():
    for words, wrong in WRONG.items():
        assert any(words in text for text in differences(wrong)), f"{words!r} is not in {differences(wrong)}"
