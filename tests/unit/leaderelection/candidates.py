"""Candidates for one lease, and an API that stores it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.apimachinery.errors import ApiError, status_error
from controller.leaderelection import LeaderElectionConfig, LeaderElector
from controller.metrics import Registry
from tests.unit.fakes import FakeClock, eventually
from tests.unit.measured import measured

WALL = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)

CONFLICT = status_error(409, {"kind": "Status", "reason": "Conflict", "message": "changed"})

GONE = status_error(404, {"kind": "Status", "reason": "NotFound", "message": "no lease"})


class LeaseApi:
    """One Lease with optimistic concurrency; `fail` and `before` change the outcome of requests."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.calls: list[str] = []
        self.fail: dict[str, list[ApiError]] = {"get": [], "create": [], "replace": []}
        self.broken: ApiError | None = None
        self.before: Callable[[str], None] = lambda verb: None

    def get(self, resource: Any, name: str, *, namespace: str = "") -> dict[str, Any]:
        self._begin("get")
        with self.lock:
            if self.lease is None:
                raise GONE
            return copy.deepcopy(self.lease)

    def create(self, resource: Any, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        self._begin("create")
        with self.lock:
            if self.lease is not None:
                raise status_error(409, {"kind": "Status", "reason": "AlreadyExists"})
            return self._store(obj)

    def replace(self, resource: Any, name: str, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        self._begin("replace")
        with self.lock:
            if self.lease is None:
                raise GONE
            if obj["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
                raise CONFLICT
            return self._store(obj)

    def held(self, holder: str, *, duration: int = 15, transitions: int = 3, renewed: str = "") -> None:
        """Another process wrote the lease."""
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration,
            "acquireTime": "2020-01-01T00:00:00.000000Z",
            "renewTime": renewed or "2020-01-01T00:00:00.000000Z",
            "leaseTransitions": transitions,
        }
        with self.lock:
            self._store({"metadata": {"name": "lock", "namespace": "ns"}, "spec": spec})

    @property
    def spec(self) -> dict[str, Any]:
        assert self.lease is not None
        return self.lease["spec"]

    def _begin(self, verb: str) -> None:
        self.calls.append(verb)
        self.before(verb)
        if self.broken is not None:
            raise self.broken
        if self.fail[verb]:
            raise self.fail[verb].pop(0)

    def _store(self, obj: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = copy.deepcopy(obj)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        return copy.deepcopy(self.lease)


class Candidate:
    """An elector with its own clock, and the calls that it made."""

    def __init__(self, api: LeaseApi, clock: FakeClock, identity: str = "me", *, skew: float = 0.0) -> None:
        self.api = api
        self.clock = clock
        self.registry = Registry()
        self.reports: list[str] = []
        start = clock.now()
        self.elector = LeaderElector(
            client=api,
            config=LeaderElectionConfig(namespace="ns", name="lock", identity=identity),
            registry=self.registry,
            clock=clock,
            now=lambda: WALL + timedelta(seconds=clock.now() - start + skew),
            rand=lambda: 0.0,
        )

    def start(self) -> Candidate:
        self.elector.start(
            on_started=lambda: self.reports.append("started"), on_lost=lambda: self.reports.append("lost")
        )
        return self

    def shows_leading(self) -> bool:
        return measured(self.registry, "leader_election_master_status", name="lock") == 1

    def slow_renewals(self) -> float:
        return measured(self.registry, "leader_election_slowpath_total", name="lock")

    def idle(self) -> None:
        """Wait until it waits for its next attempt."""
        eventually(lambda: self.clock.waiters() >= 1)

    def round(self, seconds: float = 2.0) -> None:
        """Let time pass and the attempt that is due then happen."""
        self.idle()
        before = len(self.api.calls)
        self.clock.advance(seconds)
        eventually(lambda: len(self.api.calls) > before or "lost" in self.reports)
        eventually(lambda: self.clock.waiters() >= 1 or "lost" in self.reports)

    def lead(self) -> Candidate:
        self.start()
        eventually(lambda: self.reports == ["started"])
        self.idle()
        return self
