"""Decides which faults affect a request. Pure, so that a run can be repeated and a table of cases can test it.

Chances are not drawn from one stream of random numbers, because concurrent requests arrive in another order each time.
Each is computed from the seed, the request's method and path, and how many such requests came before: the third PUT of
an object gets the same fault in every run with the same seed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field

from hack.faultproxy.faults import (
    Answer,
    CutWatch,
    DelayWatch,
    DropWatch,
    Ending,
    HalfOpenWatch,
    Latency,
    Request,
    ResetAfter,
    ResetBefore,
    Rule,
    Verdict,
)

Roll = Callable[[str], float]
"""From the name of a chance to a number in [0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """What happens to one watch.

    Attributes:
        lifetime: seconds after which it is ended by `ending`; None: never.
        half_open: nothing is forwarded any more.
        delay: seconds by which events are late.
        cut_after: lines after which one is cut in half and the watch ended by `cut_ending`; None: never.
    """

    lifetime: float | None = None
    ending: Ending = Ending.END
    half_open: bool = False
    delay: float = 0.0
    cut_after: int | None = None
    cut_ending: Ending = Ending.CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to one request: `latency` seconds first, then `verdict` in place of the server's answer (None:
    forward it), and `watch` if the request opens one."""

    latency: float = 0.0
    verdict: Verdict | None = None
    watch: WatchPlan = field(default_factory=WatchPlan)


class Decider:
    """Applies rules to requests; remembers how often each rule was used, and each request seen."""

    def __init__(self, *, rules: Sequence[Rule] = (), seed: int = 0) -> None:
        self._rules = tuple(rules)
        self._seed = seed
        self._used: Counter[int] = Counter()
        self._seen: Counter[tuple[str, str]] = Counter()

    def decide(self, request: Request) -> Decision:
        """The fate of the next such request."""
        identity = (request.method, request.path)
        occurrence = self._seen[identity]
        self._seen[identity] += 1

        def roll(name: str) -> float:
            return chance(self._seed, *identity, occurrence, name)

        spent = {i for i, rule in enumerate(self._rules) if rule.times is not None and self._used[i] >= rule.times}
        chosen = choose(self._rules, request, roll, spent)
        self._used.update(chosen)
        return combine(((f"jitter {i}", self._rules[i]) for i in chosen), roll)


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest()) / 2**48


def choose(rules: Sequence[Rule], request: Request, roll: Roll, spent: Container[int] = ()) -> list[int]:
    """The indices of the rules that meet `request`; at most one of them answers or resets."""
    chosen: list[int] = []
    point = roll("verdict") * 100
    share, settled = 0.0, False
    for index, rule in enumerate(rules):
        if index in spent or not rule.match.meets(request):
            continue
        if isinstance(rule.fault, Verdict):
            share += rule.percent
            if not settled and point < share:
                settled = True
                chosen.append(index)
        elif (request.watch or isinstance(rule.fault, Latency)) and roll(f"rule {index}") * 100 < rule.percent:
            chosen.append(index)
    return chosen


def combine(chosen: Iterable[tuple[str, Rule]], roll: Roll) -> Decision:
    """One decision from several rules, each with a name for its chance. Latencies and delays add up; of two lifetimes
    the shorter one counts, and of two cuts the earlier."""
    latency, delay = 0.0, 0.0
    half_open = False
    verdict: Verdict | None = None
    drop: DropWatch | None = None
    cut: CutWatch | None = None
    for name, rule in chosen:
        match rule.fault:
            case Latency(seconds=seconds, jitter=jitter):
                latency += seconds + jitter * roll(name)
            case Answer() | ResetBefore() | ResetAfter() as fault:
                verdict = fault
            case DropWatch() as fault:
                drop = fault if drop is None or fault.after < drop.after else drop
            case HalfOpenWatch():
                half_open = True
            case DelayWatch(seconds=seconds):
                delay += seconds
            case CutWatch() as fault:
                cut = fault if cut is None or fault.after_lines < cut.after_lines else cut
    watch = WatchPlan(
        lifetime=drop.after if drop else None,
        ending=drop.ending if drop else Ending.END,
        half_open=half_open,
        delay=delay,
        cut_after=cut.after_lines if cut else None,
        cut_ending=cut.ending if cut else Ending.CLOSE,
    )
    return Decision(latency=latency, verdict=verdict, watch=watch)
