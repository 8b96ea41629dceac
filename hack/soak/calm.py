"""What must hold when nothing has disturbed anything for a while: each environment is as its author asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.api.environment import ADOPT_ANNOTATION, Environment
from controller.apimachinery import objects
from hack.soak import marks

# The controller may be this late with an end.
_LATE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the cluster has.

    Attributes:
        releases, stored, shared: the engine's objects, the Secrets of Helm, and the ConfigMaps `marks.SHARED`, each by
            namespace; without those that belong to others.
        limit: of the environments; 0: none.
        shared_version: what each of those ConfigMaps has to say.
    """

    environments: list[dict[str, Any]]
    namespaces: dict[str, dict[str, Any]]
    releases: dict[str, list[dict[str, Any]]]
    stored: dict[str, list[dict[str, Any]]]
    shared: dict[str, str]
    now: datetime
    limit: int
    shared_version: str

    @property
    def held(self) -> int:
        """How many environments have a place."""
        return sum(1 for namespace in self.namespaces.values() if marks.is_ours(namespace))


def differences(world: World) -> list[str]:
    """Return what is not as it should be, in words."""
    names = {objects.name(obj) for obj in world.environments}
    found = [text for obj in world.environments for text in _environment(Environment(obj), world)]
    for name, namespace in world.namespaces.items():
        if name not in names and marks.is_ours(namespace):
            found.append(f"{name} is closed, and its namespace is left")
        if name not in names and (world.releases.get(name) or world.stored.get(name)):
            found.append(f"{name} is closed, and a release is left in its namespace")
    return found


def _environment(environment: Environment, world: World) -> Iterator[str]:
    name, status = environment.name, environment.status
    state = status.get("applicationStatus")
    namespace = world.namespaces.get(name)
    if environment.is_deleting:
        yield f"{name} is closed, and still there: {_message(environment)}"
        return
    if status.get("observedGeneration") != environment.generation:
        yield f"{name}: generation {environment.generation} was not seen"
        return
    if state == "expired":
        yield from _expired(environment, world, namespace)
        return
    if environment.suspended:
        if state != "suspended":
            yield f"{name} is suspended, and the status says {state}"
        return
    if namespace is not None and not marks.is_ours(namespace) and _is_refused(namespace, name):
        reasons = [one.get("reason") for one in environment.conditions if one.get("type") == "Stalled"]
        if reasons != ["NamespaceNotOwned"]:
            yield f"{name} has a namespace of others, and the status says {state} {reasons}"
        return
    if state == "queued":
        if not world.limit or world.held < world.limit:
            yield f"{name} waits for a place, and {world.held} of {world.limit} are taken"
        return
    ends = environment.status.get("expiresAt")
    if ends and datetime.fromisoformat(ends) + _LATE < world.now:
        yield f"{name} should have expired at {ends}, and the status says {state}"
        return
    wanted = "failed" if environment.release_name.startswith(marks.BAD) else "deployed"
    if state != wanted:
        yield f"{name} should be {wanted}, and the status says {state}: {_message(environment)}"
        return
    yield from _content(environment, world, namespace, installed=wanted == "deployed")


def _content(
    environment: Environment, world: World, namespace: dict[str, Any] | None, *, installed: bool
) -> Iterator[str]:
    name, state = environment.name, environment.status.get("applicationStatus")
    if not marks.is_ours(namespace):
        yield f"{name} is {state}, and has no namespace"
        return
    labels = objects.labels(namespace or {})
    for label, value in environment.namespace_labels.items():
        if labels.get(label) != value:
            yield f"{name}: the label {label} of the namespace is {labels.get(label)}, not {value}"
    if labels.get(marks.TEAM) in marks.TEAMS and marks.TEAM not in environment.namespace_labels:
        yield f"{name}: the namespace still has the label {marks.TEAM}"
    releases = world.releases.get(name, [])
    names = [objects.name(one) for one in releases]
    if names != [environment.release_name]:
        yield f"{name} should have the release {environment.release_name}, and has {names}"
    elif (has := marks.tag(releases[0]["spec"])) != marks.tag(environment.release):
        yield f"{name} should have the tag {marks.tag(environment.release)}, and its release has {has}"
    stored = {objects.labels(one).get("name") for one in world.stored.get(name, [])}
    if installed and stored != {environment.release_name}:
        yield f"{name} should have {environment.release_name} installed, and has {sorted(map(str, stored))}"
    if (version := world.shared.get(name)) != world.shared_version:
        yield f"{name} should have version {world.shared_version} of the shared object, and has {version}"


def _expired(environment: Environment, world: World, namespace: dict[str, Any] | None) -> Iterator[str]:
    name, ends = environment.name, environment.status.get("expiresAt")
    if not ends or datetime.fromisoformat(ends) > world.now + _LATE:
        yield f"{name} is expired, and its lifetime ends at {ends}"
    if environment.keep == "true" or environment.suspended or not environment.expire_after:
        yield f"{name} is expired, and should live"
    if marks.is_ours(namespace):
        yield f"{name} is expired, and its namespace is left"
    if world.releases.get(name) or world.stored.get(name):
        yield f"{name} is expired, and a release is left"


def _is_refused(namespace: dict[str, Any], name: str) -> bool:
    return objects.annotations(namespace).get(ADOPT_ANNOTATION) != name


def _message(environment: Environment) -> str:
    ready = [one.get("message") for one in environment.conditions if one.get("type") == "Ready"]
    return str(ready[0] if ready else "")
