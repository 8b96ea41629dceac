"""Short-lived watches: opened for who waits, closed for who waits no more, and never left behind."""

import threading

import pytest

from controller.apimachinery.errors import ConnectionLost
from controller.apimachinery.resources import SECRETS
from controller.environment.effects import Listing
from controller.environment.wakeups import PAUSE, Wakeups
from tests.unit.fakes import LiveApi, deleted, eventually, modified

LISTING = Listing(SECRETS, "shop-74", label_selector="owner=helm,name=x", metadata_only=True)


def _threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("wakeup-")]


class _Lab:
    def __init__(self, limit):
        self.api = LiveApi()
        self.woken = []
        self.wakeups = Wakeups(client=self.api, wake=lambda key, pause: self.woken.append((key, pause)), limit=limit)


@pytest.fixture
def open_lab():
    labs = []

    def make(limit=16):
        labs.append(_Lab(limit))
        return labs[-1]

    yield make
    for lab in labs:
        assert lab.wakeups.stop(20)
    eventually(lambda: not _threads(), "every thread ended")


def test_only_the_metadata_of_that_namespace_is_watched(open_lab):
    lab = open_lab()
    lab.wakeups.ensure(LISTING, "shop-74")
    lab.api.stream()

    [(verb, parameters)] = lab.api.calls
    assert verb == "watch"
    assert parameters["namespace"] == "shop-74"
    assert parameters["label_selector"] == "owner=helm,name=x"
    assert parameters["metadata_only"] is True


def test_a_deletion_wakes_the_environment_after_a_pause_and_other_changes_do_not(open_lab):
    lab = open_lab()
    lab.wakeups.ensure(LISTING, "shop-74")
    lab.api.stream().send(modified("a", 1), deleted("a", 2))

    eventually(lambda: lab.woken, "woken")
    assert lab.woken == [("shop-74", PAUSE)]


def test_one_stream_is_enough_for_an_environment(open_lab):
    lab = open_lab()
    lab.wakeups.ensure(LISTING, "shop-74")
    lab.wakeups.ensure(LISTING, "shop-74")
    lab.api.stream()

    assert len(_threads()) == 1


def test_a_stream_that_ended_is_opened_again_on_request(open_lab):
    lab = open_lab()
    lab.wakeups.ensure(LISTING, "shop-74")
    lab.api.stream().fail(ConnectionLost("reset"))
    eventually(lambda: not _threads(), "the thread ended")

    lab.wakeups.ensure(LISTING, "shop-74")

    lab.api.stream(2)


def test_an_environment_that_no_longer_waits_is_not_woken(open_lab):
    lab = open_lab()
    lab.wakeups.ensure(LISTING, "shop-74")
    lab.api.stream()

    lab.wakeups.release("shop-74")

    eventually(lambda: not _threads(), "the thread ended")
    lab.wakeups.release("shop-74")
    assert lab.woken == []


def test_there_are_never_more_streams_than_the_limit(open_lab):
    lab = open_lab(limit=2)
    for key in ("a", "b", "c"):
        lab.wakeups.ensure(LISTING, key)

    lab.api.stream(2)
    assert len(_threads()) == 2
    lab.wakeups.release("a")
    lab.wakeups.ensure(LISTING, "c")
    lab.api.stream(3)


def test_no_thread_remains_or_starts_after_the_stop(open_lab):
    lab = open_lab()
    lab.wakeups.ensure(LISTING, "a")
    lab.wakeups.ensure(LISTING, "b")
    lab.api.stream(2)

    assert lab.wakeups.stop(20)
    assert _threads() == []
    lab.wakeups.ensure(LISTING, "c")
    assert _threads() == []


def test_a_released_thread_has_ended_after_the_stop_too(open_lab):
    lab = open_lab()
    for number in range(8):
        lab.wakeups.ensure(LISTING, f"environment-{number}")
    lab.api.stream(8)
    for number in range(8):
        lab.wakeups.release(f"environment-{number}")

    assert lab.wakeups.stop(20)
    assert _threads() == []
