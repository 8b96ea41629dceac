"""Two controllers as programs, of which one works: it is killed, ended and frozen, and the other one takes over."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hack.faultproxy.faults import Latency, Match, Rule
from tests.faults.support import ledger
from tests.faults.support.bed import ready_cluster
from tests.faults.support.fleet import Fleet
from tests.faults.support.reads import fillings
from tests.faults.support.replicas import LEASE_DURATION, NAMESPACE, Replica, leader, out_of_turn, token_of_its_own
from tests.integration.support.clusters import Cluster, proxied
from tests.integration.support.engines import Engine
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually

DEADLINE = 60.0
WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A cluster in which two controllers are to run."""

    cluster: Cluster
    requests: Requests
    fleet: Fleet
    folder: Path
    stack: ExitStack

    def start(self, number: int, *rules: Rule, **options: Any) -> Replica:
        """Start one, behind a proxy with these rules, and wait until it competes for the lease or has it."""
        credential, kubeconfig = token_of_its_own(self.cluster, f"replica-{number}", self.folder)
        witness = self.cluster.witness(credential)
        proxy, through = self.stack.enter_context(proxied(kubeconfig, self.folder, witness=witness))
        proxy.set_rules(*rules)
        log = self.folder / f"replica-{number}.log"
        replica = Replica(
            credential=credential,
            proxy=proxy,
            kubeconfig=through,
            log=log,
            number=number,
            workers=WORKERS,
            namespace=NAMESPACE,
            **options,
        )
        self.stack.callback(replica.process.stop)
        replica.process.start()
        eventually(
            lambda: any(e.resource == "leases" and e.credential == credential for e in self.requests.all()),
            lambda: f"it competes for the lease; it printed {replica.process.output()}",
        )
        return replica

    def leads(self, replica: Replica) -> None:
        """Wait until it holds the lease."""
        eventually(lambda: leader(self.requests.all()) == replica.credential, f"{replica.credential} leads")

    def right(self) -> None:
        """Wait until every environment is as it was asked for, each effect done once."""
        self.fleet.settled(DEADLINE)
        ledger.check(self.requests, lives=self.fleet.lives, living=self.fleet.living)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        cluster = stack.enter_context(ready_cluster())
        stack.enter_context(Engine(cluster))
        yield Pair(
            cluster=cluster, requests=Requests(cluster.audit), fleet=Fleet(cluster), folder=tmp_path, stack=stack
        )


def test_the_standby_takes_over_from_a_killed_leader_without_a_list(pair: Pair) -> None:
    first, second = pair.start(0), pair.start(1)
    pair.fleet.create(range(3), "one")
    pair.right()
    assert (first.leads(), second.leads()) == (True, False)
    assert second.queued() == 0, "nothing works on its queues, so they would grow for ever"

    mark, killed = pair.requests.mark(), time.monotonic()
    first.process.kill()
    pair.fleet.update([0], "two")
    pair.fleet.create([3], "two")
    pair.leads(second)
    assert time.monotonic() - killed < LEASE_DURATION + 10

    pair.right()
    assert second.leads()
    assert fillings(pair.requests.all(mark)) == [], "its caches were not warm"
    assert out_of_turn(pair.requests.all()) == []


def test_a_leader_that_is_terminated_hands_over_its_lease_at_once(pair: Pair) -> None:
    # So long that the test cannot pass by waiting for the end of the lease.
    durations = {"lease_duration": 60, "lease_renew_deadline": 40}
    first, second = pair.start(0, **durations), pair.start(1, **durations)
    pair.fleet.create(range(5), "one")
    signaled = time.monotonic()
    first.process.signal(signal.SIGTERM)
    pair.leads(second)
    assert time.monotonic() - signaled < 5
    assert first.process.ended() == 0
    pair.right()
    assert out_of_turn(pair.requests.all()) == []


def freeze_while_writing(pair: Pair, latency: float) -> Replica:
    """Freeze the leader while each of its workers waits for a write, which takes `latency` seconds to arrive, until
    another one leads."""
    writes = Match(path="/environmentprovisioners/", methods=("PATCH",))
    first = pair.start(0, Rule(fault=Latency(seconds=latency), match=writes))
    second = pair.start(1)
    pair.fleet.create(range(10), "one")
    first.proxy.wait_for("latency", WORKERS)
    first.process.signal(signal.SIGSTOP)
    pair.leads(second)
    return first


@pytest.mark.slow
def test_late_requests_of_a_frozen_leader_are_harmless_and_it_sends_no_more(pair: Pair) -> None:
    first = freeze_while_writing(pair, LEASE_DURATION + 4)
    eventually(lambda: out_of_turn(pair.requests.all()), "what was on its way arrives")
    first.process.signal(signal.SIGCONT)
    assert first.process.ended() != 0
    pair.right()
    late = out_of_turn(pair.requests.all())
    assert len(late) <= WORKERS
    assert {entry.credential for entry in late} == {first.credential}


@pytest.mark.slow
def test_a_frozen_leader_that_wakes_does_not_continue_as_the_leader(pair: Pair) -> None:
    # The answers lie ready when it wakes, and every one of them calls for the next write.
    first = freeze_while_writing(pair, 1.0)
    first.process.signal(signal.SIGCONT)
    assert first.process.ended() != 0
    pair.right()
    assert out_of_turn(pair.requests.all()) == []


@pytest.mark.promise("leader election")
@pytest.mark.slow
def test_a_leader_with_a_stuck_renewal_writes_nothing_after_its_lease_expires(pair: Pair) -> None:
    # Each request for the lease may take half of the deadline: what the server does not answer, what it answers late,
    # and what it does not answer again keep the renewing thread for half of the deadline beyond it.
    durations = {"lease_duration": 8.0, "lease_renew_deadline": 7.6}
    first, second = pair.start(0, **durations), pair.start(1, **durations)
    pair.fleet.create([0], "one")
    pair.right()
    first.proxy.set_rules(
        Rule(fault=Latency(seconds=60.0), match=Match(path="/leases/", methods=("PUT",))),
        Rule(fault=Latency(seconds=3.4), match=Match(path="/leases/", methods=("GET",))),
    )
    pair.leads(second)
    pair.fleet.update([0], "two")
    eventually(lambda: "not the leader" in first.process.output(), "its workers want to write and may not")
    assert first.process.ended() != 0
    pair.right()
    assert out_of_turn(pair.requests.all()) == []


@pytest.mark.slow
def test_a_leader_ended_by_an_outage_leads_again_at_once_with_the_same_name(pair: Pair) -> None:
    # Much longer than the test waits. The pauses between two attempts at the lease are too long to be waited for too.
    durations = {"lease_duration": 60.0, "lease_renew_deadline": 7.0, "lease_retry_period": 5.0}
    leader = pair.start(0, lease_identity="first", max_backoff=60, **durations)
    pair.fleet.create([0], "one")
    pair.right()
    leader.proxy.refuse()
    assert leader.process.ended() != 0
    pair.fleet.update([0], "two")
    pair.fleet.create([1], "one")
    leader.process.start()
    leader.process.logged("API server unavailable")

    mark, back = pair.requests.mark(), time.monotonic()
    leader.proxy.accept()
    eventually(
        lambda: pair.requests.writes(mark, environment=pair.fleet.name(1)), "the environment that waits is reconciled"
    )
    assert time.monotonic() - back < 5
    pair.right()
    assert out_of_turn(pair.requests.all()) == []
