"""What a scenario consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.api.flux import GitRepository, HelmRelease
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from tests.standins.flux_scenarios.world import Setup, World

HELM_RELEASE = "HelmRelease"
GIT_REPOSITORY = "GitRepository"


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """What an object has to look like at the end of a step.

    Attributes:
        type, status, reason: of a condition about the object's present generation; type "": of none.
        words: what the message of that condition contains.
        settled: whether the controller must have finished with that generation.
        version: the newest revision in the history must be at least this one.
        action: what made the newest revision in the history what it is.
        failures: how often it must have failed at least.
        gone: the object must not exist, and nothing else counts.
    """

    kind: str = HELM_RELEASE
    type: str = ""
    status: str = "True"
    reason: str = ""
    words: str = ""
    settled: bool = False
    version: int = 0
    action: str = ""
    failures: int = 0
    gone: bool = False

    def holds(self, obj: Object | None) -> bool:
        """Whether an object, or None if it does not exist, looks like this."""
        if obj is None or self.gone:
            return obj is None and self.gone
        view = HelmRelease(obj) if self.kind == HELM_RELEASE else GitRepository(obj)
        found = view.current(self.type)
        history = objects.mappings(view.status.get("history"))
        return (
            (not self.type or (found.get("status"), found.get("reason")) == (self.status, self.reason))
            and self.words in objects.text(found.get("message"))
            and (not self.settled or (view.is_observed and not view.condition("Reconciling")))
            and (not self.action or (bool(history) and history[0].get("action") == self.action))
            and (not self.version or any(each["version"] >= self.version for each in history))
            and int(view.status.get("failures") or 0) >= self.failures
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done, and what Flux makes of it in the end."""

    what: str
    do: Callable[[World], None]
    until: tuple[Until, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is done in a world.

    Attributes:
        about: one sentence.
        requeue_dependency: the option of the stand-in: seconds until it looks again at a chart that is not ready.
    """

    about: str
    requeue_dependency: float = 30.0
    setup: Setup = field(default_factory=Setup)
    steps: tuple[Step, ...]
