"""Which faults affect a request: decided without a socket, repeatable, and in the requested shares."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hack.faultproxy.decision import Decider, Decision, WatchPlan
from hack.faultproxy.faults import (
    Answer,
    CutWatch,
    DelayWatch,
    DropWatch,
    Ending,
    HalfOpenWatch,
    Latency,
    Match,
    Request,
    ResetAfter,
    ResetBefore,
    Rule,
)

GET = Request(method="GET", path="/api/v1/things")
WATCH = Request(method="GET", path="/api/v1/things", watch=True)
ERROR = Answer(code=500)


def decide(*rules: Rule, request: Request = GET) -> Decision:
    return Decider(rules=rules).decide(request)


def test_without_rules_nothing_happens() -> None:
    assert decide() == decide(request=WATCH) == Decision()


def test_verdicts_share_one_hundred_percent() -> None:
    decider = Decider(
        rules=[
            Rule(fault=ERROR, percent=30),
            Rule(fault=Answer(code=429, retry_after=1), percent=20),
            Rule(fault=ResetBefore(), percent=10),
            Rule(fault=ResetAfter(), percent=10),
        ]
    )
    counts = Counter(decider.decide(GET).verdict for _ in range(10_000))
    assert counts[ERROR] == pytest.approx(3000, rel=0.1)
    assert counts[Answer(code=429, retry_after=1)] == pytest.approx(2000, rel=0.1)
    assert counts[ResetBefore()] == pytest.approx(1000, rel=0.1)
    assert counts[ResetAfter()] == pytest.approx(1000, rel=0.1)
    assert counts[None] == pytest.approx(3000, rel=0.1)


def test_verdicts_that_fill_one_hundred_percent_leave_no_request_alone() -> None:
    decider = Decider(rules=[Rule(fault=ERROR, percent=50), Rule(fault=ResetBefore(), percent=50)])
    assert all(decider.decide(GET).verdict for _ in range(1000))


def test_rules_for_other_requests_do_not_change_the_shares() -> None:
    other = Rule(fault=ERROR, percent=100, match=Match(path="/other"))
    assert decide(other, Rule(fault=ResetBefore())).verdict == ResetBefore()


def test_the_same_seed_repeats_each_requests_fate_despite_other_requests() -> None:
    rules = [Rule(fault=ERROR, percent=50), Rule(fault=Latency(seconds=1, jitter=1), percent=50)]
    other = Request(method="PUT", path="/else")
    alone, mixed = Decider(rules=rules, seed=7), Decider(rules=rules, seed=7)
    first = [alone.decide(GET) for _ in range(50)]
    second = []
    for _ in range(50):
        mixed.decide(other)
        second.append(mixed.decide(GET))
    assert first == second
    assert len({str(decision) for decision in first}) > 10


def test_another_seed_gives_another_run() -> None:
    rules = [Rule(fault=ERROR, percent=50)]
    fates = [Decider(rules=rules, seed=seed).decide(GET).verdict for seed in range(50)]
    assert 10 < fates.count(ERROR) < 40


def test_latency_is_between_its_seconds_and_its_jitter() -> None:
    decider = Decider(rules=[Rule(fault=Latency(seconds=2, jitter=3))])
    latencies = [decider.decide(GET).latency for _ in range(1000)]
    assert 2 <= min(latencies) < 2.1
    assert 4.9 < max(latencies) < 5


def test_latencies_and_delays_add_up_and_the_shortest_life_counts() -> None:
    decision = decide(
        Rule(fault=Latency(seconds=1)),
        Rule(fault=Latency(seconds=2)),
        Rule(fault=DelayWatch(seconds=3)),
        Rule(fault=DelayWatch(seconds=4)),
        Rule(fault=DropWatch(after=9)),
        Rule(fault=DropWatch(after=8, ending=Ending.RESET)),
        Rule(fault=CutWatch(after_lines=5)),
        Rule(fault=CutWatch(after_lines=6, ending=Ending.END)),
        Rule(fault=HalfOpenWatch()),
        request=WATCH,
    )
    assert decision == Decision(
        latency=3,
        watch=WatchPlan(lifetime=8, ending=Ending.RESET, half_open=True, delay=7, cut_after=5, cut_ending=Ending.CLOSE),
    )


def test_watch_rules_are_neither_applied_to_other_requests_nor_used_up_by_them() -> None:
    decider = Decider(rules=[Rule(fault=HalfOpenWatch(), times=1)])
    assert decider.decide(GET) == Decision()
    assert decider.decide(WATCH).watch.half_open
    assert not decider.decide(WATCH).watch.half_open


def test_a_spent_rule_makes_room_for_the_next() -> None:
    decider = Decider(rules=[Rule(fault=ERROR, times=1), Rule(fault=ResetBefore(), times=1)])
    assert [decider.decide(GET).verdict for _ in range(3)] == [ERROR, ResetBefore(), None]


@pytest.mark.parametrize(
    ("match", "meets"),
    [
        (Match(), True),
        (Match(methods=("GET", "PUT")), True),
        (Match(methods=("PUT",)), False),
        (Match(path="things$"), True),
        (Match(path="^things"), False),
        (Match(user_agent="^kube"), True),
        (Match(user_agent="^tronador"), False),
        (Match(watch=True), True),
        (Match(watch=False), False),
        (Match(methods=("GET",), path="other"), False),
    ],
)
def test_a_match_needs_all_of_its_fields(match: Match, meets: bool) -> None:
    request = Request(method="GET", path="/api/v1/things", user_agent="kubectl/1", watch=True)
    assert match.meets(request) is meets


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Latency(seconds=-1), "seconds"),
        (lambda: Latency(seconds=1, jitter=float("nan")), "jitter"),
        (lambda: Answer(code=404), "429 or 5xx"),
        (lambda: Answer(code=429, retry_after=-1), "whole seconds"),
        (lambda: DropWatch(after=float("inf")), "after"),
        (lambda: CutWatch(after_lines=-1), "negative"),
        (lambda: Match(path="("), "regular expression"),
        (lambda: Rule(fault=ERROR, percent=101), "percent"),
        (lambda: Rule(fault=ERROR, times=-1), "times"),
    ],
)
def test_a_wrong_rule_is_refused_when_it_is_made(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
