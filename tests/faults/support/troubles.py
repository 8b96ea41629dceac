"""What can be wrong between the controller and the API server, each at any size, and the proof that it really was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from controller.environment.watches import WATCHES
from hack.faultproxy.faults import (
    Answer,
    DelayWatch,
    DropWatch,
    HalfOpenWatch,
    Latency,
    ResetAfter,
    ResetBefore,
    Rule,
)
from tests.faults.support.bed import Bed
from tests.faults.support.reads import fillings

_INFORMERS = len(WATCHES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is, and how bad it is. Times are in seconds.

    Attributes:
        environments: how many.
        deaths: how many of them are deleted.
        deadline: for one stage of their lives.
        lifetime: of a watch that is dropped; not under a second, or every drop would count as a failure.
        silence: after which the controller gives a watch up.
        latency: of every request.
        delay: of the watch streams.
    """

    environments: int
    deaths: int
    deadline: float
    lifetime: float
    silence: float
    latency: float
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind.

    Attributes:
        rules: of the proxy, all the time.
        options: of the controller.
        meanwhile: entered around the requests of each stage; when it is left, the controller has to cope.
        happened: fails if the trouble did not happen.
        streams, hooks: see `bed`.
    """

    rules: tuple[Rule, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[Bed], AbstractContextManager[None]] = lambda _: nullcontext()
    happened: Callable[[Bed], None]
    streams: bool = True
    hooks: bool = False


def watches_dropped(size: Size) -> Trouble:
    """Every watch ends at a certain age."""

    @contextmanager
    def meanwhile(bed: Bed) -> Iterator[None]:
        before = bed.proxy.counters().get("watch-drop", 0)
        yield
        bed.proxy.wait_for("watch-drop", before + _INFORMERS)

    return Trouble(
        rules=(Rule(fault=DropWatch(after=size.lifetime)),),
        meanwhile=meanwhile,
        happened=_counted("watch-drop", 3 * _INFORMERS),
    )


def history_compacted(size: Size) -> Trouble:
    """The history is compacted under the running watches; when they end, nothing leads on from where they were."""

    @contextmanager
    def meanwhile(bed: Bed) -> Iterator[None]:
        yield
        bed.local.compact()
        bed.proxy.drop_watches()

    return Trouble(meanwhile=meanwhile, happened=_listed_again, streams=False, hooks=True)


def server_restarted(size: Size) -> Trouble:
    """The API server is away for a moment and comes back as it was."""
    return Trouble(meanwhile=_restarting(keep_history=True), happened=_counted("upstream-lost", 3), hooks=True)


def server_restarted_without_history(size: Size) -> Trouble:
    """The API server comes back without its watch history."""

    def happened(bed: Bed) -> None:
        _counted("upstream-lost", 3)(bed)
        _listed_again(bed)

    return Trouble(meanwhile=_restarting(keep_history=False), happened=happened, streams=False, hooks=True)


def watches_half_open(size: Size) -> Trouble:
    """Watches are accepted and then silent, also those opened instead, until the network is well again."""

    @contextmanager
    def meanwhile(bed: Bed) -> Iterator[None]:
        before = bed.proxy.counters().get("watch-half-open", 0)
        bed.proxy.set_rules(Rule(fault=HalfOpenWatch()))
        yield
        bed.proxy.wait_for("watch-half-open", before + 2 * _INFORMERS, timeout=size.deadline)
        bed.proxy.set_rules()

    return Trouble(
        options={"watch_read_timeout": size.silence},
        meanwhile=meanwhile,
        happened=_counted("watch-half-open", 6 * _INFORMERS),
    )


def requests_failing(size: Size) -> Trouble:
    """Seven of ten requests fail, each in one of four ways."""
    return Trouble(
        rules=(
            Rule(fault=Answer(code=500), percent=30),
            # A second before each repetition would be most of the time of a deletion, and shows nothing more.
            Rule(fault=Answer(code=429, retry_after=0), percent=20),
            Rule(fault=ResetBefore(), percent=10),
            Rule(fault=ResetAfter(), percent=10),
        ),
        # Most of them wait most of the time, and a deletion needs luck several times in a row.
        options={"workers": max(4, size.environments // 5), "max_backoff": 0.02},
        happened=_counted_all({"answer-500": 5, "answer-429": 5, "reset-before": 2, "reset-after": 2}),
    )


def everything_slow(size: Size) -> Trouble:
    """Every request takes its time."""
    return Trouble(
        rules=(Rule(fault=Latency(seconds=size.latency)),),
        options={"workers": max(4, size.environments // 5)},
        happened=_counted("latency", 5 * size.environments),
    )


def watches_late(size: Size) -> Trouble:
    """What the controller sees of the cluster is old, its own writes too."""
    return Trouble(
        rules=(Rule(fault=DelayWatch(seconds=size.delay)),),
        happened=_counted("watch-delay", 5 * size.environments),
    )


TROUBLES: dict[str, Callable[[Size], Trouble]] = {
    "watches dropped": watches_dropped,
    "history compacted under watches": history_compacted,
    "server restarted": server_restarted,
    "server restarted without history": server_restarted_without_history,
    "watches half-open": watches_half_open,
    "requests failing": requests_failing,
    "everything slow": everything_slow,
    "watches late": watches_late,
}


def _counted(name: str, least: int) -> Callable[[Bed], None]:
    return _counted_all({name: least})


def _counted_all(least: Mapping[str, int]) -> Callable[[Bed], None]:
    def happened(bed: Bed) -> None:
        counters = bed.proxy.counters()
        missing = {name: counters.get(name, 0) for name, count in least.items() if counters.get(name, 0) < count}
        assert not missing, f"too little went wrong: {missing}"

    return happened


def _listed_again(bed: Bed) -> None:
    lists = [entry.resource for entry in fillings(bed.requests.all()) if entry.verb == "list"]
    assert len(lists) > len(set(lists)), "no watch was notified that its history is gone"


def _restarting(*, keep_history: bool) -> Callable[[Bed], AbstractContextManager[None]]:
    @contextmanager
    def meanwhile(bed: Bed) -> Iterator[None]:
        yield
        before = bed.proxy.counters().get("upstream-lost", 0)
        # This is about the controller: the engine shall not have to find its way as well.
        bed.engine.stop()
        bed.local.stop()
        bed.proxy.wait_for("upstream-lost", before + 1)
        bed.local.restart(keep_history=keep_history)
        bed.engine.start()

    return meanwhile
