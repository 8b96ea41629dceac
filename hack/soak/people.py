"""What people do: authors with their environments, platform teams with the TronadorConfig, others with our objects.

Each move is one or a few requests. A request that fails has not been made, or its answer was lost; both are lives of a
real author, and what counts is what the cluster has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from controller.api.environment import ACTIVE_AT_ANNOTATION, ADOPT_ANNOTATION, ENVIRONMENTS, KEEP_ANNOTATION
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.errors import AlreadyExists, NotFound
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, Resource
from controller.app.options import Options
from hack.soak import marks
from hack.soak.bed import Bed

FOREIGN_NAMESPACES = 3
_RELEASES = ("web", "shop", "api")
_LIFETIMES = ("90s", "3m", "8m")
_ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", namespaced=True)


class People:
    """Makes moves with the administrator's client. Not thread-safe."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._numbers = itertools.count(1)
        self._prefix = f"soak-{bed.settings.seed}"
        self.foreign = [f"{self._prefix}-foreign-{number}" for number in range(FOREIGN_NAMESPACES)]

    def prepare(self) -> None:
        """Make the namespaces of others, with objects in them, and the TronadorConfig."""
        client = self._bed.client
        for name in self.foreign:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {marks.FOREIGN: "1"}}}
            client.create(NAMESPACES, body)
            for resource in (SECRETS, CONFIG_MAPS):
                self._plant(resource, name, "of-others")
        # The last one may be adopted, by the environment of its name.
        client.patch(NAMESPACES, self.foreign[-1], {"metadata": {"annotations": {ADOPT_ANNOTATION: self.foreign[-1]}}})
        config = {
            "apiVersion": TRONADOR_CONFIGS.api_version,
            "kind": TRONADOR_CONFIGS.kind,
            "metadata": {"name": CONFIG_NAME},
            "resources": {"manifests": [_shared("0")]},
        }
        client.create(TRONADOR_CONFIGS, config, namespace=Options().namespace)

    # Authors.

    def open(self) -> None:
        """Open a pull request; a few take the name of a namespace that belongs to others."""
        dice = self._bed.dice
        name = f"{self._prefix}-{next(self._numbers)}"
        if dice.random() < 0.08 and (free := [one for one in self.foreign if one not in self._bed.environments]):
            name = dice.choice(free)
        self._open(name)

    def close(self) -> None:
        """Close one."""
        if obj := self._any():
            self._close(obj)

    def reopen(self) -> None:
        """Close one, and open it again as soon as that is possible."""
        if obj := self._any():
            self._close(obj)
            try:
                self._open(objects.name(obj))
            except AlreadyExists:
                self._write("is still being removed", objects.name(obj))

    def push(self) -> None:
        """Push a commit."""
        if obj := self._any():
            tag = self._tag()
            self._patch(obj, {"application": {"release": {"values": {"image": {"tag": tag}}}}}, "pushes", tag=tag)

    def rename(self) -> None:
        """Give the release another name."""
        if obj := self._any():
            release = self._release()
            self._patch(obj, {"application": {"release": {"releaseName": release}}}, "renames", release=release)

    def label(self) -> None:
        """Change or remove a label of the namespace."""
        if obj := self._any():
            team = self._bed.dice.choice([*marks.TEAMS, None])
            self._patch(obj, {"namespaceLabels": {marks.TEAM: team}}, "labels", team=team)

    def suspend(self) -> None:
        """Suspend an environment, or resume it."""
        if obj := self._any(lambda one: self._bed.dice.random() < 0.3 or bool(one["spec"].get("suspend"))):
            suspended = not obj["spec"].get("suspend", False)
            self._patch(obj, {"suspend": suspended}, "suspends" if suspended else "resumes")

    def limit_life(self) -> None:
        """Give an environment a lifetime, or take it away."""
        if obj := self._any():
            lifetime = self._bed.dice.choice([*_LIFETIMES, None])
            self._patch(obj, {"lifecycle": {"expireAfter": lifetime} if lifetime else None}, "lives for", time=lifetime)

    def keep(self) -> None:
        """Keep an environment, stop keeping it, or use it, which counts as activity."""
        if obj := self._any():
            # Somebody uses an environment as often as somebody keeps it or stops to.
            moves = [(KEEP_ANNOTATION, "true"), (KEEP_ANNOTATION, None), *[(ACTIVE_AT_ANNOTATION, self._tag())] * 2]
            name, value = self._bed.dice.choice(moves)
            patch = {"metadata": {"annotations": {name: value}}}
            self._write("annotates", objects.name(obj), annotation=name.rpartition("/")[2], value=value)
            self._bed.client.patch(ENVIRONMENTS, objects.name(obj), patch)

    def share(self) -> None:
        """Change what the TronadorConfig gives every environment."""
        version = self._tag()
        self._write("the TronadorConfig changes", version=version)
        patch = {"resources": {"manifests": [_shared(version)]}}
        self._bed.client.patch(TRONADOR_CONFIGS, CONFIG_NAME, patch, namespace=Options().namespace)

    # Others.

    def delete_release(self) -> None:
        """Delete the engine's object of an environment."""
        if found := self._of_ours(self._bed.releases):
            self._write("somebody deletes the release", objects.namespace(found), release=objects.name(found))
            self._bed.client.delete(self._bed.releases, objects.name(found), namespace=objects.namespace(found))

    def edit_release(self) -> None:
        """Change the values of an environment's release, behind the author's back."""
        if found := self._of_ours(self._bed.releases):
            tag = f"edited-{self._tag()}"
            self._write("somebody edits the release", objects.namespace(found), tag=tag)
            patch = {"spec": {"values": {"image": {"tag": tag}}}}
            self._bed.client.patch(self._bed.releases, objects.name(found), patch, namespace=objects.namespace(found))

    def delete_namespace(self) -> None:
        """Delete the namespace of an environment."""
        if name := self._living_namespace():
            self._write("somebody deletes the namespace", name)
            self._bed.client.delete(NAMESPACES, name)

    def relabel_namespace(self) -> None:
        """Change a label that the controller manages."""
        if name := self._living_namespace():
            self._write("somebody changes a label of the namespace", name)
            self._bed.client.patch(NAMESPACES, name, {"metadata": {"labels": {marks.TEAM: "somebody"}}})

    def delete_rights(self) -> None:
        """Delete the role bindings in the namespace of an environment."""
        if name := self._living_namespace():
            self._write("somebody deletes the role bindings", name)
            for binding in self._bed.client.list(_ROLE_BINDINGS, namespace=name)["items"]:
                self._bed.client.delete(_ROLE_BINDINGS, objects.name(binding), namespace=name)

    def delete_shared(self) -> None:
        """Delete the shared object of an environment."""
        if name := self._living_namespace():
            self._write("somebody deletes the shared object", name)
            self._bed.client.delete(CONFIG_MAPS, marks.SHARED, namespace=name)

    def plant(self) -> None:
        """Put an object of others beside ours."""
        if name := self._living_namespace():
            resource = self._bed.dice.choice([SECRETS, CONFIG_MAPS])
            self._write("somebody plants an object", name, kind=resource.kind)
            self._plant(resource, name, f"planted-{self._tag()}")

    def overwrite_status(self) -> None:
        """Write nonsense into the status of an environment."""
        if obj := self._any():
            self._write("somebody overwrites the status", objects.name(obj))
            status = {"applicationStatus": "pending", "currentPhase": "nonsense", "applicationStatusMsg": "nonsense"}
            self._bed.client.patch(ENVIRONMENTS, objects.name(obj), {"status": status}, subresource="status")

    def close_all(self) -> None:
        """Close everything."""
        for obj in self._bed.client.list(ENVIRONMENTS)["items"]:
            if not objects.is_deleting(obj):
                self._close(obj)

    def clean(self) -> None:
        """Delete what `prepare` made. No rule must be asked any more."""
        for name in self.foreign:
            self._bed.client.delete(NAMESPACES, name)
        self._bed.client.delete(TRONADOR_CONFIGS, CONFIG_NAME, namespace=Options().namespace)

    # How.

    def _open(self, name: str) -> None:
        dice, release = self._bed.dice, self._release()
        labels = {"purpose": "soak"} | ({marks.TEAM: dice.choice(marks.TEAMS)} if dice.random() < 0.7 else {})
        body = marks.environment(name, self._tag(), release, labels)
        if dice.random() < 0.3:
            body["spec"]["lifecycle"] = {"expireAfter": dice.choice(_LIFETIMES)}
        self._write("opens", name, release=release, lifetime=body["spec"].get("lifecycle"))
        self._bed.client.create(ENVIRONMENTS, body)

    def _close(self, obj: dict[str, Any]) -> None:
        self._bed.rules.closing(objects.uid(obj))
        self._write("closes", objects.name(obj))
        # By UID, because another environment may have the name by now.
        self._bed.client.delete(ENVIRONMENTS, objects.name(obj), uid=objects.uid(obj))

    def _patch(self, obj: dict[str, Any], spec: dict[str, Any], what: str, **details: Any) -> None:
        self._write(what, objects.name(obj), **details)
        self._bed.client.patch(ENVIRONMENTS, objects.name(obj), {"spec": spec})

    def _plant(self, resource: Resource, namespace: str, name: str) -> None:
        content = {"stringData" if resource == SECRETS else "data": {"theirs": "yes"}}
        body = {
            "apiVersion": "v1",
            "kind": resource.kind,
            "metadata": {"name": name, "labels": {marks.PLANTED: "1"}},
            **content,
        }
        self._bed.client.create(resource, body, namespace=namespace)

    def _any(self, suits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any] | None:
        living = [obj for obj in list(self._bed.environments.values()) if not objects.is_deleting(obj) and suits(obj)]
        return self._bed.dice.choice(sorted(living, key=objects.name)) if living else None

    def _living_namespace(self) -> str:
        """Return the name of a namespace that the controller made."""
        names = sorted(self._made())
        return self._bed.dice.choice(names) if names else ""

    def _made(self) -> Iterator[str]:
        for name, namespace in list(self._bed.namespaces.items()):
            is_foreign = marks.FOREIGN in objects.labels(namespace)
            if marks.is_ours(namespace) and not is_foreign and not objects.is_deleting(namespace):
                yield name

    def _of_ours(self, resource: Resource) -> dict[str, Any] | None:
        name = self._living_namespace()
        if not name:
            return None
        try:
            found = self._bed.client.list(resource, namespace=name)["items"]
        except NotFound:
            return None
        return self._bed.dice.choice(found) if found else None

    def _release(self) -> str:
        name = self._bed.dice.choice(_RELEASES)
        return f"{marks.BAD}{name}" if self._bed.dice.random() < 0.1 else name

    def _tag(self) -> str:
        return f"{next(self._numbers)}"

    def _write(self, what: str, environment: str = "", **details: Any) -> None:
        self._bed.journal.write(what, environment, **details)


def _shared(version: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": marks.SHARED},
        "data": {"version": version},
    }
