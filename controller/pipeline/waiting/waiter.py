"""Waits until an environment reaches a goal, fails, or the timeout expires. Reports each change."""

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
    """The timeout has expired. The message says how far the environment got."""


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
    """Wait until the environment `name` has reached `goal` or has failed. `timeout` is in seconds.

    `wanted` is the published file, of which only the spec is compared. `report` is called once for every change. Raises
    TimedOut, and errors.ApiError if waiting longer cannot help.
    """
    last = "its state is unknown"

    def report_change(message: str) -> None:
        nonlocal last
        if message != last:
            last = message
            report(message)

    with Scope(timeout=timeout, clock=clock).bound() as scope:
        try:
            for live in states(client, name, scope=scope, trouble=report_change):
                judgement = judge(goal, live, wanted=wanted)
                if judgement.state is not State.PENDING:
                    return judgement
                report_change(judgement.message)
        except RequestTimeout as error:
            raise TimedOut(f"not {goal} within {timeout:g}s: {last}") from error
    raise AssertionError("the states of an environment never end")
