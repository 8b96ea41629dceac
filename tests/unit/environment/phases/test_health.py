"""The health of the release, and the cause of a failure, which the Helm Operator gives only in Events."""

from dataclasses import replace

import pytest

from controller.apimachinery.resources import CORE_EVENTS
from controller.environment.decision import Continue
from controller.environment.effects import Listing, Read
from controller.environment.engines.engine import Health, State
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.phases.health import decide, explained, judge
from tests.unit.environment.support.builders import (
    NAME,
    ago,
    environment,
    helm_release,
    namespace,
    observation,
    operator_options,
    operator_status,
    proceed,
    words,
)

OPTIONS = operator_options(chart_grace=300)
EVENTS = Listing(
    CORE_EVENTS,
    NAME,
    field_selector="involvedObject.kind=HelmRelease,involvedObject.name=run-pipeline,involvedObject.uid=hr-1,type=Warning",
)
FAILED = helm_release(status=operator_status("Failed"))


def _observe(release, *, answers=None, status=None, generation=1, ages=None):
    return observation(
        environment=environment(status=status, generation=generation),
        namespace=namespace(),
        releases=[release],
        answers=answers or {},
        ages=ages or {},
    )


def _event(message, at=None, **times):
    return {"message": message, "type": "Warning", **({"lastTimestamp": at} if at else {}), **times}


def _ready(status, since, **rest):
    return {"type": "Ready", "status": status, "lastTransitionTime": ago(since), **rest}


def _decide(seen):
    """What is decided, without the health that every decision carries."""
    decision = decide(seen, OPTIONS)
    assert decision.health == judge(seen, OPTIONS)
    return replace(decision, health=None)


def test_a_healthy_release_needs_no_second_look():
    assert _decide(_observe(helm_release(status=operator_status("Succeeded")))) == proceed()


def test_the_events_of_a_failed_release_are_read():
    assert _decide(_observe(FAILED)) == proceed(Read(EVENTS))


@pytest.mark.parametrize(
    "events",
    [
        (_event("old", ago(60)), _event("new", ago(1))),
        (_event("new", ago(1)), _event("old", ago(60))),
        (_event("old", ago(60)), _event("new", eventTime=ago(1))),
        (_event("old", ago(60)), _event("new", ago(3600), series={"lastObservedTime": ago(1)})),
        (_event("old"), _event("new", ago(1))),
    ],
)
def test_the_newest_warning_explains_the_failure(events):
    seen = _observe(FAILED, answers={EVENTS: events})

    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == f"{words('Failed')} new"


@pytest.mark.parametrize("events", [(), REFUSED])
def test_the_releases_own_message_is_shown_without_events(events):
    seen = _observe(FAILED, answers={EVENTS: events})

    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == words("Failed")


@pytest.mark.parametrize("events", [(), (_event("stale", ago(61)),), (_event("timeless"),)])
def test_events_before_the_failure_do_not_explain_it(events):
    seen = _observe(FAILED, answers={EVENTS: events})

    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == words("Failed")


def test_the_later_of_two_events_in_the_same_second_counts():
    later, earlier = (
        _event(text, ago(1), metadata={"name": f"run-pipeline.17f{end}"}) for text, end in (("b", "2"), ("a", "1"))
    )
    seen = _observe(FAILED, answers={EVENTS: (later, earlier)})

    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == f"{words('Failed')} b"


def test_a_later_explanation_replaces_the_previous_one():
    seen = _observe(
        FAILED, answers={EVENTS: (_event("better", ago(1)),)}, status=_status_with(f"{words('Failed')} why", since=5)
    )

    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == f"{words('Failed')} better"


@pytest.mark.parametrize("events", [(), (_event("why", ago(1)),)])
def test_a_late_event_is_looked_for_at_growing_intervals_for_a_limited_time(events):
    pauses = [
        decide(_observe(FAILED, answers={EVENTS: events}, status=status), OPTIONS).recheck_after
        for status in (
            None,
            {"conditions": [_ready("False", 0)]},
            {"conditions": [_ready("False", 4)]},
            {"conditions": [_ready("False", 31)]},
        )
    ]

    assert pauses == [1, 1, 4, None]


def _status_with(message, *, reason="Failed", generation=1, since=31):
    condition = {"type": "ReleaseReady", "status": "False", "reason": reason, "message": message}
    conditions = [condition | {"observedGeneration": generation}, _ready("False", since)]
    return {"conditions": conditions, "observedGeneration": generation}


def test_a_recently_explained_failure_is_looked_up_again():
    status = _status_with(f"{words('Failed')} why", since=4)

    assert _decide(_observe(FAILED, status=status)) == proceed(Read(EVENTS))
    assert _decide(_observe(FAILED, status=status, answers={EVENTS: ()})) == Continue(recheck_after=4.0)


def test_an_explained_failure_is_looked_up_for_a_limited_time():
    seen = _observe(FAILED, status=_status_with(f"{words('Failed')} why"))

    assert _decide(seen) == proceed()
    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == f"{words('Failed')} why"


@pytest.mark.parametrize(
    ("status", "generation"),
    [
        (_status_with(words("Failed")), 1),
        (_status_with(f"{words('RolledBack')} why", reason="RolledBack"), 1),
        (_status_with(f"{words('Failed')} why", generation=1), 2),
    ],
)
def test_a_new_failure_is_looked_up_again(status, generation):
    release = helm_release(status=operator_status("Failed"))

    assert _decide(_observe(release, status=status, generation=generation)) == proceed(Read(EVENTS))


def test_a_longer_message_of_the_engine_is_another_failure():
    seen = _observe(FAILED, status=_status_with(f"{words('Failed')}, again"))

    assert explained(seen, OPTIONS, judge(seen, OPTIONS)).message == words("Failed")


def test_flux_says_itself_why_a_release_failed():
    message = "Helm upgrade failed: no such key"
    seen = observation(
        environment=environment(status=_status_with(f"{message} (retried)", reason="UpgradeFailed")),
        namespace=namespace(),
        releases=[],
    )
    failed = Health(State.FAILED, "UpgradeFailed", message)

    assert explained(seen, EnvironmentOptions(release_engine="flux"), failed) == failed


# The grace period of a chart


def _fetch_failed():
    return helm_release(status=operator_status("ChartFetchFailed"))


def _said_to_have_failed(generation):
    return {
        "observedGeneration": generation,
        "conditions": [
            {
                "type": "ReleaseReady",
                "status": "False",
                "reason": "ChartFetchFailed",
                "message": words("ChartFetchFailed"),
                "observedGeneration": generation,
            }
        ],
    }


def test_a_temporary_fetch_failure_is_rechecked_after_its_grace_period():
    seen = _observe(_fetch_failed(), ages={"chart:1": 100.0})

    assert _decide(seen) == Continue(recheck_after=200.0, timer="chart:1")


def test_a_new_fetch_failure_starts_the_grace_period():
    assert _decide(_observe(_fetch_failed())) == Continue(recheck_after=300.0, timer="chart:1")


def test_a_lasting_fetch_failure_is_a_failure():
    assert judge(_observe(_fetch_failed(), ages={"chart:1": 301.0}), OPTIONS).state is State.FAILED


def test_a_new_generation_has_its_own_grace_period():
    seen = _observe(_fetch_failed(), status=_said_to_have_failed(1), generation=2, ages={"chart:1": 301.0})

    assert judge(seen, OPTIONS).state is State.PENDING
    assert decide(seen, OPTIONS).timer == "chart:2"


def test_a_reported_fetch_failure_stays_a_failure_after_a_restart():
    assert judge(_observe(_fetch_failed(), status=_said_to_have_failed(1)), OPTIONS).state is State.FAILED


def test_a_release_without_a_status_is_checked_when_it_changes():
    assert _decide(_observe(helm_release())) == proceed()
