"""From states to an end: reached, failed, or out of time; each change is told on the way."""

from __future__ import annotations

from collections.abc import Callable

from controller.apimachinery.clock import Clock
from controller.apimachinery.errors import RequestTimeout
from controller.apimachinery.objects import Object
from controller.apimachinery.scope import Scope
from controller.client import Client
from controller.pipeline.waiting.judge import Goal, Judgement, State, judge
from controller.pipeline.waiting.watching import states


class TimedOut(Exception):
    """The time allowed is over; the text says how far it came."""


def wait_for(
    client: Client,
    name: str,
    goal: Goal,
    *,
    wanted: Object | None = None,
    timeout: float,
    report: Callable[[str], None],
    clock: Clock | None = None,
) -> Judgement:
    """Wait until the environment `name` has reached `goal`, or has failed to; `timeout` in seconds.

    `wanted` is the file that was published: only its spec counts. `report` is told of every change, once. Raises
    TimedOut, and errors.ApiError where waiting does not help.
    """
    last = "nothing is known of it"

    def tell(message: str) -> None:
        nonlocal last
        if message != last:
            last = message
            report(message)

    with Scope(timeout=timeout, clock=clock).bound() as scope:
        try:
            for live in states(client, name, scope=scope, trouble=tell):
                judgement = judge(goal, live, wanted=wanted)
                if judgement.state is not State.PENDING:
                    return judgement
                tell(judgement.message)
        except RequestTimeout as error:
            raise TimedOut(f"not {goal} within {timeout:g}s: {last}") from error
    raise AssertionError("the states of an environment never end")
