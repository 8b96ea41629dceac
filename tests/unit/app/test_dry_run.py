"""What a dry run says, when, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, cast

import pytest
import structlog

from controller.apimachinery.errors import status_error
from controller.apimachinery.resources import NAMESPACES
from controller.app.dry_run import DryRun
from controller.app.options import CacheOptions, DryRunOptions, Options
from controller.app.wiring import sync_timeout
from controller.client import Client, PlanningClient
from controller.runtime import Request, Result


class Nothing:
    """A cluster without objects."""

    def get(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise status_error(404, {"kind": "Status", "reason": "NotFound"})


class Looks:
    """A reconciler that creates these namespaces, or fails."""

    def __init__(self) -> None:
        self.creates: list[str] = []
        self.result = Result()
        self.error: Exception | None = None
        self._client: PlanningClient | None = None

    def acting_through(self, client: PlanningClient) -> Looks:
        self._client = client
        return self

    def reconcile(self, request: Request) -> Result:
        assert self._client is not None
        for name in self.creates:
            self._client.create(NAMESPACES, {"metadata": {"name": name}})
        if self.error is not None:
            raise self.error
        return self.result


class Rig:
    def __init__(self, *keys: str) -> None:
        self.ended = 0
        self.looks = Looks()
        self.dry_run = DryRun(client=cast(Client, Nothing()), keys=lambda: keys, finished=self._finish)
        self._reconciler = self.dry_run.reconciler(self.looks.acting_through)

    def look(self, key: str = "a", creates: Iterable[str] = ()) -> list[str]:
        """What a look logs."""
        self.looks.creates = list(creates)
        with structlog.testing.capture_logs() as lines:
            self._reconciler.reconcile(Request(key))
        return [line["name"] for line in lines]

    def _finish(self) -> None:
        self.ended += 1


def test_a_write_is_listed_once_for_as_long_as_it_is_planned() -> None:
    rig = Rig()
    assert rig.look(creates=["one"]) == ["one"]
    assert rig.look(creates=["one", "two"]) == ["two"]
    assert rig.dry_run.counts() == {("create", "namespaces"): 2}
    assert rig.look(creates=["two"]) == []
    assert rig.look(creates=["one"]) == ["one"]
    assert rig.look("b", creates=["one"]) == ["one"]
    assert rig.look() == rig.look("b") == []
    assert rig.dry_run.counts() == {}


def test_a_superseded_reconcile_is_not_listed() -> None:
    rig = Rig("a")
    rig.looks.result = Result(requeue=True)
    assert rig.look(creates=["one"]) == []
    rig.dry_run.start()
    assert rig.ended == 0


def test_the_dry_run_ends_when_everything_was_reconciled_once() -> None:
    rig = Rig("a", "b")
    rig.look("a")
    rig.dry_run.start()
    assert rig.ended == 0
    rig.look("b")
    assert rig.ended == 1
    assert rig.dry_run.report()


def test_the_dry_run_ends_at_once_without_environments() -> None:
    rig = Rig()
    rig.dry_run.start()
    assert rig.ended == 1
    assert rig.dry_run.report()


def test_a_failed_reconcile_is_named_at_the_end() -> None:
    rig = Rig("a")
    rig.dry_run.start()
    rig.looks.error = RuntimeError("x")
    with pytest.raises(RuntimeError):
        rig.look("a")
    assert rig.ended == 1
    with structlog.testing.capture_logs() as lines:
        assert not rig.dry_run.report()
    assert lines[0]["failed"] == ["a"]


def test_an_interrupted_dry_run_is_not_complete() -> None:
    rig = Rig("a", "b")
    rig.dry_run.start()
    rig.look("a")
    assert not rig.dry_run.report()


@pytest.mark.parametrize(
    ("once", "given", "seconds"), [(True, 0.0, 60.0), (True, 5.0, 5.0), (False, 0.0, math.inf), (False, 5.0, 5.0)]
)
def test_only_a_single_dry_run_has_a_deadline_for_its_caches_by_default(
    once: bool, given: float, seconds: float
) -> None:
    options = Options(dry_run=DryRunOptions(dry_run_once=once), cache=CacheOptions(cache_sync_timeout=given))
    assert sync_timeout(options) == seconds
