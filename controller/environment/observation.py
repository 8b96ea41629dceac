"""The world as one reconcile sees it: what the caches hold, and what was read or written since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Literal, cast

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.environment.drift.attempts import Attempts, Correction
from controller.environment.effects import GroupVersion, Listing, Outcome, Question, Read, Subject, Target
from controller.tronadorconfig.content import Share


class Unknown(Enum):
    """Stands for an answer that is missing."""

    # This reconcile has not asked yet.
    UNASKED = "unasked"
    # A 403: in a terminating namespace even our own rights may be gone already.
    REFUSED = "refused"


UNASKED: Final = Unknown.UNASKED
REFUSED: Final = Unknown.REFUSED


@dataclass(frozen=True, slots=True)
class Unchangeable:
    """An object could not be applied, only because fields of the one that exists cannot be changed.

    `fields` are their paths. `replaced`: it was deleted already for that reason, and somebody created it again.
    """

    fields: tuple[str, ...]
    replaced: bool = False


# What was applied, or why it was not.
Applied = Literal[True] | Unchangeable
Answer = Object | None | tuple[Object, ...] | frozenset[Resource] | Applied | Unknown
# The type of a subject determines the type of its answer: the accessors of Observation rely on that.
Answers = Mapping[Subject, Answer]


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
        answers: what was read live in this reconcile, and the answers to its writes. Read them with `live`, `listed`,
            `served` and `outcome`.
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
        written = self.live(Target(ENVIRONMENTS, objects.name(self.cached_environment)))
        return Environment(self.cached_environment if isinstance(written, Unknown) or not written else written)

    @property
    def environment_target(self) -> Target:
        return Target(ENVIRONMENTS, self.environment.name)

    @property
    def namespace_target(self) -> Target:
        return Target(NAMESPACES, self.environment.namespace_name)

    @property
    def namespace(self) -> Object | None:
        """The namespace, as fresh as we know it, or None."""
        answer = self.live(self.namespace_target)
        return self.cached_namespace if isinstance(answer, Unknown) else answer

    def get(self, target: Target) -> Object | None:
        """An object of a release engine, as fresh as we know it, or None."""
        answer = self.live(target)
        return self.cached.get(target) if isinstance(answer, Unknown) else answer

    def live(self, target: Target) -> Object | Unknown | None:
        """An object as it was read or written in this reconcile; None where it does not exist."""
        return cast("Object | Unknown | None", self.answers.get(target, UNASKED))

    def listed(self, listing: Listing) -> tuple[Object, ...] | Unknown:
        """The objects of a listing as they were read in this reconcile."""
        return cast("tuple[Object, ...] | Unknown", self.answers.get(listing, UNASKED))

    def served(self, version: GroupVersion) -> frozenset[Resource] | Unknown:
        """The resources that the API server serves in one version of a group."""
        return cast("frozenset[Resource] | Unknown", self.answers.get(version, UNASKED))

    def outcome(self, target: Target) -> Applied | Unknown:
        """What came of applying an object in this reconcile."""
        return cast("Applied | Unknown", self.answers.get(Outcome(target), UNASKED))

    def unasked(self, questions: Iterable[Question]) -> tuple[Read, ...]:
        """The reads that answer those of the questions that have no answer yet."""
        return tuple(Read(question) for question in questions if self.answers.get(question, UNASKED) is UNASKED)

    def age(self, timer: str) -> float:
        """Seconds that a timer has run; 0 for one that does not run yet."""
        return self.ages.get(timer, 0.0)
