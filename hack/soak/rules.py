"""What must hold at every moment, whatever goes wrong. Pure: it judges a history, change by change.

A change that is vague (see `history`) is only judged as far as the gap allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.api.environment import (
    ADOPT_ANNOTATION,
    ADOPTED_ANNOTATION,
    ENVIRONMENT_LABEL,
    FINALIZER,
    UID_ANNOTATION,
)
from controller.apimachinery import objects
from hack.soak import marks
from hack.soak.history import ADDED, DELETED, MODIFIED, Seen

ENVIRONMENT, NAMESPACE, RELEASE, STORED, SECRET, CONFIG_MAP = (
    "environment",
    "namespace",
    "release",
    "stored",
    "secret",
    "config map",
)
KINDS = (ENVIRONMENT, NAMESPACE, RELEASE, STORED, SECRET, CONFIG_MAP)
# A changed limit reaches the controllers within this many seconds; until then the larger one counts.
_LIMIT_SECONDS = 90.0
# An environment that has waited for so many seconds is known to the leader.
_WAITED_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, by what, and the environment that it is about."""

    rule: str
    environment: str
    text: str

    def __str__(self) -> str:
        return f"{self.environment}: {self.text} ({self.rule})"


class Rules:
    """Judges changes in their order. Not thread-safe.

    Attributes:
        checked: how often each rule was asked.
        unjudged: how many changes could not be judged, because something around them was not seen.
    """

    def __init__(self) -> None:
        self.checked: Counter[str] = Counter()
        self.unjudged = 0
        self._limits: list[tuple[float, int]] = []
        self._closing: set[str] = set()
        self._objects: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        # (namespace, release, tag) of everything that was installed.
        self._installed: set[tuple[str, str, str]] = set()
        # The UID of an environment that waits for a place -> since when.
        self._waiting: dict[str, float] = {}
        self._generations: dict[tuple[str, int], int] = {}
        self._gap_until = 0

    def limit(self, at: float, limit: int) -> None:
        """From now on, this many environments may have a namespace; 0: any number."""
        self._limits.append((at, limit))

    def closing(self, uid: str) -> None:
        """Somebody is about to delete this environment."""
        self._closing.add(uid)

    def see(self, seen: Seen) -> list[Violation]:
        """Take the next change, and return the rules that it breaks."""
        if seen.vague:
            self.unjudged += 1
            self._gap_until = seen.version
        known = self._objects[seen.kind]
        key = objects.key(seen.obj)
        before = known.get(key)
        found = [violation for judge in _JUDGES[seen.kind] for violation in judge(self, seen, before)]
        if seen.type == DELETED:
            known.pop(key, None)
        else:
            known[key] = seen.obj
        self._remember(seen)
        return found

    # Environments.

    def _is_asked_for(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """An environment is deleted by people alone, also one whose lifetime is over."""
        if seen.type != DELETED and not objects.is_deleting(seen.obj):
            return
        self.checked["environments are deleted by people alone"] += 1
        if objects.uid(seen.obj) not in self._closing:
            state = objects.mapping(seen.obj.get("status")).get("applicationStatus")
            text = f"an environment that is {state} was deleted, and its author did not ask for that"
            yield Violation("environments are deleted by people alone", objects.name(seen.obj), text)

    def _finalizer_stays(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """The finalizer stays as long as a namespace of ours lives."""
        had = before is not None and FINALIZER in objects.finalizers(before)
        if not had or (seen.type != DELETED and FINALIZER in objects.finalizers(seen.obj)):
            return
        name = objects.name(seen.obj)
        self.checked["the finalizer outlives the namespace"] += 1
        namespace = self._objects[NAMESPACE].get(name)
        if namespace is None or not marks.is_ours(namespace) or seen.vague:
            return
        annotations = objects.annotations(namespace)
        if ADOPTED_ANNOTATION not in annotations and annotations.get(UID_ANNOTATION) == objects.uid(seen.obj):
            yield Violation("the finalizer outlives the namespace", name, "the finalizer left before the namespace")

    def _claims_are_true(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """The status never claims the success of an older generation."""
        if seen.type == DELETED:
            return
        name, status = objects.name(seen.obj), objects.mapping(seen.obj.get("status"))
        generation = objects.generation(seen.obj)
        first_seen = self._generations.setdefault((objects.uid(seen.obj), generation), seen.version)
        rule = "no status claims the success of an older generation"
        if int(status.get("observedGeneration") or 0) > generation:
            yield Violation(rule, name, f"the status is ahead of generation {generation}")
        if status.get("applicationStatus") != "deployed" or status.get("observedGeneration") != generation:
            return
        self.checked[rule] += 1
        release = seen.obj["spec"]["application"]["release"]
        claimed = (name, release["releaseName"], marks.tag(release))
        if claimed not in self._installed and first_seen > self._gap_until and not seen.vague:
            yield Violation(
                rule, name, f"generation {generation} is called deployed, and {claimed[2]} was not installed"
            )

    # Namespaces.

    def _foreign_stay(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """A namespace of others stays as it is."""
        if marks.FOREIGN not in objects.labels(before or seen.obj):
            return
        rule, name = "namespaces of others stay", objects.name(seen.obj)
        self.checked[rule] += 1
        if seen.type == DELETED or objects.is_deleting(seen.obj):
            yield Violation(rule, name, "a namespace of others was deleted")
        elif before is not None and marks.is_ours(seen.obj) and not _may_be_adopted(before):
            yield Violation(rule, name, "a namespace of others was taken over")

    def _limit_holds(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """No namespace is created beyond the limit."""
        if not _is_admission(seen, before) or not (limit := self._limit(seen.at)):
            return
        rule = "never more environments than the limit"
        self.checked[rule] += 1
        held = self._held(besides=objects.name(seen.obj)) + 1
        if held > limit and not seen.vague:
            yield Violation(rule, objects.name(seen.obj), f"it is number {held}, and the limit is {limit}")

    def _queue_is_fair(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """No place is given to an environment while an older one has waited for it."""
        if not _is_admission(seen, before) or seen.vague or not self._is_steady(seen.at):
            return
        rule, name = "places are given in the order of creation", objects.name(seen.obj)
        admitted = self._objects[ENVIRONMENT].get(name)
        if admitted is None:
            return
        self.checked[rule] += 1
        if self._held(besides=name) + 1 < self._limit(seen.at):
            return
        for other in self._objects[ENVIRONMENT].values():
            since = self._waiting.get(objects.uid(other))
            if since is None or seen.at - since < _WAITED_SECONDS or other is admitted:
                continue
            if _age(other) < _age(admitted) and objects.name(other) not in self._objects[NAMESPACE]:
                text = f"it got the last place, and {objects.name(other)}, which is older, has waited for it"
                yield Violation(rule, name, text)

    # Releases.

    def _one_release(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """An environment has one release: the next one is made when the one before is uninstalled.

        Only what the controller makes is judged. The Helm Operator may still begin to install a release whose object
        is gone already; nothing shows that before.
        """
        namespace = objects.namespace(seen.obj)
        if seen.type != ADDED or namespace not in self._objects[ENVIRONMENT] or marks.is_planted(seen.obj):
            return
        rule = "never two releases of one environment"
        self.checked[rule] += 1
        if seen.vague:
            return
        name = _release_of(seen)
        others = {
            _name_of(kind, other)
            for kind in (RELEASE, STORED)
            for other in self._objects[kind].values()
            if objects.namespace(other) == namespace and not marks.is_planted(other)
        } - {name, *self._planted_releases(namespace)}
        if others:
            yield Violation(rule, namespace, f"{seen.kind} {name} was made while there was {', '.join(sorted(others))}")

    # What others have planted.

    def _planted_stay(self, seen: Seen, before: dict[str, Any] | None) -> Iterator[Violation]:
        """An object of others stays as it is, unless its namespace goes."""
        if not marks.is_planted(before or seen.obj):
            return
        rule, namespace = "objects of others stay", objects.namespace(seen.obj)
        self.checked[rule] += 1
        where = f"{seen.kind} {objects.name(seen.obj)} of others"
        if seen.type == DELETED or objects.is_deleting(seen.obj):
            home = self._objects[NAMESPACE].get(namespace)
            if home is not None and not objects.is_deleting(home) and not seen.vague:
                yield Violation(rule, namespace, f"{where} was deleted")
        elif seen.type == MODIFIED and before is not None and _content(before) != _content(seen.obj):
            yield Violation(rule, namespace, f"{where} was changed")

    def _remember(self, seen: Seen) -> None:
        obj, gone = seen.obj, seen.type == DELETED
        if seen.kind == RELEASE and not gone and _succeeded(obj):
            self._installed.add((objects.namespace(obj), objects.name(obj), marks.tag(obj["spec"])))
        if seen.kind == ENVIRONMENT:
            status = objects.mapping(obj.get("status"))
            is_waiting = status.get("applicationStatus") == "queued" and not objects.is_deleting(obj) and not gone
            if is_waiting:
                self._waiting.setdefault(objects.uid(obj), seen.at)
            else:
                self._waiting.pop(objects.uid(obj), None)

    def _planted_releases(self, namespace: str) -> set[str]:
        releases = self._objects[RELEASE].values()
        return {objects.name(one) for one in releases if marks.is_planted(one) and objects.namespace(one) == namespace}

    def _held(self, besides: str) -> int:
        namespaces = self._objects[NAMESPACE].items()
        return sum(1 for name, namespace in namespaces if name != besides and marks.is_ours(namespace))

    def _limit(self, at: float) -> int:
        """Return the largest limit that may be in effect."""
        recent = [limit for since, limit in self._limits if since > at - _LIMIT_SECONDS]
        before = [limit for since, limit in self._limits if since <= at - _LIMIT_SECONDS][-1:]
        limits = before + recent
        return 0 if 0 in limits else max(limits, default=0)

    def _is_steady(self, at: float) -> bool:
        return not any(since > at - _LIMIT_SECONDS for since, _ in self._limits[1:]) and bool(self._limit(at))


def _is_admission(seen: Seen, before: dict[str, Any] | None) -> bool:
    return seen.type != DELETED and marks.is_ours(seen.obj) and not marks.is_ours(before)


def _may_be_adopted(namespace: Mapping[str, Any]) -> bool:
    return ADOPT_ANNOTATION in objects.annotations(namespace)


def _age(environment: dict[str, Any]) -> tuple[str, str]:
    return environment["metadata"]["creationTimestamp"], objects.name(environment)


def _release_of(seen: Seen) -> str:
    return _name_of(seen.kind, seen.obj)


def _name_of(kind: str, obj: dict[str, Any]) -> str:
    return objects.labels(obj).get("name", "") if kind == STORED else objects.name(obj)


def _content(obj: dict[str, Any]) -> Any:
    return obj.get("data"), obj.get("spec"), objects.labels(obj).get(ENVIRONMENT_LABEL)


def _succeeded(release: dict[str, Any]) -> bool:
    """Return whether the engine says of this spec that it is installed."""
    status = objects.mapping(release.get("status"))
    if status.get("observedGeneration") != objects.generation(release):
        return False
    # The Helm Operator has phases, Flux has not.
    if "phase" in status:
        return bool(status["phase"] == "Succeeded")
    conditions = objects.mappings(status.get("conditions"))
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


_Judge = Callable[[Rules, Seen, dict[str, Any] | None], Iterator[Violation]]
_JUDGES: dict[str, tuple[_Judge, ...]] = {
    ENVIRONMENT: (Rules._is_asked_for, Rules._finalizer_stays, Rules._claims_are_true),
    NAMESPACE: (Rules._foreign_stay, Rules._limit_holds, Rules._queue_is_fair),
    RELEASE: (Rules._one_release, Rules._planted_stay),
    STORED: (),
    SECRET: (Rules._planted_stay,),
    CONFIG_MAP: (Rules._planted_stay,),
}
