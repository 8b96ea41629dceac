"""What a status says about corrections that others undo."""

from __future__ import annotations

from typing import Final

from controller.apimachinery.conditions import TRUE, Condition
from controller.apimachinery.resources import Resource
from controller.environment.drift.attempts import Contest, Path
from controller.environment.engines import ENGINES
from controller.environment.observation import Observation
from controller.environment.plan import STATUS, Plan

CONDITION: Final = "Contested"
# The limit of the CRD.
_CONDITION_LIMIT: Final = 32768


def conditions(observation: Observation) -> tuple[Condition, ...]:
    """Return the condition that names what others undo or overwrite; () if nothing is contested."""
    # About the status itself there is only an Event, because the program that rewrites it would remove the condition.
    found = {
        key: attempts.contest
        for key, attempts in observation.attempts.items()
        if attempts.contest is not None and key.phase != STATUS
    }
    if not found:
        return ()
    contests = [found[key] for key in sorted(found, key=str)]
    messages = dict.fromkeys(contest.message for contest in contests)
    message = " ".join(messages)[:_CONDITION_LIMIT]
    return (Condition(CONDITION, TRUE, contests[0].reason, message),)


def of_what_runs(observation: Observation, plan: Plan) -> Contest | None:
    """Return the contest that makes another release run than the one that the spec asks for, or None.

    The engine reports about its object as others have changed it, so its report does not show this.
    """
    for key in sorted(plan.waiting, key=str):
        attempts = observation.attempts.get(key)
        contest = attempts.contest if attempts else None
        if contest and any(_says_what_runs(key.target.resource, path) for path in contest.fields):
            return contest
    return None


def _says_what_runs(resource: Resource, path: Path) -> bool:
    fields = {r: names for engine in ENGINES.values() for r, names in engine.deployed_fields.items()}
    return path[:1] == ("spec",) and path[1:2] != () and path[1] in fields.get(resource, ())
