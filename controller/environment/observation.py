"""Everything that one reconcile knows about its environment: from the caches, from live reads and from its writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Final, Literal, cast

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.environment.admission.claims import Verdict
from controller.environment.drift.attempts import Attempts, Correction
from controller.environment.effects import (
    GroupVersion,
    Listing,
    Outcome,
    Question,
    Read,
    Subject,
    TakePlace,
    TakeTurn,
    Target,
)
from controller.environment.engines.engine import Engine, Health
from controller.tronadorconfig.content import Share


class Unknown(Enum):
    """Stands for an answer that is missing."""

    # This reconcile has not asked yet.
    UNASKED = "unasked"
    # A 403: in a terminating namespace even our own rights may be gone already.
    REFUSED = "refused"
    # An optional read ended with an error.
    FAILED = "failed"


UNASKED: Final = Unknown.UNASKED
REFUSED: Final = Unknown.REFUSED
FAILED: Final = Unknown.FAILED
# Reads of single objects are never optional.
Unseen = Literal[Unknown.UNASKED, Unknown.REFUSED]


@dataclass(frozen=True, slots=True)
class Unchangeable:
    """An object was not applied, and the only reason is that some fields of the existing one cannot be changed.

    `fields` are their paths. `replaced`: it was deleted already for that reason, and somebody created it again.
    """

    fields: tuple[str, ...]
    replaced: bool = False


# What was applied, or why it was not.
Applied = Literal[True] | Unchangeable
Answer = Object | None | tuple[Object, ...] | frozenset[Resource] | Applied | Verdict | float | Unknown
# The type of a subject determines the type of its answer: the accessors of Observation rely on that.
Answers = Mapping[Subject, Answer]


# It has no slots, because what the phases ask for many times is cached.
@dataclass(frozen=True, kw_only=True)
class Observation:
    """What is known about one environment, frozen.

    Attributes:
        cached_environment: the EnvironmentProvisioner in the cache.
        cached_namespace: the namespace with its name in the cache, or None.
        cached: the objects of the release engines (HelmReleases, GitRepositories) in that namespace that have its
            label.
        share: its part of the TronadorConfig.
        has_config: whether the cache has the TronadorConfig.
        own_namespace: the controller's own namespace in the cache, or None.
        own_secrets: the Secrets of the controller's own namespace that are copied into it, by name.
        answers: what was read live in this reconcile, and the answers to its writes. Read them with `live`, `listed`,
            `served`, `outcome` and `verdict`.
        ages: by running timer, the seconds since its start.
        attempts: the corrections that were made before, and when each of them is due again.
        is_due: whether it is time for the look that the last reconcile asked for, or there was none in this process.
            Otherwise, something changed in the caches.
        now: the time of the wall clock, for conditions.
        engine: the engine of the environment, once it is chosen for all phases (`choice.choose`); else None.
        health: the health of the release, once it is judged for all phases (`health.judge`); else None.
        environment: the environment in its newest known version; found by itself.
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
    is_due: bool = True
    now: datetime
    engine: Engine | None = None
    health: Health | None = None
    # A view keeps what it has read, so a copy of an observation keeps the view.
    environment: Environment = field(default=Environment({}), compare=False, repr=False)

    def __post_init__(self) -> None:
        written = self.live(Target(ENVIRONMENTS, objects.name(self.cached_environment))) if self.answers else UNASKED
        newest = self.cached_environment if isinstance(written, Unknown) or not written else written
        if self.environment.obj is not newest:
            object.__setattr__(self, "environment", Environment(newest))

    @property
    def environment_target(self) -> Target:
        return Target(ENVIRONMENTS, self.environment.name)

    @property
    def namespace_target(self) -> Target:
        return Target(NAMESPACES, self.environment.namespace_name)

    @cached_property
    def namespace(self) -> Object | None:
        """The namespace in its newest known version, or None."""
        answer = self.live(self.namespace_target)
        return self.cached_namespace if isinstance(answer, Unknown) else answer

    def get(self, target: Target) -> Object | None:
        """Return an object of a release engine in its newest known version, or None."""
        answer = self.live(target)
        return self.cached.get(target) if isinstance(answer, Unknown) else answer

    def live(self, target: Target) -> Object | Unseen | None:
        """Return an object as this reconcile read or wrote it. None: it does not exist."""
        return cast("Object | Unseen | None", self.answers.get(target, UNASKED))

    def listed(self, listing: Listing) -> tuple[Object, ...] | Unknown:
        """Return the objects of a listing as this reconcile read them."""
        return cast("tuple[Object, ...] | Unknown", self.answers.get(listing, UNASKED))

    def served(self, version: GroupVersion) -> frozenset[Resource] | Unknown:
        """Return the resources that the API server serves in one version of a group."""
        return cast("frozenset[Resource] | Unknown", self.answers.get(version, UNASKED))

    def outcome(self, target: Target) -> Applied | Unknown:
        """Return what came of applying an object in this reconcile."""
        return cast("Applied | Unknown", self.answers.get(Outcome(target), UNASKED))

    def verdict(self) -> Verdict | Unknown:
        """Return whether the environment got one of a limited number of places."""
        return cast("Verdict | Unknown", self.answers.get(TakePlace(), UNASKED))

    def turn(self, turn: TakeTurn) -> float | Unknown:
        """Return the seconds until it is the environment's turn to end."""
        return cast("float | Unknown", self.answers.get(turn, UNASKED))

    def unasked(self, questions: Iterable[Question], *, optional: bool = False) -> tuple[Read, ...]:
        """Return a read for each question without an answer."""
        open_questions = (question for question in questions if self.answers.get(question, UNASKED) is UNASKED)
        return tuple(Read(question, optional) for question in open_questions)

    def assuming(self, answers: Iterable[tuple[Subject, Answer]]) -> Observation:
        """Return this observation with these answers to questions that have none."""
        return replace(self, answers={**dict(answers), **self.answers})

    def age(self, timer: str) -> float:
        """Return the seconds since the start of a timer, or 0 if it does not run."""
        return self.ages.get(timer, 0.0)
