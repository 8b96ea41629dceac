"""Many environments at once: what was asked of them, and whether it has come about, at one list per look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, Resource
from tests.integration.support.clusters import Cluster
from tests.integration.support.environments import RELEASE, is_deployed, manifest, tag
from tests.integration.support.waiting import eventually

BYSTANDER = "bystander"
TEAM = "team"
# Between two looks, for each environment.
_LOOK_SECONDS = 0.005


class Fleet:
    """Environments `pr-0`, `pr-1`, ... and what each should be by now.

    Attributes:
        lives: how often each environment was created, by name.
        living: the values' tag that each one that should exist should have; the namespace has it as a label too.
        bystander: a namespace with a release of another team.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.lives: dict[str, int] = {}
        self.living: dict[str, str] = {}
        self.bystander = cluster.name(BYSTANDER)
        cluster.create_namespace(self.bystander, labels={TEAM: "others"})
        cluster.client.create(HELM_RELEASES, _release_of_others(), namespace=self.bystander)

    def name(self, number: int) -> str:
        """The name of an environment."""
        return self._cluster.name(f"pr-{number}")

    def create(self, numbers: Iterable[int], text: str, **labels: str) -> None:
        """Create environments, with these labels of their own."""
        for name in map(self.name, numbers):
            document = manifest(name, values=tag(text), spec={"namespaceLabels": {TEAM: text}})
            document["metadata"]["labels"] = labels
            self._cluster.client.create(ENVIRONMENTS, document)
            self.lives[name] = self.lives.get(name, 0) + 1
            self.living[name] = text

    def update(self, numbers: Iterable[int], text: str) -> None:
        """Change their values and their namespaces' labels."""
        for name in map(self.name, numbers):
            spec = {"namespaceLabels": {TEAM: text}, "application": {"release": {"values": tag(text)}}}
            self._cluster.client.patch(ENVIRONMENTS, name, {"spec": spec})
            self.living[name] = text

    def delete(self, numbers: Iterable[int]) -> None:
        """Delete them."""
        for name in map(self.name, numbers):
            self._cluster.client.delete(ENVIRONMENTS, name)
            del self.living[name]

    def environment(self, number: int) -> dict[str, Any]:
        """One of them, as it is now."""
        return self._cluster.client.get(ENVIRONMENTS, self.name(number))

    def settled(self, deadline: float) -> None:
        """Wait until everything is as it was asked for, and nothing is there beyond it."""
        pending: list[str] = []
        pause = threading.Event()

        def done() -> bool:
            pending[:] = self._pending()
            # A look costs as much as there is to see, and shall not be what everything waits for.
            return not pending or pause.wait(_LOOK_SECONDS * len(self.lives))

        eventually(done, lambda: f"{len(pending)} are not done: {', '.join(pending[:5])}", deadline=deadline)
        assert self._cluster.get(HELM_RELEASES, RELEASE, self.bystander) is not None, "somebody else's release is gone"

    def _pending(self) -> list[str]:
        """What is not as it should be, in words."""
        found = [
            *_differences("environment", self._by_name(ENVIRONMENTS, _own_name), self.living, _wrong_environment),
            *_differences(
                "namespace",
                {name: obj for name, obj in self._by_name(NAMESPACES, _own_name).items() if name in self.lives},
                self.living,
                lambda obj, text: obj["metadata"]["labels"].get(TEAM) != text,
            ),
            *_differences(
                "release",
                self._by_name(HELM_RELEASES, lambda obj: obj["metadata"]["namespace"], besides=self.bystander),
                self.living,
                lambda obj, text: obj["metadata"]["name"] != RELEASE or obj["spec"]["values"] != tag(text),
            ),
        ]
        return sorted(found)

    def _by_name(
        self, resource: Resource, key: Callable[[dict[str, Any]], str], besides: str = ""
    ) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for obj in self._cluster.client.list(resource)["items"]:
            if key(obj) == besides:
                continue
            assert key(obj) not in found, f"a second {resource} of {key(obj)}"
            found[key(obj)] = obj
        return found


def _own_name(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def _release_of_others() -> dict[str, Any]:
    return {
        "apiVersion": HELM_RELEASES.api_version,
        "kind": HELM_RELEASES.kind,
        "metadata": {"name": RELEASE},
        "spec": {"chart": {"git": "https://git.example.org/others", "path": "."}, "values": tag("theirs")},
    }


def _wrong_environment(obj: dict[str, Any], text: str) -> bool:
    return not is_deployed(obj) or obj["spec"]["namespaceLabels"][TEAM] != text


def _message(obj: Mapping[str, Any]) -> str:
    message = obj.get("status", {}).get("message", "")
    return f" ({message})" if message else ""


def _differences(
    what: str,
    found: Mapping[str, dict[str, Any]],
    wanted: Mapping[str, str],
    is_wrong: Callable[[dict[str, Any], str], bool],
) -> list[str]:
    return [
        *(f"{what} {name} is not there" for name in wanted if name not in found),
        *(f"{what} {name} is still there{_message(obj)}" for name, obj in found.items() if name not in wanted),
        *(f"{what} {name} is not right" for name in wanted if name in found and is_wrong(found[name], wanted[name])),
    ]
