"""Changes as the watches of a soak see them, in short."""

from __future__ import annotations

from typing import Any

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENT_LABEL, FINALIZER, UID_ANNOTATION
from hack.soak import marks, rules
from hack.soak.history import ADDED, DELETED, MODIFIED, Seen
from hack.soak.rules import Rules

NAME = "pr-1"


class Past:
    """A history that the rules judge as it grows.

    Attributes:
        rules: that judge it.
        broken: the rules that were broken, in order.
    """

    def __init__(self) -> None:
        self.rules = Rules()
        self.broken: list[str] = []
        self.vague = False
        self._at = 0.0
        self._known: set[tuple[str, str]] = set()

    def later(self, seconds: float) -> None:
        self._at += seconds

    @property
    def now(self) -> float:
        return self._at

    def see(self, kind: str, obj: dict[str, Any]) -> None:
        """Something is there, new or changed."""
        key = (kind, f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}")
        self._take(kind, MODIFIED if key in self._known else ADDED, obj)
        self._known.add(key)

    def gone(self, kind: str, obj: dict[str, Any]) -> None:
        """Something is gone."""
        self._take(kind, DELETED, obj)

    def _take(self, kind: str, type_: str, obj: dict[str, Any]) -> None:
        self._at += 1.0
        seen = Seen(at=self._at, version=int(self._at), kind=kind, type=type_, obj=obj, vague=self.vague)
        self.broken += [violation.rule for violation in self.rules.see(seen)]


def environment(
    name: str = NAME, *, status: str = "", tag: str = "1", created: int = 1, **metadata: Any
) -> dict[str, Any]:
    body = marks.environment(name, tag, "web", {})
    body["metadata"] |= {
        "uid": f"uid-{name}",
        "generation": 1,
        "finalizers": [FINALIZER],
        "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
    }
    body["metadata"] |= metadata
    return body | {"status": {"applicationStatus": status, "observedGeneration": 1}}


def namespace(name: str = NAME, *, ours: bool = True, foreign: bool = False, **metadata: Any) -> dict[str, Any]:
    labels = ({ENVIRONMENT_LABEL: name} if ours else {}) | ({marks.FOREIGN: "1"} if foreign else {})
    annotations = {UID_ANNOTATION: f"uid-{name}"} if ours else {}
    return {
        "metadata": {"name": name, "uid": f"namespace-{name}", "labels": labels, "annotations": annotations} | metadata
    }


def adoptable(name: str = NAME) -> dict[str, Any]:
    return namespace(name, ours=False, foreign=True, annotations={ADOPT_ANNOTATION: name})


def release(name: str = "web", *, tag: str = "1", succeeded: bool = True, observed: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": NAME, "uid": f"release-{name}", "generation": 1},
        "spec": {"values": {"image": {"tag": tag}}},
        "status": {"phase": "Succeeded" if succeeded else "Failed", "observedGeneration": observed},
    }


def stored(name: str = "web") -> dict[str, Any]:
    return {
        "metadata": {"name": f"sh.helm.{name}", "namespace": NAME, "uid": f"stored-{name}", "labels": {"name": name}}
    }


def planted(name: str = "theirs", **content: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAME, "uid": f"planted-{name}", "labels": {marks.PLANTED: "1"}}
    return {"metadata": metadata} | content


ENVIRONMENT, NAMESPACE, RELEASE, STORED, SECRET = (
    rules.ENVIRONMENT,
    rules.NAMESPACE,
    rules.RELEASE,
    rules.STORED,
    rules.SECRET,
)
