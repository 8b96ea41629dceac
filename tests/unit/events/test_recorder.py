"""Events: what is sent, how repetitions are combined, and that reporting never blocks or fails the caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.apimachinery.errors import ApiError, ConnectionLost, status_error
from controller.events import Recorder
from controller.events.series import SeriesTable
from controller.events.spam import SpamFilter
from controller.metrics import Registry
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.measured import counted

ENVIRONMENT = {
    "apiVersion": "tronador.stakater.com/v1alpha1",
    "kind": "EnvironmentProvisioner",
    "metadata": {"name": "shop-7", "uid": "u1", "resourceVersion": "5"},
}
START = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


class Api:
    """Records what it is sent; raises the errors in `failures` first."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str, Any]] = []
        self.failures: list[ApiError] = []

    def create(self, resource: Any, obj: Any, *, namespace: str = "") -> None:
        self._receive("create", namespace, obj["metadata"]["name"], obj)

    def patch(self, resource: Any, name: str, body: Any, *, namespace: str = "") -> None:
        self._receive("patch", namespace, name, body)

    def _receive(self, verb: str, namespace: str, name: str, body: Any) -> None:
        self.sent.append((verb, namespace, name, body))
        if self.failures:
            raise self.failures.pop(0)


class Rig:
    def __init__(self, clock: FakeClock, **arguments: Any) -> None:
        self.clock = clock
        self.started = clock.now()
        self.api = Api()
        self.registry = Registry()
        self.recorder = Recorder(
            client=self.api,
            controller="tronador.stakater.com/controller",
            instance="pod-1",
            registry=self.registry,
            clock=clock,
            now=lambda: START + timedelta(seconds=clock.now() - self.started),
            **arguments,
        )

    def emit(self, reason: str = "Deployed", **changes: Any) -> None:
        arguments: dict[str, Any] = {"type": "Normal", "reason": reason, "action": "Deploy", "note": "it runs"}
        self.recorder.event(changes.pop("regarding", ENVIRONMENT), **(arguments | changes))

    def outcomes(self, **wanted: int) -> None:
        """Wait until so many Events have an outcome, and check that these are the outcomes."""

        def found() -> dict[str, float]:
            return counted(self.registry, "tronador_events_total", "outcome")

        eventually(lambda: sum(found().values()) >= sum(wanted.values()), f"{wanted}, got {found()}")
        assert found() == wanted


@pytest.fixture
def rig(clock: FakeClock) -> Iterator[Rig]:
    rig = Rig(clock)
    rig.recorder.start()
    yield rig
    assert rig.recorder.stop(DEADLINE)


class TestContent:
    def test_an_event_about_a_cluster_scoped_object_goes_to_default_and_refers_by_uid(self, rig: Rig) -> None:
        rig.emit()
        rig.outcomes(posted=1)
        verb, namespace, name, body = rig.api.sent[0]
        assert (verb, namespace) == ("create", "default")
        assert body == {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": "default"},
            "eventTime": "2026-01-31T12:00:00.123456Z",
            "reportingController": "tronador.stakater.com/controller",
            "reportingInstance": "pod-1",
            "type": "Normal",
            "reason": "Deployed",
            "action": "Deploy",
            "note": "it runs",
            "regarding": {
                "apiVersion": "tronador.stakater.com/v1alpha1",
                "kind": "EnvironmentProvisioner",
                "name": "shop-7",
                "uid": "u1",
            },
        }
        assert name.startswith("shop-7.")

    def test_an_event_about_a_namespaced_object_lives_beside_it(self, rig: Rig) -> None:
        reference = {"apiVersion": "v1", "kind": "Secret", "name": "s", "namespace": "ns", "uid": "u2"}
        rig.emit(regarding=reference, related=ENVIRONMENT)
        rig.outcomes(posted=1)
        _, namespace, _, body = rig.api.sent[0]
        assert namespace == "ns"
        assert body["regarding"] == reference
        assert body["related"]["name"] == "shop-7"

    @pytest.mark.parametrize(("note", "length"), [("x" * 5000, 1024), ("ü" * 600, 1023), ("short", 5)])
    def test_a_note_is_cut_to_what_the_api_allows(self, rig: Rig, note: str, length: int) -> None:
        rig.emit(note=note)
        rig.outcomes(posted=1)
        sent = rig.api.sent[0][3]["note"]
        assert len(sent.encode()) == length
        assert sent == note or sent.endswith("...")

    def test_names_are_unique_and_never_too_long(self, rig: Rig) -> None:
        long = {**ENVIRONMENT, "metadata": {"name": "n" * 253, "uid": "u"}}
        for reason in ("A", "B", "C"):
            rig.emit(reason, regarding=long)
        rig.outcomes(posted=3)
        names = {name for _, _, name, _ in rig.api.sent}
        assert len(names) == 3
        assert all(len(name) == 253 for name in names)

    @pytest.mark.promise("events")
    def test_an_event_about_an_invalid_object_is_dropped_without_an_error(self, rig: Rig) -> None:
        rig.emit(regarding={})
        rig.outcomes(failed=1)
        assert rig.api.sent == []


class TestSeries:
    @pytest.mark.promise("events")
    def test_the_second_of_a_kind_starts_a_series_and_later_ones_are_only_counted(self, rig: Rig) -> None:
        for _ in range(4):
            rig.emit()
        rig.outcomes(posted=2, folded=2)
        (first, _, name, _), (second, _, patched, body) = rig.api.sent
        assert (first, second, patched) == ("create", "patch", name)
        assert body == {"series": {"count": 2, "lastObservedTime": "2026-01-31T12:00:00.123456Z"}}

    def test_another_note_is_the_same_series_but_another_reason_is_not(self, rig: Rig) -> None:
        rig.emit("A", note="one")
        rig.emit("A", note="two")
        rig.emit("B")
        rig.outcomes(posted=3)
        assert [verb for verb, *_ in rig.api.sent] == ["create", "patch", "create"]

    def test_an_object_with_a_new_uid_starts_another_series(self, rig: Rig) -> None:
        rig.emit()
        rig.emit(regarding={**ENVIRONMENT, "metadata": {"name": "shop-7", "uid": "u2"}})
        rig.outcomes(posted=2)
        assert [verb for verb, *_ in rig.api.sent] == ["create", "create"]

    def test_the_count_is_sent_when_the_series_is_over(self, rig: Rig, clock: FakeClock) -> None:
        for _ in range(5):
            rig.emit()
        rig.outcomes(posted=2, folded=3)
        eventually(lambda: clock.waiters() == 1)
        clock.advance(400)
        rig.outcomes(posted=3, folded=3)
        assert rig.api.sent[-1][3]["series"]["count"] == 5

    def test_a_series_whose_event_was_deleted_is_created_again(self, rig: Rig) -> None:
        rig.emit()
        rig.outcomes(posted=1)
        rig.api.failures.append(status_error(404, {"kind": "Status", "reason": "NotFound"}))
        rig.emit()
        rig.outcomes(posted=2)
        assert [verb for verb, *_ in rig.api.sent] == ["create", "patch", "create"]
        assert rig.api.sent[-1][3]["series"]["count"] == 2

    def test_an_event_that_arrived_although_its_answer_was_lost_is_fine(self, rig: Rig) -> None:
        rig.api.failures.append(status_error(409, {"kind": "Status", "reason": "AlreadyExists"}))
        rig.emit()
        rig.outcomes(posted=1)


def table(clock: FakeClock, **arguments: Any) -> SeriesTable:
    return SeriesTable(clock=clock, finish_after=360, refresh_after=1800, **arguments)


class TestSeriesTable:
    def event(self, reason: str = "R") -> dict[str, Any]:
        return {"reason": reason, "metadata": {"name": "e", "namespace": "default"}, "regarding": {"name": "x"}}

    @pytest.mark.promise("events")
    def test_a_series_is_over_six_minutes_after_its_last_event(self, clock: FakeClock) -> None:
        series = table(clock)
        assert series.observe(self.event(), START)
        clock.advance(359)
        second = series.observe(self.event(), START)
        assert second is not None
        assert second.count == 2
        clock.advance(360)
        third = series.observe(self.event(), START)
        assert third is not None
        assert third.count == 1, "a new event, not a long series"

    def test_a_single_event_is_dropped_without_a_write(self, clock: FakeClock) -> None:
        series = table(clock)
        series.observe(self.event(), START)
        clock.advance(360)
        assert series.due() == []
        assert len(series) == 0

    @pytest.mark.promise("events")
    def test_a_continuing_series_is_refreshed_every_half_hour(self, clock: FakeClock) -> None:
        series = table(clock)
        sent = []
        for _ in range(62):
            series.observe(self.event(), START)
            clock.advance(60)
            sent += [one.count for one in series.due()]
        assert sent == [31, 61]

    def test_the_number_of_series_is_limited(self, clock: FakeClock) -> None:
        series = table(clock, capacity=2)
        for reason in "ABC":
            series.observe(self.event(reason), START)
        assert len(series) == 2
        again = series.observe(self.event("A"), START)
        assert again is not None
        assert again.count == 1, "the oldest was forgotten"


class TestSpam:
    @pytest.mark.promise("events")
    def test_one_object_may_cause_a_burst_and_then_one_event_every_five_minutes(self, clock: FakeClock) -> None:
        spam = SpamFilter(clock=clock)
        assert [spam.allows("a") for _ in range(26)] == [True] * 25 + [False]
        assert spam.allows("b"), "another object is not concerned"
        clock.advance(300)
        assert [spam.allows("a"), spam.allows("a")] == [True, False]

    @pytest.mark.promise("events")
    def test_the_objects_seen_last_are_remembered(self, clock: FakeClock) -> None:
        spam = SpamFilter(clock=clock, burst=1, capacity=2)
        assert [spam.allows(key) for key in "aab"] == [True, False, True]
        assert spam.allows("c")
        assert spam.allows("a"), "forgotten for c"

    def test_events_beyond_the_burst_are_dropped(self, rig: Rig) -> None:
        for n in range(27):
            rig.emit(f"Reason{n}")
        rig.outcomes(posted=25, dropped=2)


class TestTrouble:
    def test_an_unreachable_server_is_tried_again_every_ten_seconds_or_so(self, rig: Rig, clock: FakeClock) -> None:
        rig.api.failures += [ConnectionLost("refused"), status_error(503, "")]
        rig.emit()
        for _ in range(2):
            eventually(lambda: 7.5 <= (clock.next_wake() or 0) <= 12.5)
            clock.advance(12.5)
        rig.outcomes(posted=1)
        assert len(rig.api.sent) == 3

    @pytest.mark.promise("events")
    def test_after_twelve_tries_an_event_is_dropped(self, rig: Rig, clock: FakeClock) -> None:
        rig.api.failures += [ConnectionLost("refused")] * 12
        rig.emit()
        for tried in range(1, 12):
            eventually(lambda tried=tried: len(rig.api.sent) == tried and 0 < (clock.next_wake() or 0) <= 12.5)
            clock.advance(12.5)
        rig.outcomes(failed=1)
        assert len(rig.api.sent) == 12

    @pytest.mark.promise("events")
    def test_a_refusal_is_final(self, rig: Rig) -> None:
        rig.api.failures.append(status_error(403, {"kind": "Status", "reason": "Forbidden"}))
        rig.emit("A")
        rig.emit("B")
        rig.outcomes(failed=1, posted=1)

    @pytest.mark.promise("events")
    def test_a_full_queue_drops_without_blocking(self, clock: FakeClock) -> None:
        rig = Rig(clock, queue_size=2)
        for reason in "ABC":
            rig.emit(reason)
        rig.outcomes(dropped=1)
        rig.recorder.start()
        assert rig.recorder.stop(DEADLINE)
        rig.outcomes(dropped=1, posted=2)  # what was queued is still sent on stopping

    def test_after_the_stop_events_are_dropped(self, clock: FakeClock) -> None:
        rig = Rig(clock)
        rig.recorder.start()
        assert rig.recorder.stop(DEADLINE)
        rig.emit()
        rig.outcomes(dropped=1)

    def test_a_stop_does_not_wait_for_an_unreachable_server(self, clock: FakeClock) -> None:
        rig = Rig(clock)
        rig.api.failures += [ConnectionLost("refused")] * 12
        rig.recorder.start()
        rig.emit()
        eventually(lambda: clock.next_wake() is not None and len(rig.api.sent) == 1)
        assert rig.recorder.stop(0.01)

    def test_a_stop_cuts_the_pause_between_two_tries_short_and_tries_once_more(self, clock: FakeClock) -> None:
        rig = Rig(clock)
        rig.api.failures.append(ConnectionLost("refused"))
        rig.recorder.start()
        rig.emit()
        eventually(lambda: clock.next_wake() is not None and len(rig.api.sent) == 1)
        assert rig.recorder.stop(DEADLINE)
        rig.outcomes(posted=1)

    def test_stopping_without_a_start_does_nothing(self, clock: FakeClock) -> None:
        assert Rig(clock).recorder.stop(1)
