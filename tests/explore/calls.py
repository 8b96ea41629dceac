"""One request of the controller as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.apimachinery.resources import Resource

WRITES = frozenset({"create", "patch", "delete"})


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

    def __str__(self) -> str:
        subresource = " (status)" if '"subresource": "status"' in self.arguments else ""
        return f"{self.verb} {self.resource.kind}{subresource}"


def call(verb: str, resource: Resource, namespace: str, name: str, **arguments: Any) -> Call:
    """Return a call; see Call."""
    return Call(verb, resource, namespace, name, json.dumps(arguments, sort_keys=True))


def arguments(of: Call) -> Mapping[str, Any]:
    """Return the other arguments of a call."""
    found: dict[str, Any] = json.loads(of.arguments)
    return found
