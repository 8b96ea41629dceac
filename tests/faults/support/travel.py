"""Takes a journey, undisturbed or with something that goes wrong, and returns what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from controller.api.flux import GIT_REPOSITORIES
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES
from hack.localcluster.audit import AuditEntry
from tests.faults.support import endstate
from tests.faults.support.journeys import Journey, Scene, Stage
from tests.faults.support.laboratory import Fault, Laboratory
from tests.faults.support.ledger import accepted
from tests.integration.support.requests import summary
from tests.integration.support.waiting import eventually

# What is created and deleted in an order that matters.
_IN_ORDER = frozenset({NAMESPACES.plural, HELM_RELEASES.plural, GIT_REPOSITORIES.plural})


class Disturbance(Fault, Protocol):
    """A fault, and what has to be done about it.

    Attributes:
        struck: whether it has happened.
    """

    struck: bool

    def begin(self, laboratory: Laboratory) -> None:
        """The part of the journey begins in which it may happen."""

    def rest(self, laboratory: Laboratory) -> None:
        """The journey is over, and it has not happened yet."""

    def mend(self, laboratory: Laboratory) -> None:
        """Have a controller run again; called once, after it has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Travelled:
    """What came of a journey.

    Attributes:
        ours: what there is of the environment in the end.
        touched: what else has changed.
        points: how many writes the controller asked for in the stages of the journey (no Events).
        writes: the same with the look that follows, without those that were refused because a binding was too new: how
            often one of them is repeated depends on the server.
        acts: which objects were created and deleted, each once.
        order: those of them that have to be in this order.
    """

    ours: Mapping[str, Any]
    touched: Sequence[str]
    points: int
    writes: Sequence[str]
    acts: Sequence[str]
    order: Sequence[str]


def travel(
    laboratory: Laboratory,
    journey: Journey,
    disturbance: Disturbance | None = None,
    *,
    wanted: Mapping[str, Any] | None = None,
) -> Travelled:
    """Take a new environment on a journey, and remove it afterwards.

    Args:
        laboratory: where.
        journey: which.
        disturbance: what goes wrong meanwhile.
        wanted: what should be there in the end.

    Raises:
        AssertionError: a stage does not come to its end, or what should be there is not.
    """
    laboratory.run(**journey.options)
    scene = Scene(laboratory)
    for stage in journey.before:
        stage.do(scene)
        _wait(scene, partial(stage.over, scene))
    before, mark = endstate.others(laboratory.local, scene.names), laboratory.requests.mark()
    if disturbance is None:
        for stage in journey.stages:
            stage.do(scene)
            _wait(scene, partial(stage.over, scene))
    else:
        _go_disturbed(scene, journey.stages, disturbance)
    points = len(laboratory.requests.writes(mark))
    # So that the controller shows what it would still do.
    laboratory.look_at(scene.environment if scene.environment.exists() else laboratory.neighbour)
    if wanted is not None:
        _wait(scene, partial(_is_right, scene, wanted), partial(_differences, scene, wanted))
    made = laboratory.requests.writes(mark)
    acts = _acts(made)
    travelled = Travelled(
        ours=endstate.ours(laboratory.local, scene.names),
        touched=endstate.differences(before, endstate.others(laboratory.local, scene.names)),
        points=points,
        writes=[_line(entry, scene) for entry in made if entry.code != HTTPStatus.FORBIDDEN],
        acts=sorted(_line(entry, scene) for entry in acts),
        order=[_line(entry, scene) for entry in acts if entry.resource in _IN_ORDER],
    )
    scene.remove()
    return travelled


def _go_disturbed(scene: Scene, stages: Sequence[Stage], disturbance: Disturbance) -> None:
    laboratory, is_mended = scene.laboratory, False

    def mend() -> None:
        nonlocal is_mended
        if disturbance.struck and not is_mended:
            is_mended = True
            disturbance.mend(laboratory)

    def is_over(stage: Stage) -> bool:
        mend()
        return stage.over(scene)

    disturbance.begin(laboratory)
    laboratory.let(disturbance)
    for stage in stages:
        stage.do(scene)
        _wait(scene, partial(is_over, stage))
    laboratory.let(None)
    if not disturbance.struck:
        disturbance.rest(laboratory)
    mend()


def _wait(scene: Scene, condition: Callable[[], object], what: Callable[[], object] = lambda: "") -> None:
    eventually(condition, lambda: f"the stage is over: {what()}\n{scene.story()}")


def _is_right(scene: Scene, wanted: Mapping[str, Any]) -> bool:
    return not _differences(scene, wanted)


def _differences(scene: Scene, wanted: Mapping[str, Any]) -> list[str]:
    return endstate.differences(wanted, endstate.ours(scene.laboratory.local, scene.names))


def _line(entry: AuditEntry, scene: Scene) -> str:
    return endstate.anonymous(summary(entry), scene.names)


def _acts(writes: Sequence[AuditEntry]) -> list[AuditEntry]:
    """The accepted creations, and deletions without those that repeat one."""
    found: dict[str, AuditEntry] = {}
    for number, entry in enumerate(filter(accepted, writes)):
        if entry.verb == "create":
            found[str(number)] = entry
        elif entry.verb == "delete":
            found.setdefault(json.dumps([entry.path, entry.body], sort_keys=True), entry)
    return list(found.values())
