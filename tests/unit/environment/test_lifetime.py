"""How long an environment lives: what limits it, what counts as activity, and what the status says about it."""

import math
from datetime import timedelta

import pytest

from controller.api.environment import ACTIVE_AT_ANNOTATION, EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION, Environment
from controller.apimachinery.timestamps import to_time
from controller.environment import lifetime
from tests.unit.environment.support.builders import NOW, ago, environment, operator_options

HOUR = 3600.0
DAY = 24 * HOUR


def _of(options=None, *, now=NOW, keep="", active_at="", expire_at="", seen=None, **changes):
    """The lifetime by these options. `seen`: what the status records besides the generation."""
    annotations = {KEEP_ANNOTATION: keep, ACTIVE_AT_ANNOTATION: active_at, EXPIRE_AT_ANNOTATION: expire_at}
    status = None if seen is None else {"observedGeneration": 1, **seen}
    obj = environment(annotations={k: v for k, v in annotations.items() if v}, status=status, **changes)
    return lifetime.of(Environment(obj), operator_options(**(options or {})), now)


@pytest.mark.parametrize(
    ("wanted", "default", "most", "seconds", "limited_by"),
    [
        ("", 0, 0, None, ""),
        ("never", 0, 0, None, ""),
        ("never", DAY, 0, None, ""),
        ("", DAY, 0, DAY, "--expire-after"),
        ("36h", 0, 0, 36 * HOUR, "spec.lifecycle.expireAfter"),
        ("7d", DAY, 0, 7 * DAY, "spec.lifecycle.expireAfter"),
        ("1d12h", DAY, 0, 36 * HOUR, "spec.lifecycle.expireAfter"),
        ("36h", DAY, 2 * DAY, 36 * HOUR, "spec.lifecycle.expireAfter"),
        ("7d", DAY, 2 * DAY, 2 * DAY, "--expire-after-max"),
        ("never", DAY, 2 * DAY, 2 * DAY, "--expire-after-max"),
        ("", 7 * DAY, 2 * DAY, 2 * DAY, "--expire-after-max"),
        ("", 0, 2 * DAY, 2 * DAY, "--expire-after-max"),
        # Nothing ends because of a typing error, which the policy refuses.
        ("soon", DAY, 0, None, ""),
        ("99999d99999d99999d99999d", DAY, 0, None, ""),
        ("", 1e15, 0, None, ""),
    ],
)
def test_the_spec_the_default_and_the_maximum_limit_a_lifetime(wanted, default, most, seconds, limited_by):
    found = _of({"expire_after": default, "expire_after_max": most}, expire_after=wanted)

    assert (found and (found.seconds, found.limited_by)) == (seconds and (seconds, limited_by))


ONE_HOUR = {"expire_after": HOUR}


@pytest.mark.parametrize(
    ("seen", "changes", "activity"),
    [
        (None, {}, 0),
        # Recorded by a controller without expiry, or before the restored backup was made.
        ({}, {}, 0),
        ({"lastActivityTime": ago(50)}, {}, 50),
        ({"lastActivityTime": ago(-50)}, {}, 0),
        ({"lastActivityTime": "yesterday"}, {}, 0),
        ({"lastActivityTime": ago(50)}, {"generation": 2}, 0),
        ({"lastActivityTime": ago(50)}, {"active_at": "noon"}, 0),
        ({"lastActivityTime": ago(50), "lastHandledActiveAt": "noon"}, {"active_at": "noon"}, 50),
        ({"lastActivityTime": ago(50), "lastHandledActiveAt": "noon"}, {"active_at": "one"}, 0),
        # Only another value is a sign, as with reconcile-at.
        ({"lastActivityTime": ago(50), "lastHandledActiveAt": "noon"}, {}, 50),
        ({"lastActivityTime": ago(50)}, {"labels": {"a": "b"}}, 50),
    ],
)
def test_only_another_spec_or_another_sign_is_activity(seen, changes, activity):
    found = _of(ONE_HOUR, seen=seen, **changes)

    assert found.last_activity == NOW - timedelta(seconds=activity)
    assert found.expires_at == found.last_activity + timedelta(hours=1)


def test_a_lifetime_is_never_shorter_because_the_status_has_whole_seconds():
    now = NOW + timedelta(milliseconds=1)
    found = _of(ONE_HOUR, now=now)

    assert found.expires_at >= now + timedelta(hours=1)
    later = NOW + timedelta(milliseconds=900)
    recorded = {"lastActivityTime": to_time(found.last_activity)}
    assert _of(ONE_HOUR, now=later, seen=recorded) == found, "recorded a moment ago, it stays as it is"


@pytest.mark.parametrize(
    ("keep", "expires"),
    [
        ("true", None),
        ("false", 3600),
        ("2026-03-21T12:30:00Z", 3600),
        ("2026-03-21T14:00:00+00:00", 7200),
        ("2026-03-21t16:00:00.5+02:00", 7200.5),
        # The policy refuses these. Their author wants to keep the environment.
        ("yes", None),
        ("2026-03-22", None),
        ("2026-03-22T12:00:00", None),
        ("2026-02-30T12:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
)
def test_a_kept_environment_ends_later_or_never(keep, expires):
    found = _of(ONE_HOUR, keep=keep, seen={"lastActivityTime": ago(0)})

    assert found.expires_at == (None if expires is None else NOW + timedelta(seconds=expires))


def test_a_suspended_or_deleted_environment_does_not_expire():
    assert _of(ONE_HOUR, suspend=True, seen={"lastActivityTime": ago(2 * HOUR)}).expires_at is None
    assert _of(ONE_HOUR, deleting=True) is None


@pytest.mark.parametrize(
    ("lifetime_", "warning", "before"),
    [(7 * DAY, DAY, DAY), (HOUR, DAY, HOUR / 2), (7 * DAY, 0.0, 0.0)],
)
def test_users_are_warned_a_while_before_the_end_but_not_before_half_of_the_lifetime(lifetime_, warning, before):
    found = _of({"expire_after": lifetime_, "expire_warning": warning})

    assert found.expires_at - found.warn_at == timedelta(seconds=before)
    assert found.next_change(NOW) == lifetime_ - before
    assert found.next_change(found.warn_at) == (before or None)
    assert found.next_change(found.expires_at) is None
    assert not found.is_over(found.expires_at - timedelta(microseconds=1))
    assert found.is_over(found.expires_at)


def test_the_status_says_when_it_ends_and_what_says_so():
    options = operator_options(expire_after_max=2 * DAY)
    obj = Environment(environment(expire_after="never", annotations={ACTIVE_AT_ANNOTATION: "noon"}))

    assert lifetime.fields(obj, lifetime.of(obj, options, NOW)) == {
        "lastActivityTime": "2026-03-21T12:00:00Z",
        "lastHandledActiveAt": "noon",
        "expiresAt": "2026-03-23T12:00:00Z",
        "lifetime": {"duration": "48h", "limitedBy": "--expire-after-max"},
    }
    assert lifetime.fields(obj, None) == {}


@pytest.mark.parametrize(
    ("mode", "seconds", "reason"),
    [
        ("enforce", 0.4 * HOUR, None),
        ("enforce", 0.5 * HOUR, "EndsSoon"),
        ("enforce", 1.0 * HOUR, "EndsLater"),
        ("report", 0.4 * HOUR, None),
        ("report", 0.5 * HOUR, "WouldEnd"),
        ("report", 1.0 * HOUR, "WouldHaveEnded"),
    ],
)
def test_the_condition_warns_before_the_end(mode, seconds, reason):
    options = operator_options(expire_after=HOUR, expire_mode=mode)
    found = _of(ONE_HOUR)

    conditions = lifetime.warning(found, options, NOW + timedelta(seconds=seconds))
    assert [condition.reason for condition in conditions] == ([reason] if reason else [])


NEVER = {"expire_after": 0}


@pytest.mark.parametrize(
    ("options", "expire_at", "seen", "changes", "expires"),
    [
        # With a lifetime, and without.
        (ONE_HOUR, ago(0), {"lastActivityTime": ago(60)}, {}, 0),
        (NEVER, ago(0), {"lastActivityTime": ago(60)}, {}, 0),
        # Nothing is recorded yet.
        (NEVER, ago(5), {}, {}, -5),
        (NEVER, ago(-60), {}, {}, 60),
        # Too old to be sure, as from a backup.
        (NEVER, ago(2 * HOUR), {}, {}, None),
        # Later than the lifetime ends anyway.
        (ONE_HOUR, ago(-2 * HOUR), {"lastActivityTime": ago(0)}, {}, HOUR),
        # There was activity after it.
        (NEVER, ago(60), {"lastActivityTime": ago(30)}, {}, None),
        (ONE_HOUR, ago(60), {"lastActivityTime": ago(30)}, {}, HOUR - 30),
        (NEVER, ago(60), {"lastActivityTime": ago(90)}, {"active_at": "noon"}, None),
        (NEVER, ago(60), {}, {"generation": 2}, None),
        # A mistake, which the policy refuses.
        (NEVER, "now", {"lastActivityTime": ago(60)}, {}, None),
    ],
)
def test_somebody_may_end_an_environment_until_there_is_activity(options, expire_at, seen, changes, expires):
    found = _of(options, expire_at=expire_at, seen=seen, **changes)

    assert (found and found.expires_at) == (None if expires is None else NOW + timedelta(seconds=expires))


def test_activity_after_that_is_remembered_so_that_it_does_not_end_again():
    revived = _of(NEVER, expire_at=ago(60), seen={}, generation=2)
    obj = Environment(environment(annotations={EXPIRE_AT_ANNOTATION: ago(60)}))

    recorded = lifetime.fields(obj, revived)
    assert recorded == {"lastActivityTime": to_time(NOW)}
    assert _of(NEVER, expire_at=ago(60), seen=recorded).expires_at is None


def test_an_environment_that_is_kept_does_not_end_when_somebody_asks():
    seen = {"lastActivityTime": ago(60)}
    assert _of(NEVER, expire_at=ago(0), keep="true", seen=seen).expires_at is None
    assert _of(NEVER, expire_at=ago(0), suspend=True, seen=seen).expires_at is None


def test_an_infinite_lifetime_does_not_end():
    assert _of({"expire_after": math.inf}) is None
