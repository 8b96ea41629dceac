"""What goes wrong: the controller's processes, its network, its clock, the API server and the release engine.

Each fault begins with a call, and gives back how long it lasts and what ends it. So several last at the same time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from hack.faultproxy.faults import (
    Answer,
    DelayWatch,
    DropWatch,
    Ending,
    HalfOpenWatch,
    Latency,
    ResetAfter,
    ResetBefore,
    Rule,
)
from hack.soak.bed import Bed
from hack.soak.replicas import Replica
from hack.standins import plays

# Longer than the lease of a leader, which lasts for 15 s.
_FROZEN_SECONDS = 20.0
_NETWORKS: dict[str, tuple[Rule, ...]] = {
    "slow requests": (Rule(fault=Latency(seconds=0.3, jitter=0.7)),),
    "answers 429 and 500": (
        Rule(fault=Answer(code=429, retry_after=1), percent=20),
        Rule(fault=Answer(code=500), percent=20),
    ),
    "resets": (Rule(fault=ResetBefore(), percent=15), Rule(fault=ResetAfter(), percent=15)),
    "watches end": (Rule(fault=DropWatch(after=1.0, ending=Ending.RESET)),),
    "late watches": (Rule(fault=DelayWatch(seconds=3.0)),),
    "silent watches": (Rule(fault=HalfOpenWatch()),),
}
_JUMPS = (-3600.0, -600.0, -60.0, 45.0, 300.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Lasting:
    """A fault that has begun: what ends it, and after how many seconds."""

    seconds: float
    end: Callable[[], None]


_AT_ONCE = Lasting(0.0, lambda: None)


class Faults:
    """Not thread-safe."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed

    # Processes.

    def kill(self) -> Lasting:
        """Kill the leader; it is started again after a moment."""
        return self._signal(self._bed.leader(), signal.SIGKILL, "the leader is killed")

    def terminate(self) -> Lasting:
        """Ask the leader to end."""
        return self._signal(self._bed.leader(), signal.SIGTERM, "the leader is asked to end")

    def kill_other(self) -> Lasting:
        """Kill a replica that does not lead."""
        leader = self._bed.leader()
        others = [replica for replica in self._bed.replicas if replica is not leader and replica.ended() is None]
        return self._signal(others[0] if others else None, signal.SIGKILL, "a standby is killed")

    def freeze(self) -> Lasting:
        """Stop the leader for longer than its lease, and let it run again."""
        replica = self._bed.leader()
        if replica is None:
            return _AT_ONCE
        self._signal(replica, signal.SIGSTOP, "the leader is stopped for longer than its lease")
        return Lasting(_FROZEN_SECONDS, lambda: replica.send(signal.SIGCONT))

    def change_limit(self) -> Lasting:
        """Start both replicas with another limit."""
        count = self._bed.settings.environments
        limit = self._bed.dice.choice([count // 2, count * 3 // 4, count, 0])
        self._write("the limit changes", limit=limit)
        self._bed.set_limit(limit)
        for replica in self._bed.replicas:
            replica.send(signal.SIGTERM)
        return _AT_ONCE

    # The network of one replica, or of all.

    def disturb(self) -> Lasting:
        """Let requests or watches fail."""
        dice = self._bed.dice
        name = dice.choice(list(_NETWORKS))
        chosen = self._some()
        seconds = round(dice.uniform(3.0, 15.0), 1)
        self._write("network", fault=name, of=_names(chosen), seconds=seconds)
        for replica in chosen:
            replica.proxy.set_rules(*_NETWORKS[name])

        def heal() -> None:
            for replica in chosen:
                replica.proxy.heal()
                if name == "silent watches":
                    # Such a watch never comes back to life; the controller would wait minutes for it.
                    replica.proxy.drop_watches(ending=Ending.RESET)

        return Lasting(seconds, heal)

    def drop_watches(self) -> Lasting:
        """End all watches of some replicas now."""
        chosen = self._some()
        self._write("watches dropped", of=_names(chosen))
        for replica in chosen:
            replica.proxy.drop_watches(ending=Ending.RESET)
        return _AT_ONCE

    def partition(self) -> Lasting:
        """Refuse the connections of one replica, for less than a leader may be without its lease."""
        replica = self._bed.dice.choice(self._bed.replicas)
        seconds = round(self._bed.dice.uniform(1.0, 5.0), 1)
        self._write("partition", of=replica.name, seconds=seconds)
        replica.proxy.refuse()
        return Lasting(seconds, replica.proxy.heal)

    # The clock.

    def jump(self) -> Lasting:
        """Let the wall clock of some replicas jump, and later back."""
        chosen, offset = self._some(), self._bed.dice.choice(_JUMPS)
        seconds = round(self._bed.dice.uniform(5.0, 25.0), 1)
        self._write("clock jumps", of=_names(chosen), by=offset, seconds=seconds)
        for replica in chosen:
            replica.move_clock(offset)

        def back() -> None:
            for replica in chosen:
                replica.move_clock(0.0)

        return Lasting(seconds, back)

    # The API server.

    def restart_server(self) -> Lasting:
        """Take the local cluster away, and bring it back without the history of its watches."""
        if not self._bed.site.is_local:
            return _AT_ONCE
        seconds = round(self._bed.dice.uniform(0.2, 2.0), 1)
        self._write("API server restarts", away=seconds)
        self._bed.site.stop_cluster()
        return Lasting(seconds, self._start_server)

    def _start_server(self) -> None:
        self._bed.site.start_cluster()
        self._bed.wait(self._bed.answers, "the API server answers")

    # The engine.

    def stop_engine(self) -> Lasting:
        """Stop the engine for a while."""
        if self._bed.engine_stopped:
            return _AT_ONCE
        seconds = round(self._bed.dice.uniform(2.0, 10.0), 1)
        self._write("the engine is stopped", seconds=seconds)
        pid = self._bed.site.programs.pid("engine")
        os.kill(pid, signal.SIGSTOP)
        self._bed.engine_stopped = True

        def go() -> None:
            os.kill(pid, signal.SIGCONT)
            self._bed.engine_stopped = False

        return Lasting(seconds, go)

    def fail_release(self) -> Lasting:
        """Let the engine fail, or take long, with what is done to one release.

        A failed uninstall is left out: the Helm Operator never tries it again, and a teardown then waits
        until its time is over.
        """
        found = self._releases()
        if not found:
            return _AT_ONCE
        obj = self._bed.dice.choice(found)
        annotation = self._bed.dice.choice(
            [
                {plays.FAIL: "install,upgrade"},
                {plays.DELAY: "install=4,upgrade=4,uninstall=4"},
            ]
        )
        name, namespace = objects.name(obj), objects.namespace(obj)
        self._bed.journal.write("the engine has trouble", namespace, release=name, **_short(annotation))
        self._annotate(name, namespace, annotation)
        seconds = round(self._bed.dice.uniform(5.0, 20.0), 1)
        return Lasting(seconds, lambda: self._annotate(name, namespace, dict.fromkeys(annotation)))

    def heal_releases(self) -> None:
        """Let the engine succeed with everything that it can install at all."""
        for obj in self._releases():
            if {plays.FAIL, plays.DELAY} & objects.annotations(obj).keys():
                self._annotate(objects.name(obj), objects.namespace(obj), {plays.FAIL: None, plays.DELAY: None})

    # How.

    def supervise(self) -> None:
        """Start the replicas that have ended again, as a kubelet does."""
        for replica in self._bed.replicas:
            if (code := replica.ended()) is not None:
                self._write("a replica is started again", name=replica.name, code=code)
                replica.start()

    def _signal(self, replica: Replica | None, number: signal.Signals, what: str) -> Lasting:
        if replica is not None and not replica.stopped:
            self._write(what, name=replica.name)
            replica.send(number)
        return _AT_ONCE

    def _some(self) -> list[Replica]:
        replicas = self._bed.replicas
        return self._bed.dice.choice([replicas, *([one] for one in replicas)])

    def _releases(self) -> list[dict[str, Any]]:
        with suppress(ApiError):
            items = self._bed.client.list(self._bed.releases)["items"]
            return [obj for obj in items if objects.namespace(obj) in self._bed.environments]
        return []

    def _annotate(self, name: str, namespace: str, annotations: Mapping[str, str | None]) -> None:
        with suppress(ApiError):
            patch = {"metadata": {"annotations": annotations}}
            self._bed.client.patch(self._bed.releases, name, patch, namespace=namespace)

    def _write(self, what: str, **details: Any) -> None:
        self._bed.journal.write(what, **details)


def _names(replicas: list[Replica]) -> str:
    return "all" if len(replicas) > 1 else replicas[0].name


def _short(annotations: dict[str, str]) -> dict[str, str]:
    return {name.rpartition("/")[2]: value for name, value in annotations.items()}
