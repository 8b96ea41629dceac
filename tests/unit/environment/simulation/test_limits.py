"""A limited number of environments, in whole worlds: who gets a place, in which order, and what it costs to wait."""

from __future__ import annotations

import pytest

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.apimachinery import conditions
from controller.apimachinery.errors import ConnectionLost
from controller.apimachinery.resources import NAMESPACES
from tests.unit.environment.simulation.crowd import GIT, Crowd
from tests.unit.environment.support.builders import namespace
from tests.unit.environment.support.reconciling import api_error, refuse


def crowd_of(*names: str, **limits: int) -> Crowd:
    """A crowd of these environments, the first of which is the oldest."""
    crowd = Crowd(**limits)
    for age, name in enumerate(reversed(names)):
        crowd.add(name, age=age)
    crowd.settle()
    return crowd


def numbered(number: int) -> list[str]:
    return [f"e{position:02}" for position in range(number)]


def condition(crowd: Crowd, name: str, type_: str) -> tuple[str, str]:
    found = conditions.find(crowd.status(name).get("conditions"), type_) or {}
    return str(found.get("status")), str(found.get("reason"))


def test_only_so_many_environments_exist_and_the_others_wait():
    crowd = crowd_of("a", "b", "c", max_environments=2)

    assert crowd.holders() == ["a", "b"]
    assert crowd.in_state("deployed") == ["a", "b"]
    assert crowd.in_state("queued") == ["c"]


def test_a_queued_environment_says_which_limit_it_waits_for():
    crowd = crowd_of("a", "b", max_environments=1)

    message = crowd.status("b")["applicationStatusMsg"]
    assert message == (
        "The limit on environments is reached: --max-environments=1. "
        "This environment gets a place in the order of creation, when others are gone."
    )
    assert crowd.status("b")["currentPhase"] == "Waiting For Next Reconciliation Loop"
    assert condition(crowd, "b", "Admitted") == ("False", "QuotaExceeded")
    assert condition(crowd, "b", "Ready") == ("False", "QuotaExceeded")
    assert conditions.find(crowd.status("b")["conditions"], "Stalled") is None
    assert conditions.find(crowd.status("a")["conditions"], "Admitted") is None


def test_places_are_given_in_the_order_of_creation_and_then_of_names():
    crowd = Crowd(max_environments=1)
    for name, age in (("d", 1), ("b", 2), ("c", 2), ("a", 0)):
        crowd.add(name, age=age)
    crowd.settle()
    for _ in range(4):
        crowd.remove(crowd.holders()[0])
        crowd.settle()

    assert crowd.served == ["b", "c", "d", "a"]


def test_all_are_served_as_places_become_free():
    crowd = crowd_of(*numbered(12), max_environments=4)
    while crowd.in_state("queued"):
        crowd.remove(crowd.holders()[0])
        crowd.settle()

    assert crowd.served == numbered(12)


def test_a_place_is_held_until_the_namespace_is_gone():
    crowd = crowd_of("a", "b", max_environments=1)
    crowd.api.edit(NAMESPACES, "a", "", lambda obj: obj["metadata"].update(finalizers=["example.com/hold"]))
    crowd.remove("a")
    for _ in range(50):
        crowd.sync()
        crowd.reconcile("a")
        crowd.reconcile("b")
        crowd.engines_step()
        crowd.api.finish_namespaces()
        crowd.seconds += 60

    assert crowd.api.peek(NAMESPACES, "a")["metadata"]["deletionTimestamp"]
    assert crowd.in_state("queued") == ["b"]
    crowd.api.edit(NAMESPACES, "a", "", lambda obj: obj["metadata"].update(finalizers=[]))
    crowd.settle()
    assert crowd.in_state("deployed") == ["b"]


def test_an_update_of_an_admitted_environment_never_waits():
    crowd = crowd_of("a", "b", max_environments=1)
    crowd.edit("a", namespaceLabels={"kind": "new"})
    crowd.settle()

    assert crowd.status("a")["observedGeneration"] == 2
    assert crowd.in_state("deployed") == ["a"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_lowered_limit_ends_no_environment(restart):
    crowd = crowd_of("a", "b", "c", "d", max_environments=3)
    crowd.restart_with(max_environments=1)
    crowd.settle()
    assert crowd.in_state("deployed") == ["a", "b", "c"]

    for name in ("a", "b"):
        crowd.remove(name)
        if restart:
            crowd.restart()
        crowd.settle()
        assert crowd.in_state("queued") == ["d"]
    crowd.remove("c")
    crowd.settle()
    assert crowd.in_state("deployed") == ["d"]


def test_a_raised_limit_serves_those_that_wait():
    crowd = crowd_of(*numbered(5), max_environments=1)
    crowd.restart_with(max_environments=3)
    crowd.settle()

    assert crowd.in_state("deployed") == numbered(3)


def test_without_the_limit_none_waits():
    crowd = crowd_of(*numbered(5), max_environments=1)
    crowd.restart_with()
    crowd.settle()

    assert crowd.in_state("deployed") == numbered(5)


def _delete(crowd: Crowd) -> None:
    crowd.remove("b")


def _suspend(crowd: Crowd) -> None:
    crowd.edit("b", suspend=True)


def _make_bad(crowd: Crowd) -> None:
    crowd.point_at("b", "https://user:secret@example.com/shop")


def _occupy_its_namespace(crowd: Crowd) -> None:
    crowd.api.put(NAMESPACES, namespace(name="b", labels={"owner": "other"}, annotations={}))


LEAVING = pytest.mark.parametrize("leave", [_delete, _suspend, _make_bad, _occupy_its_namespace])


@LEAVING
@pytest.mark.parametrize("restart", [False, True])
def test_the_next_is_served_when_the_head_of_the_queue_leaves_it(leave, restart):
    crowd = crowd_of("a", "b", "c", max_environments=1)
    leave(crowd)
    if not restart:
        crowd.settle()
    crowd.remove("a")
    if restart:
        crowd.restart()
    crowd.settle()

    assert crowd.in_state("deployed") == ["c"]


@LEAVING
def test_the_next_is_served_when_the_head_leaves_the_queue_while_it_is_called(leave):
    crowd = crowd_of("a", "b", "c", max_environments=1)
    crowd.remove("a")
    while "b" not in crowd.woken:
        crowd.sync()
        crowd.woken or crowd.reconcile("a")
        crowd.engines_step()
        crowd.api.finish_namespaces()
        crowd.seconds += 1
    leave(crowd)
    crowd.settle()

    assert crowd.in_state("deployed") == ["c"]


def test_a_suspended_environment_takes_its_turn_when_it_is_resumed():
    crowd = crowd_of("a", "b", "c", max_environments=1)
    crowd.edit("b", suspend=True)
    crowd.settle()
    assert crowd.in_state("suspended") == ["b"]
    assert conditions.find(crowd.status("b")["conditions"], "Admitted") is None
    assert condition(crowd, "b", "Ready") == ("Unknown", "Suspended")
    crowd.edit("b", suspend=False)
    crowd.settle()
    crowd.remove("a")
    crowd.settle()

    assert crowd.served == ["a", "b"]


def test_an_environment_that_runs_keeps_its_place_while_it_is_suspended():
    crowd = crowd_of("a", "b", max_environments=1)
    crowd.edit("a", suspend=True)
    crowd.settle()
    assert crowd.in_state("queued") == ["b"]

    crowd.edit("a", suspend=False)
    crowd.settle()
    assert crowd.in_state("deployed") == ["a"]


def test_an_adopted_namespace_is_a_place():
    crowd = Crowd(max_environments=1)
    crowd.api.put(NAMESPACES, namespace(name="a", labels={}, annotations={ADOPT_ANNOTATION: "a"}))
    crowd.add("a", age=2)
    crowd.add("b", age=1)
    crowd.settle()
    assert crowd.in_state("queued") == ["b"]

    crowd.remove("a")
    crowd.settle()
    assert crowd.in_state("deployed") == ["b"]
    assert ENVIRONMENT_LABEL not in crowd.api.peek(NAMESPACES, "a")["metadata"]["labels"]


def test_an_environment_waits_before_it_adopts_a_namespace():
    crowd = crowd_of("a", max_environments=1)
    crowd.api.put(NAMESPACES, namespace(name="b", labels={}, annotations={ADOPT_ANNOTATION: "b"}))
    crowd.add("b")
    crowd.settle()

    assert crowd.in_state("queued") == ["b"]
    assert crowd.holders() == ["a"]


def test_a_namespace_whose_environment_is_gone_is_a_place():
    crowd = Crowd(max_environments=1)
    crowd.api.put(NAMESPACES, namespace(name="lost"))
    crowd.api.edit(NAMESPACES, "lost", "", lambda obj: obj["metadata"]["labels"].update({ENVIRONMENT_LABEL: "lost"}))
    crowd.add("a")
    crowd.settle()
    assert crowd.in_state("queued") == ["a"]

    crowd.api.remove(NAMESPACES, "lost")
    crowd.settle()
    assert crowd.in_state("deployed") == ["a"]


def test_another_engine_keeps_the_place():
    crowd = crowd_of("a", "b", max_environments=1)
    crowd.options = crowd.options.__class__(
        service_account="", release_engine="flux", discover_urls=False, limits=crowd.options.limits, status_settle=0.0
    )
    crowd.restart()
    crowd.settle()

    assert crowd.status("a")["release"]["engine"] == "flux"
    assert (crowd.in_state("deployed"), crowd.in_state("queued")) == (["a"], ["b"])


def test_an_environment_whose_namespace_somebody_deletes_takes_its_turn_again():
    crowd = crowd_of("a", "b", max_environments=1)
    # So soon after its creation, it would be created again only after a pause.
    crowd.seconds += 3600
    crowd.api.remove(NAMESPACES, "a")
    crowd.settle()

    assert (crowd.in_state("deployed"), crowd.in_state("queued")) == (["a"], ["b"])


def test_an_expired_environment_gives_its_place_to_the_next_and_takes_its_turn_when_it_is_revived():
    crowd = crowd_of("a", "b", "c", max_environments=1)
    crowd.edit("a", lifecycle={"expireAfter": "1h"})
    crowd.settle()
    assert (crowd.in_state("expired"), crowd.in_state("deployed")) == (["a"], ["b"])

    crowd.edit("a", lifecycle={"expireAfter": "never"})
    crowd.settle()
    assert crowd.in_state("queued") == ["a", "c"]
    crowd.remove("b")
    crowd.settle()
    assert crowd.served == ["a", "b", "a"]


def test_a_place_that_becomes_free_wakes_no_expired_environment():
    crowd = crowd_of("a", "b", "c", max_environments=1)
    crowd.edit("a", lifecycle={"expireAfter": "1h"})
    crowd.settle()
    crowd.reconciles.clear()
    crowd.remove("b")
    crowd.settle()

    assert crowd.in_state("deployed") == ["c"]
    assert "a" not in crowd.reconciles


def test_the_lifetime_begins_when_the_environment_gets_its_place():
    crowd = crowd_of("a", max_environments=1)
    crowd.add("b")
    crowd.edit("b", lifecycle={"expireAfter": "1h"})
    crowd.settle()
    assert crowd.in_state("queued") == ["b"]
    # Not even its lifetime costs a look.
    assert not crowd.due
    crowd.seconds += 7200
    crowd.reconcile("b")
    assert crowd.in_state("queued") == ["b"]
    assert "lastActivityTime" not in crowd.status("b")

    crowd.remove("a")
    crowd.settle()
    assert crowd.served == ["a", "b"]


def test_each_repository_has_its_own_limit_and_holds_up_no_other():
    crowd = Crowd(max_environments=3, max_environments_per_repository=1)
    for age, (name, repository) in enumerate([("d", "cart"), ("c", "shop.git"), ("b", "shop"), ("a", "shop")]):
        crowd.add(name, age=age, repository=repository)
    crowd.settle()

    assert crowd.in_state("deployed") == ["a", "d"]
    message = crowd.status("b")["applicationStatusMsg"]
    assert "for github.com/acme/shop is reached: --max-environments-per-repository=1." in message
    crowd.remove("a")
    crowd.settle()
    assert crowd.in_state("deployed") == ["b", "d"]


def test_forks_have_their_own_limit():
    crowd = Crowd(max_fork_environments=1)
    crowd.add("a", age=3, fork=True)
    crowd.add("b", age=2, fork=True)
    crowd.add("c", age=1)
    crowd.settle()

    assert (crowd.in_state("deployed"), crowd.in_state("queued")) == (["a", "c"], ["b"])
    assert "of forks is reached: --max-fork-environments=1." in crowd.status("b")["applicationStatusMsg"]


def test_a_called_environment_that_moves_to_a_full_repository_gives_its_place_to_the_next():
    crowd = Crowd(max_environments=2, max_environments_per_repository=1)
    for age, (name, repository) in enumerate([("d", "cart"), ("c", "mail"), ("b", "shop"), ("a", "blog")]):
        crowd.add(name, age=age, repository=repository)
    crowd.settle()
    crowd.remove("a")
    while "c" not in crowd.woken:
        crowd.sync()
        crowd.woken or crowd.reconcile("a")
        crowd.engines_step()
        crowd.api.finish_namespaces()
        crowd.seconds += 1
    crowd.point_at("c", GIT.format("shop"))
    crowd.settle()

    assert crowd.in_state("deployed") == ["b", "d"]
    assert crowd.in_state("queued") == ["c"]


def test_an_environment_whose_namespace_the_server_refuses_does_not_hold_up_others():
    crowd = Crowd(max_environments=1)
    denied = api_error(403, "Forbidden", "admission webhook denied the request")
    crowd.api.refuse = lambda verb, resource, _, name: (
        denied if (verb, resource, name) == ("create", NAMESPACES, "a") else None
    )
    crowd.add("a", age=2)
    crowd.add("b", age=1)
    for _ in range(40):
        crowd.sync()
        for name in ("a", "b"):
            crowd.reconcile(name)
        crowd.engines_step()
        crowd.seconds += 11
    assert crowd.in_state("deployed") == ["b"]

    crowd.api.refuse = lambda *_: None
    crowd.remove("b")
    crowd.settle()
    assert crowd.in_state("deployed") == ["a"]


def test_a_creation_without_an_answer_keeps_its_place():
    crowd = Crowd(max_environments=1)
    crowd.add("a", age=2)
    crowd.add("b", age=1)
    crowd.sync()
    refuse(crowd, "create", NAMESPACES, ConnectionLost("reset"))
    crowd.reconcile("a")
    crowd.reconcile("b")
    crowd.edit("a", suspend=True)
    crowd.sync()
    crowd.api.refuse = lambda *_: None
    crowd.reconcile("a")
    crowd.reconcile("b")
    # The server may still carry the creation out, although `a` does not ask for it any more.
    assert crowd.holders() == []

    crowd.edit("a", suspend=False)
    crowd.settle()
    assert (crowd.in_state("deployed"), crowd.in_state("queued")) == (["a"], ["b"])


def test_environments_in_the_queue_cost_nothing_while_they_wait():
    crowd = crowd_of(*numbered(30), max_environments=2)
    waiting = crowd.in_state("queued")
    assert len(waiting) == 28
    assert not crowd.due
    crowd.reconciles.clear()
    crowd.api.writes.clear()
    crowd.remove("e00")
    crowd.settle()

    # Each reconcile of the one that is served follows a change of its own objects.
    assert set(crowd.reconciles) == {"e00", "e02"}
    assert not {write.name for write in crowd.api.writes} & set(waiting[1:])


def test_a_restart_writes_nothing_for_those_that_wait():
    crowd = crowd_of(*numbered(20), max_environments=2)
    crowd.api.writes.clear()
    crowd.restart()
    crowd.settle()

    assert crowd.api.writes == []


def test_a_new_process_counts_no_environments_before_its_cache_has_all_namespaces():
    crowd = Crowd(max_environments=1)
    crowd.add("b", age=1)
    crowd.restart()
    # The leader before created it at its end, and the watch has not brought it yet.
    crowd.api.put(NAMESPACES, namespace(name="a"))
    crowd.api.edit(NAMESPACES, "a", "", lambda obj: obj["metadata"]["labels"].update({ENVIRONMENT_LABEL: "a"}))
    crowd.reconcile("b")
    assert crowd.holders() == ["a"]
    assert condition(crowd, "b", "Ready") == ("Unknown", "CountingEnvironments")

    crowd.settle()
    assert crowd.in_state("queued") == ["b"]


def test_an_environment_that_is_deleted_while_it_waits_leaves_the_queue():
    crowd = crowd_of("a", "b", "c", max_environments=1)
    crowd.remove("b")
    crowd.settle()

    assert crowd.api.peek(ENVIRONMENTS, "b") is None
    crowd.remove("a")
    crowd.settle()
    assert crowd.in_state("deployed") == ["c"]
