"""One request of the controller as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.apimachinery.resources import Resource

WRITES = frozenset({"create", "patch", "delete"})
_STORY = {"get": "reads", "list": "lists", "create": "creates", "patch": "patches", "delete": "deletes"}


@dataclass(frozen=True, slots=True)
class Call:
    """A method of the client, what it is about, and its other arguments as sorted JSON."""

    verb: str
    resource: Resource
    namespace: str
    name: str
    arguments: str

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.verb in WRITES

    @property
    def key(self) -> tuple[Resource, str, str]:
        """The object that it is about."""
        return self.resource, self.namespace, self.name

    @property
    def story(self) -> str:
        """What the controller does, for people."""
        if self.verb == "take":
            return f"asks for a place for {self.name}"
        what = f"{self.resource.kind} {self.name}" if self.name else f"{self.resource.kind}s"
        where = f" in {self.namespace}" if self.namespace else ""
        verb = "writes the status of" if self._is_of_status else _STORY[self.verb]
        return f"{verb} {what}{where}"

    @property
    def _is_of_status(self) -> bool:
        return '"subresource": "status"' in self.arguments

    def __str__(self) -> str:
        return f"{self.verb} {self.resource.kind}{' (status)' if self._is_of_status else ''}"


def call(verb: str, resource: Resource, namespace: str, name: str, **arguments: Any) -> Call:
    """Return a call; see Call."""
    return Call(verb, resource, namespace, name, json.dumps(arguments, sort_keys=True))


def arguments(of: Call) -> Mapping[str, Any]:
    """Return the other arguments of a call."""
    found: dict[str, Any] = json.loads(of.arguments)
    return found
