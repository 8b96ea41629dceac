"""Recognises a reconcile that could only repeat the last one.

Each of our writes comes back through a watch and queues its environment again. What is decided follows from what is
observed, so the decision stays the same as long as all of that is the same, and no timer is due. The contents are
compared, because a server that was restored from a backup gives the same versions to other contents. Their digests
suffice, and the answers to writes need not be kept: with their managed fields, they are larger than the caches.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES
from controller.environment import engines
from controller.environment.drift.attempts import digest
from controller.environment.effects import AddFinalizer, Create, Effect, Emit, Patch, Read, Target
from controller.environment.observation import Answers, Observation
from controller.environment.plan import Plan
from controller.runtime.reconcile import Result
from controller.tronadorconfig.content import Share

# Seconds after which everything is decided again, so that a resync never repeats an answer. Echoes come within one.
SECONDS: Final = 10.0
_CACHED: Final = frozenset({ENVIRONMENTS, NAMESPACES, *engines.resources()})


@dataclass(frozen=True, slots=True)
class _View:
    """Everything in the caches that decides about one environment. Of its objects, only digests are kept."""

    environment: str | None
    namespace: str | None
    of_engines: Mapping[Target, str | None]
    share: Share
    has_config: bool
    own_namespace: str | None
    own_secrets: Mapping[str, Object]


@dataclass(frozen=True, slots=True)
class _Rest:
    """What the last reconcile left behind. `due` and `until` are monotonic seconds."""

    view: _View
    due: float | None
    until: float


class Echoes:
    """The last reconcile of each environment. `now` returns monotonic seconds. Thread-safe."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._rests: OrderedDict[str, _Rest] = OrderedDict()

    def left(self, key: str, observation: Observation, environment: Object, result: Result) -> None:
        """Remember how a reconcile ended; `environment` is its newest version, also after a write of the status."""
        now = self._now()
        due = None if result.requeue_after is None else now + result.requeue_after
        rest = _Rest(_view(observation, environment), due, now + SECONDS)
        with self._lock:
            self._drop_old_locked(now)
            self._rests[key] = rest

    def result(self, key: str, observation: Observation) -> Result | None:
        """Return how the last reconcile ended, if this one would only repeat it. Otherwise forget that reconcile."""
        with self._lock:
            rest = self._rests.get(key)
        if rest is None:
            return None
        now = self._now()
        is_over = now >= rest.until or (rest.due is not None and now >= rest.due)
        if is_over or _view(observation, observation.cached_environment) != rest.view:
            self.forget(key)
            return None
        return Result(requeue_after=None if rest.due is None else rest.due - now)

    def forget(self, key: str) -> None:
        """Forget the environment."""
        with self._lock:
            self._rests.pop(key, None)

    def _drop_old_locked(self, now: float) -> None:
        # All last equally long, and each is forgotten before the next one of its key, so the oldest ones come first.
        while self._rests and now >= next(iter(self._rests.values())).until:
            self._rests.popitem(last=False)


def is_recognisable(plan: Plan, observation: Observation, answers: Answers) -> bool:
    """Return whether a plan needed nothing but the caches, and all that it writes comes back through them.

    What an optional Read found comes back in the status. `observation` is what the plan was made from. `answers` are
    those to its effects.
    """
    return all(_comes_back(effect) and _is_alone(effect, observation, answers) for effect in plan.effects)


def _comes_back(effect: Effect) -> bool:
    if isinstance(effect, Create | Patch):
        return effect.target.resource in _CACHED
    if isinstance(effect, Read):
        return effect.optional
    return isinstance(effect, AddFinalizer | Emit)


def _is_alone(effect: Effect, observation: Observation, answers: Answers) -> bool:
    """Return whether the answer to a patch has no change by another client, which was not decided about.

    A patch that names the version that it was made from has none.
    """
    if not isinstance(effect, Patch) or isinstance(effect.body, Mapping):
        return True
    before, after = observation.get(effect.target), answers.get(effect.target)
    if before is None or not isinstance(after, Mapping):
        return False
    expected = patches.apply_json_patch(before, effect.body)
    return _judged(expected) == _judged(after)


def _judged(obj: Object) -> tuple[Any, ...]:
    return objects.labels(obj), objects.annotations(obj), obj.get("spec"), obj.get("status")


def _view(observation: Observation, environment: Object) -> _View:
    written = (target for target in observation.answers if isinstance(target, Target))
    targets = {*observation.cached, *(target for target in written if target.resource in _CACHED)}
    found = {target: observation.get(target) for target in targets if engines.find(target.resource) is not None}
    return _View(
        environment=_digest(environment),
        namespace=_digest(observation.namespace),
        of_engines={target: _digest(obj) for target, obj in found.items()},
        share=observation.share,
        has_config=observation.has_config,
        own_namespace=_digest(observation.own_namespace),
        own_secrets=observation.own_secrets,
    )


def _digest(obj: Object | None) -> str | None:
    # The caches slim their objects, so the answer to a write has more in it.
    return None if obj is None else digest(objects.slim(obj))
