"""The world as one reconcile sees it: what the caches hold, and what was read or written since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES
from controller.environment.drift.attempts import Attempts, Correction
from controller.environment.effects import Subject, Target
from controller.tronadorconfig.content import Share


class Unknown:
    """Marks an answer that nobody has asked for yet, or that the API server refuses to give."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __repr__(self) -> str:
        return self._word


UNASKED: Final = Unknown("unasked")
# A 403: in a terminating namespace even our own rights may be gone already.
REFUSED: Final = Unknown("refused")


@dataclass(frozen=True, slots=True)
class Unchangeable:
    """An object could not be applied, only because fields of the one that exists cannot be changed.

    `fields` are their paths. `replaced`: we deleted it already for that reason, and somebody created it again.
    """

    fields: tuple[str, ...]
    replaced: bool = False


Answers = Mapping[Subject, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A frozen view of one environment's world.

    Attributes:
        cached_environment: the EnvironmentProvisioner in the cache.
        cached_namespace: the namespace of its name in the cache, or None.
        cached: the objects of the release engines (HelmReleases, GitRepositories) in that namespace that carry its
            label.
        share: what TronadorConfig gives to it.
        has_config: whether the cache has the TronadorConfig that counts.
        own_namespace: the controller's own namespace in the cache, or None.
        own_secrets: those Secrets of the controller's own namespace, by name, that are to be copied into it.
        answers: for a Target the live object or None where it is gone, for a Listing its items as a tuple, for a
            GroupVersion the Resources that are served there; each may be REFUSED. What we wrote ourselves in this
            reconcile stands here too, so it outweighs the caches; for an Outcome True where it was applied, or an
            Unchangeable.
        ages: seconds that each running timer has run.
        attempts: the corrections that were made before, and when each is due again.
        now: wall clock, for conditions.
    """

    cached_environment: Object
    cached_namespace: Object | None
    cached: Mapping[Target, Object]
    share: Share = field(default_factory=Share)
    has_config: bool = True
    own_namespace: Object | None = None
    own_secrets: Mapping[str, Object] = field(default_factory=dict, repr=False)
    answers: Answers = field(default_factory=dict, repr=False)
    ages: Mapping[str, float] = field(default_factory=dict)
    attempts: Mapping[Correction, Attempts] = field(default_factory=dict)
    now: datetime

    @property
    def environment(self) -> Environment:
        """The environment, as fresh as we know it."""
        name = objects.name(self.cached_environment)
        return Environment(self.answers.get(Target(ENVIRONMENTS, name)) or self.cached_environment)

    @property
    def environment_target(self) -> Target:
        return Target(ENVIRONMENTS, self.environment.name)

    @property
    def namespace_target(self) -> Target:
        return Target(NAMESPACES, self.environment.namespace_name)

    @property
    def namespace(self) -> Object | None:
        """The namespace, as fresh as we know it, or None."""
        answer = self.answers.get(self.namespace_target, UNASKED)
        return self.cached_namespace if isinstance(answer, Unknown) else answer

    def get(self, target: Target) -> Object | None:
        """An object of a release engine, as fresh as we know it, or None."""
        answer = self.answers.get(target, UNASKED)
        return self.cached.get(target) if isinstance(answer, Unknown) else answer

    def answer(self, subject: Subject) -> Any:
        """What was read live in this reconcile, UNASKED or REFUSED."""
        return self.answers.get(subject, UNASKED)

    def age(self, timer: str) -> float:
        """Seconds that a timer has run; 0 for one that does not run yet."""
        return self.ages.get(timer, 0.0)
