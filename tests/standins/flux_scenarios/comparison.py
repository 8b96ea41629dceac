"""Compares what the stand-in did in a scenario with what the real Flux did. Pure.

The two objects are compared one by one, because their order among each other differs from run to run. The rules:
- the last state of a step is the same, unless both are busy: a retry may have begun;
- the stand-in shows no state that Flux does not show, and in the same order;
- the stand-in may leave out a state that passes: one in which Flux is busy, so that Reconciling is True;
- a check without a result does not count: "Fulfilling prerequisites" while nothing else changes. Flux begins one for
  each of several reasons, at times of its own;
- a chart that is not built yet does not count: whether a release sees that depends on which controller is quicker;
- a release that is being deleted and still Ready does not count: a check may have begun before;
- a state with a new generation does not count before Flux writes something about that generation. Until then it may
  still finish what it did for the generation before.

Of a failure of Helm or git, only the beginning of the message is compared. The rest differs between their versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.apimachinery.conditions import TRUE, find
from hack.standins.flux.charts import NOT_RECONCILED
from tests.standins.flux_scenarios.recording import GONE, State
from tests.standins.flux_scenarios.scenario import GIT_REPOSITORY, HELM_RELEASE

_CHECK = "Fulfilling prerequisites"
_NOT_BUILT = re.compile(rf"({NOT_RECONCILED}|artifact not found|no artifact available for GitRepository source '\S+')$")
_OF_HELM = re.compile(r"(?s)((?:with chart \S+( failed)?|Could not determine release state|unable to clone '\S+'): ).*")


def differences(flux: Sequence[State], stand_in: Sequence[State]) -> Iterator[str]:
    """Yield in words where the states of one step, `{kind: state}` each, break a rule."""
    for kind in (GIT_REPOSITORY, HELM_RELEASE):
        yield from _of_kind(kind, _states(flux, kind), _states(stand_in, kind))


def _states(seen: Sequence[State], kind: str) -> list[Any]:
    found: list[Any] = []
    for each in seen:
        state = _compared(each[kind]) if kind in each else None
        if state is None or not _is_noticed(state) or _is_early(state) or _is_late(state):
            continue
        if not (found and _same(found[-1], state)):
            found.append(state)
    return found


def _is_noticed(state: Any) -> bool:
    if state == GONE:
        return True
    status = state["status"]
    generations = [status.get("observedGeneration"), *(each["observedGeneration"] for each in status["conditions"])]
    return state["metadata"]["generation"] in generations


def _is_early(state: Any) -> bool:
    ready = {} if state == GONE else find(state["status"]["conditions"], "Ready") or {}
    return _NOT_BUILT.search(str(ready.get("message") or "")) is not None


def _is_late(state: Any) -> bool:
    if state == GONE or "deletionTimestamp" not in state["metadata"]:
        return False
    return (find(state["status"]["conditions"], "Ready") or {}).get("status") == TRUE


def _compared(state: Any) -> Any:
    if state == GONE:
        return state
    conditions = [
        {**condition, "message": _OF_HELM.sub(r"\1...", condition["message"])}
        for condition in state["status"]["conditions"]
    ]
    return {**state, "status": {**state["status"], "conditions": conditions}}


def _same(before: Any, after: Any) -> bool:
    """Whether a state is that before, or a check that changed nothing."""
    if before == after:
        return True
    if GONE in (before, after) or _reconciling(after).get("message") != _CHECK:
        return False
    return bool(_without_reconciling(before) == _without_reconciling(after))


def _without_reconciling(state: Mapping[str, Any]) -> Mapping[str, Any]:
    others = [each for each in state["status"]["conditions"] if each["type"] != "Reconciling"]
    return {**state, "status": {**state["status"], "conditions": others}}


def _of_kind(kind: str, flux: list[Any], stand_in: list[Any]) -> Iterator[str]:
    if flux[-1:] != stand_in[-1:] and not (_is_busy(flux) and _is_busy(stand_in)):
        yield f"{kind} ends as {_said(stand_in[-1:])}\n  instead of {_said(flux[-1:])}"
    place = 0
    for state in stand_in:
        try:
            found = flux.index(state, place)
        except ValueError:
            yield f"{kind} is {_said([state])}\n  which Flux does not show then"
            continue
        yield from (f"{kind} never is {_said([left])}" for left in flux[place:found] if not _passes(left))
        place = found + 1
    yield from (f"{kind} never is {_said([left])}" for left in flux[place:] if not _passes(left))


def _is_busy(states: list[Any]) -> bool:
    return bool(states) and _passes(states[-1])


def _passes(state: Any) -> bool:
    return state != GONE and _reconciling(state).get("status") == TRUE


def _reconciling(state: Mapping[str, Any]) -> Mapping[str, Any]:
    return find(state["status"]["conditions"], "Reconciling") or {}


def _said(states: list[Any]) -> str:
    return "\n  ".join(map(str, states)) or "nothing"
