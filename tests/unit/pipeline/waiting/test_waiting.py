"""Waiting for a goal, with all errors that an API server and a network can cause."""

import pytest

from controller.apimachinery.errors import (
    ConnectionLost,
    Forbidden,
    NotFound,
    RequestTimeout,
    Unauthorized,
    status_error,
)
from controller.pipeline.waiting import Goal, State, TimedOut, wait_for
from tests.unit.fakes import JumpingClock, Script, ScriptedApi, bookmark, error_event, event
from tests.unit.pipeline.waiting.environments import environment, later

ABSENT = {"metadata": {"resourceVersion": "10"}, "items": []}
DEPLOYING = environment(status="deploying", message="Running installation.")
DEPLOYED = environment(status="deployed", message="Release was successful.")
FAILED = environment(status="failed", message="no such image")
LOST = ConnectionLost("host: connection reset")


def listed(obj, version=10):
    """Return a list with one object."""
    return {"metadata": {"resourceVersion": str(version)}, "items": [obj]}


class Run:
    """A wait against a script. `outcome` is the judgement or the error, `reports` what was reported."""

    def __init__(self, *answers, goal=Goal.DEPLOYED, timeout=600.0, wanted=None):
        self.clock = JumpingClock()
        self.api = ScriptedApi(*answers, clock=self.clock)
        self.reports = []
        try:
            self.outcome = wait_for(
                self.api, "shop-74", goal, wanted=wanted, timeout=timeout, report=self.reports.append, clock=self.clock
            )
        except Exception as error:  # noqa: BLE001 - the test examines every error
            self.outcome = error

    @property
    def state(self):
        assert not isinstance(self.outcome, Exception), self.outcome
        return self.outcome.state


def test_a_goal_that_is_already_reached_needs_no_watch():
    run = Run(listed(DEPLOYED))
    assert run.state is State.REACHED
    assert run.api.calls == [("list", {"field_selector": "metadata.name=shop-74"})]


def test_every_change_is_reported_once():
    run = Run(
        ABSENT,
        Script(event("ADDED", environment()), event("MODIFIED", DEPLOYING), bookmark(12), event("MODIFIED", DEPLOYING),
               event("MODIFIED", DEPLOYED)),
    )  # fmt: skip
    assert run.state is State.REACHED
    assert run.reports == [
        "it is not in the cluster yet",
        "the controller has not processed this spec yet",
        "deploying: Running installation.",
    ]


def test_the_watch_begins_where_the_list_ended_and_is_closed():
    script = Script(event("MODIFIED", DEPLOYED))
    run = Run(listed(DEPLOYING, version=17), script)
    assert run.api.calls[1][1]["resource_version"] == "17"
    assert run.api.calls[1][1]["field_selector"] == "metadata.name=shop-74"
    assert script.closed


def test_a_failed_release_ends_the_wait_with_its_message():
    run = Run(ABSENT, Script(event("ADDED", FAILED)))
    assert run.state is State.FAILED
    assert "no such image" in run.outcome.message


def test_a_deletion_counts_as_gone_even_if_it_is_created_again():
    run = Run(listed(DEPLOYED), Script(event("DELETED", DEPLOYED), event("ADDED", DEPLOYED)), goal=Goal.GONE)
    assert run.state is State.REACHED


def test_a_watch_that_the_server_ends_resumes_at_the_last_version():
    run = Run(listed(DEPLOYING), Script(bookmark(55)), Script(event("MODIFIED", DEPLOYED)))
    assert run.state is State.REACHED
    assert [call[1].get("resource_version") for call in run.api.calls] == [None, "10", "55"]
    assert run.clock.waits == []


@pytest.mark.parametrize(
    "trouble",
    [
        Script(fails=LOST),
        Script(event("MODIFIED", DEPLOYING), fails=LOST),
        Script(error_event(410, "Expired")),
        Script(error_event(500, "InternalError")),
        Script(fails=RequestTimeout("silence")),
        Script(),
        LOST,
        status_error(503, {}),
        status_error(429, {}),
        status_error(410, {"kind": "Status", "reason": "Expired"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_after_any_error_the_environment_is_read_again(trouble):
    run = Run(listed(DEPLOYING), trouble, listed(DEPLOYED))
    assert run.state is State.REACHED
    assert run.api.verbs == ["list", "watch", "list"]
    assert len(run.clock.waits) == 1


def test_a_change_during_an_error_is_not_missed():
    run = Run(listed(DEPLOYED), Script(fails=LOST), ABSENT, goal=Goal.GONE)
    assert run.state is State.REACHED


def test_an_unreachable_server_is_reported_once_and_retried_with_backoff():
    run = Run(*[LOST] * 8, listed(DEPLOYED))
    assert run.state is State.REACHED
    assert len(run.reports) == 1
    assert run.clock.waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]


def test_a_proxy_that_ends_every_watch_does_not_cause_a_hot_loop():
    run = Run(*[listed(DEPLOYING), Script(lasting=0.0)] * 6, listed(DEPLOYED))
    assert run.state is State.REACHED
    assert run.clock.waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_crd_that_does_not_exist_yet_is_waited_for():
    run = Run(NotFound(code=404, reason="", message="page not found", status={}), listed(DEPLOYED))
    assert run.state is State.REACHED
    assert "is Tronador installed" in run.reports[0]


@pytest.mark.parametrize("error", [Forbidden, Unauthorized])
def test_an_error_that_waiting_cannot_solve_ends_the_wait(error):
    refusal = error(code=403, reason="Forbidden", message="no", status={})
    assert Run(refusal).outcome is refusal
    assert Run(listed(DEPLOYING), refusal).outcome is refusal


def test_the_timeout_error_says_how_far_the_environment_got():
    run = Run(listed(DEPLOYING), Script(lasting=31.0, fails=RequestTimeout("silence")), timeout=30.0)
    assert isinstance(run.outcome, TimedOut)
    assert str(run.outcome) == "not deployed within 30s: deploying: Running installation."


def test_the_read_timeout_of_a_watch_ends_with_the_wait():
    run = Run(listed(DEPLOYING), Script(event("MODIFIED", DEPLOYED)), timeout=5.0)
    assert run.api.calls[1][1]["read_timeout"] == 5.0
    run = Run(listed(DEPLOYING), Script(event("MODIFIED", DEPLOYED)), timeout=600.0)
    assert run.api.calls[1][1]["read_timeout"] == 90.0


def test_endless_events_do_not_extend_the_timeout():
    def endless():
        while True:
            run_clock[0].advance(10.0)
            yield event("MODIFIED", DEPLOYING)

    clock = JumpingClock()
    run_clock = [clock]
    script = Script()
    script.events = endless()
    api = ScriptedApi(listed(later(DEPLOYING)), script, clock=clock)
    with pytest.raises(TimedOut):
        wait_for(api, "shop-74", Goal.DEPLOYED, timeout=60.0, report=lambda text: None, clock=clock)
