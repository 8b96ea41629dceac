"""Reports one environment once, for a pipeline: waits for limits and outages, but not for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.apimachinery.errors import RequestTimeout
from controller.apimachinery.scope import Scope
from controller.report.accounts import Account
from controller.report.feedback import Feedback
from controller.report.memory import Memory
from controller.report.record import Record
from controller.report.reporter import WRITTEN, Outcome, Reporter

_LATE: Final = Outcome("", None, "the time is over")


def report(feedback: Feedback, account: Account, reporter: Reporter, *, scope: Scope) -> Mapping[str, Outcome]:
    """Return what became of each channel, at the latest when the deadline of `scope` has passed."""
    memory = Memory(uid=feedback.uid, record=Record())
    outcomes: dict[str, Outcome] = {}
    with scope.bound():
        try:
            while True:
                found = reporter.report(feedback, account, memory)
                # A permission that is missing will be missing in a minute, too. So a refusal is the end of a channel.
                outcomes = {**found, **{channel: last for channel, last in outcomes.items() if last.result}}
                waits = [outcome.wait for outcome in outcomes.values() if outcome.result == "" and outcome.wait]
                if not waits:
                    return outcomes
                scope.wait(min(waits))
        except RequestTimeout:
            late = dict.fromkeys(memory.record.due(reporter.wanted(feedback)), _LATE)
            # What was done just before the deadline has no outcome.
            done = {channel: Outcome(WRITTEN) for channel in memory.record.hashes}
            return {**late, **done, **outcomes}
