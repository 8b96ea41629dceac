"""Read-your-writes: a reconcile waits until the caches contain the writes of the previous one."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.cache import ConsistencyError, ConsistencyStore
from tests.unit.fakes import WIDGETS


class Versioned:
    def __init__(self, version: str) -> None:
        self.version = version

    def last_sync_resource_version(self) -> str:
        return self.version


@pytest.fixture
def widgets() -> Versioned:
    return Versioned("10")


@pytest.fixture
def namespaces() -> Versioned:
    return Versioned("10")


@pytest.fixture
def consistency(widgets: Versioned, namespaces: Versioned) -> ConsistencyStore:
    return ConsistencyStore(stores={WIDGETS: widgets, NAMESPACES: namespaces})


def test_an_owner_that_wrote_nothing_is_ready(consistency: ConsistencyStore) -> None:
    consistency.ensure_ready("env")


def test_an_owner_is_not_ready_until_the_store_has_seen_its_write(
    consistency: ConsistencyStore, widgets: Versioned
) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "12")
    for version in ("10", "11"):
        widgets.version = version
        with pytest.raises(ConsistencyError, match=r"widgets\.example\.com is cached up to"):
            consistency.ensure_ready("env")
    widgets.version = "12"
    consistency.ensure_ready("env")


def test_once_ready_the_record_is_dropped(consistency: ConsistencyStore, widgets: Versioned) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "12")
    widgets.version = "12"
    consistency.ensure_ready("env")
    widgets.version = "5"
    consistency.ensure_ready("env")


@pytest.mark.promise("listing")
def test_a_store_that_went_back_does_not_block_its_owner(consistency: ConsistencyStore, widgets: Versioned) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "12")
    # The server was restored from a backup: its versions start again, and that write is lost.
    widgets.version = "4"
    consistency.ensure_ready("env")


@pytest.mark.promise("own writes")
def test_a_write_after_a_store_went_back_is_awaited_although_it_is_older(
    consistency: ConsistencyStore, widgets: Versioned
) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "12")
    widgets.version = "4"
    consistency.wrote_at("env", "u1", WIDGETS, "5")
    with pytest.raises(ConsistencyError, match="written at 5"):
        consistency.ensure_ready("env")
    widgets.version = "5"
    consistency.ensure_ready("env")


@pytest.mark.promise("own writes")
def test_every_resource_that_was_written_counts(
    consistency: ConsistencyStore, widgets: Versioned, namespaces: Versioned
) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "12")
    consistency.wrote_at("env", "u1", NAMESPACES, "13")
    widgets.version = "99"
    with pytest.raises(ConsistencyError, match="namespaces"):
        consistency.ensure_ready("env")
    namespaces.version = "13"
    consistency.ensure_ready("env")


@pytest.mark.promise("own writes")
def test_the_greatest_version_counts_whatever_the_order(consistency: ConsistencyStore, widgets: Versioned) -> None:
    for version in ("9", "12", "11"):
        consistency.wrote_at("env", "u1", WIDGETS, version)
    widgets.version = "11"
    with pytest.raises(ConsistencyError):
        consistency.ensure_ready("env")


@pytest.mark.promise("own writes")
def test_a_new_uid_of_the_owner_resets_the_record(consistency: ConsistencyStore, widgets: Versioned) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "50")
    consistency.wrote_at("env", "u2", WIDGETS, "11")
    widgets.version = "11"
    consistency.ensure_ready("env")


def test_owners_do_not_wait_for_each_other(consistency: ConsistencyStore) -> None:
    consistency.wrote_at("other", "u1", WIDGETS, "50")
    consistency.ensure_ready("env")


def test_a_resource_without_a_store_does_not_block_its_owner(consistency: ConsistencyStore) -> None:
    consistency.wrote_at("env", "u1", SECRETS, "50")
    consistency.ensure_ready("env")


@pytest.mark.promise("own writes")
@pytest.mark.parametrize(("written", "stored"), [("50", ""), ("50", "0"), ("", "10"), ("abc", "10")])
def test_versions_that_cannot_be_compared_do_not_block_the_owner(
    consistency: ConsistencyStore, widgets: Versioned, written: str, stored: str
) -> None:
    widgets.version = stored
    consistency.wrote_at("env", "u1", WIDGETS, written)
    consistency.ensure_ready("env")


def test_clearing_forgets_the_owner(consistency: ConsistencyStore) -> None:
    consistency.wrote_at("env", "u1", WIDGETS, "50")
    consistency.clear("env")
    consistency.ensure_ready("env")


@pytest.mark.promise("own writes")
def test_clearing_by_uid_leaves_a_successor_alone(consistency: ConsistencyStore) -> None:
    consistency.wrote_at("env", "u2", WIDGETS, "50")
    consistency.clear("env", "u1")
    with pytest.raises(ConsistencyError):
        consistency.ensure_ready("env")
    consistency.clear("env", "u2")
    consistency.ensure_ready("env")


def test_clearing_an_unknown_owner_does_nothing(consistency: ConsistencyStore) -> None:
    consistency.clear("unknown")


def test_many_owners_at_once_do_not_disturb_each_other(consistency: ConsistencyStore, widgets: Versioned) -> None:
    wrong: list[str] = []

    def live(owner: str) -> None:
        for _ in range(200):
            consistency.wrote_at(owner, "u", WIDGETS, "11")
            try:
                consistency.ensure_ready(owner)
                wrong.append(owner)
            except ConsistencyError:
                consistency.clear(owner, "u")
                consistency.ensure_ready(owner)

    threads = [threading.Thread(target=live, args=(f"e{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
