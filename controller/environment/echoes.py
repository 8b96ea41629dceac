"""Recognises a reconcile that could only repeat the last one.

Each of our writes comes back through a watch. What is decided follows from what is observed, so the decision stays the
same as long as all of that is the same, and no timer is due. If the last reconcile is over by then, its environment is
not even queued; if not, the next one ends at once. The contents are compared, because a server that was restored from a
backup gives the same versions to other contents. Their digests suffice, and the answers to writes need not be kept:
with their managed fields, they are larger than the caches.
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
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.environment import engines
from controller.environment.drift.attempts import digest
from controller.environment.effects import AddFinalizer, Create, Effect, Emit, GroupVersion, Patch, Read, Target
from controller.environment.observation import Answers, Observation
from controller.environment.plan import Plan
from controller.runtime.reconcile import Result
from controller.tronadorconfig.content import Share

# Seconds after which everything is decided again, so that a resync never repeats an answer. Echoes come within one.
SECONDS: Final = 10.0
_CACHED: Final = frozenset({ENVIRONMENTS, NAMESPACES, *engines.resources()})


@dataclass(frozen=True, slots=True)
class _Rest:
    """What the last reconcile left behind: everything in the caches that decides about its environment.

    Of the objects that the reconcile may have written, only digests are kept. `due` and `until` are monotonic seconds.
    """

    digests: Mapping[Target, str | None]
    others: tuple[Share, bool, Object | None, Mapping[str, Object]]
    due: float | None
    until: float

    def is_over(self, now: float) -> bool:
        return now >= self.until or (self.due is not None and now >= self.due)

    def is_left_in(self, observation: Observation) -> bool:
        found = _objects(observation, observation.cached_environment)
        if found.keys() != self.digests.keys() or _others(observation) != self.others:
            return False
        return all(_digest(obj) == self.digests[target] for target, obj in found.items())


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
        digests = {target: _digest(obj) for target, obj in _objects(observation, environment).items()}
        rest = _Rest(digests, _others(observation), due, now + SECONDS)
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
        if rest.is_over(now) or not rest.is_left_in(observation):
            self.forget(key)
            return None
        return Result(requeue_after=None if rest.due is None else rest.due - now)

    def repeats(self, resource: Resource, key: str, obj: Object) -> bool:
        """Return whether a new version of an object only shows what the last reconcile of environment `key` left.

        The reconcile itself need not be repeated for that, because it has said when it is due again.
        """
        with self._lock:
            rest = self._rests.get(key)
        if rest is None or rest.is_over(self._now()):
            return False
        expected = rest.digests.get(Target(resource, objects.name(obj), objects.namespace(obj)))
        return expected is not None and expected == _digest(obj)

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

    What an optional Read found comes back in the status. What the API server serves has no watch, and is asked again
    when a look is due. `observation` is what the plan was made from. `answers` are those to its effects.
    """
    return all(_comes_back(effect) and _is_alone(effect, observation, answers) for effect in plan.effects)


def _comes_back(effect: Effect) -> bool:
    if isinstance(effect, Create | Patch):
        return effect.target.resource in _CACHED
    if isinstance(effect, Read):
        return effect.optional or isinstance(effect.subject, GroupVersion)
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


def _objects(observation: Observation, environment: Object) -> dict[Target, Object | None]:
    """Return the objects that the reconcile may have written. What changes most often comes first."""
    written = (target for target in observation.answers if isinstance(target, Target))
    targets = {*observation.cached, *(target for target in written if target.resource in _CACHED)}
    return {
        **{target: observation.get(target) for target in targets if engines.find(target.resource) is not None},
        observation.environment_target: environment,
        observation.namespace_target: observation.namespace,
    }


def _others(observation: Observation) -> tuple[Share, bool, Object | None, Mapping[str, Object]]:
    return observation.share, observation.has_config, observation.own_namespace, observation.own_secrets


def _digest(obj: Object | None) -> str | None:
    # The caches slim their objects, so the answer to a write has more in it.
    return None if obj is None else digest(objects.slim(obj))
