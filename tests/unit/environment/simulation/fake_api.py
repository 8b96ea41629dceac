"""An API server in memory, as dumb as can be: objects, versions, finalizers, terminating namespaces; and crashes.

It answers the few calls that the heart makes, by the rules that the recorded conversations with a real server show.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch
import jsonpointer

from controller.api.environment import FIELD_MANAGER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.client import DeletePropagation, PatchType

Key = tuple[Resource, str, str]


class Crash(BaseException):
    """The process dies here, whatever it was about to do."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write that the controller asked for, with the object before and after it (None: not there)."""

    verb: str
    resource: Resource
    namespace: str
    name: str
    subresource: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class FakeApi:
    """`now` gives the timestamp for new objects. `on_write` sees each of the controller's writes."""

    def __init__(self, *, now: Callable[[], str]) -> None:
        self._now = now
        self._objects: dict[Key, dict[str, Any]] = {}
        self._version = 100
        self._uids = 0
        self.writes: list[Write] = []
        self.on_write: list[Callable[[Write], None]] = []
        self.reads: set[Key] = set()
        self._applied: dict[Key, dict[str, Any]] = {}
        # By kind, a field of the spec that cannot be changed, and how the server says so.
        self.unchangeable: dict[str, tuple[str, str]] = {}
        # Number of writes until the process dies: before the last of them, or after it.
        self.crash_before: int | None = None
        self.crash_after: int | None = None
        # What discovery knows of.
        self.serves: set[Resource] = {HELM_RELEASES}
        # Group versions that discovery gives no answer about.
        self.silent: dict[str, ApiError] = {}
        # What admission webhooks, or a CRD that knows fewer fields, make of an object that is about to be stored.
        self.admission: Callable[[Resource, dict[str, Any]], dict[str, Any]] = lambda _, obj: obj
        self.refuse: Callable[[str, Resource, str, str], ApiError | None] = lambda *_: None

    # What the controller calls: the same as controller.client.Client

    def served(self, group_version: str) -> frozenset[Resource]:
        if group_version in self.silent:
            raise self.silent[group_version]
        return frozenset(r for r in self.serves if r.api_version == group_version)

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        self._check("get", resource, namespace, name)
        self.reads.add((resource, namespace, name))
        return copy.deepcopy(self._existing((resource, namespace, name)))

    def list(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        limit: int | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        self._check("list", resource, namespace, "")
        wanted = dict(part.split("=") for part in label_selector.split(",") if part)
        items = [
            copy.deepcopy(obj)
            for obj in self.all(resource, namespace)
            if wanted.items() <= (obj["metadata"].get("labels") or {}).items()
        ]
        items.sort(key=objects.name)
        return {"metadata": {"resourceVersion": str(self._version)}, "items": items[:limit]}

    def create(self, resource: Resource, body: Mapping[str, Any], *, namespace: str = "") -> dict[str, Any]:
        name = body["metadata"]["name"]
        return self._write("create", resource, namespace, name, "", lambda: self._create(resource, namespace, body))

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        force: bool = False,
    ) -> dict[str, Any]:
        key = (resource, namespace, name)
        if patch_type is PatchType.APPLY:
            assert force, "what we apply is ours"
            return self._write("apply", resource, namespace, name, "", lambda: self._apply(key, body))
        change = _merge if patch_type is PatchType.MERGE else _json_patch
        return self._write(
            "patch", resource, namespace, name, subresource, lambda: self._patch(key, body, change, subresource)
        )

    def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: DeletePropagation | None = None,
    ) -> dict[str, Any]:
        assert propagation is DeletePropagation.BACKGROUND, "a Job left to itself leaves its pods behind"
        assert None not in (uid, resource_version), f"{name} is deleted whatever has become of it"
        key = (resource, namespace, name)
        return self._write("delete", resource, namespace, name, "", lambda: self._delete(key, uid, resource_version))

    # What the rest of the world does, and what tests look at

    @property
    def version(self) -> str:
        """The version of the newest change."""
        return str(self._version)

    def all(self, resource: Resource, namespace: str | None = None) -> list[dict[str, Any]]:
        """The objects of a resource, in one namespace or in all."""
        return [
            obj
            for (found, within, _), obj in self._objects.items()
            if found == resource and namespace in (None, "", within)
        ]

    def everything(self) -> list[tuple[Resource, str, str, dict[str, Any]]]:
        """All objects, with their resources, namespaces and names."""
        return [(*key, obj) for key, obj in self._objects.items()]

    def peek(self, resource: Resource, name: str, namespace: str = "") -> dict[str, Any] | None:
        """The object, or None."""
        return self._objects.get((resource, namespace, name))

    def put(self, resource: Resource, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody writes an object as it stands, new or in place of the one of that name; uid and spec rules hold."""
        metadata = obj["metadata"]
        key = (resource, metadata.get("namespace", ""), metadata["name"])
        before = self._objects.get(key)
        if before is None:
            return self._store(key, copy.deepcopy(dict(obj)), None)
        after = copy.deepcopy(dict(obj))
        after["metadata"] |= {name: before["metadata"][name] for name in ("uid", "generation")}
        return self._store(key, after, before)

    def edit(self, resource: Resource, name: str, namespace: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Somebody changes an object; nothing where it is gone."""
        if (before := self._objects.get((resource, namespace, name))) is not None:
            after = copy.deepcopy(before)
            change(after)
            self._store((resource, namespace, name), after, before)

    def remove(self, resource: Resource, name: str, namespace: str = "") -> None:
        """Somebody deletes an object; nothing where it is gone."""
        if (resource, namespace, name) in self._objects:
            self._delete((resource, namespace, name))

    def finish_namespaces(self) -> None:
        """The namespace controller: empties terminating namespaces, and lets the empty ones go."""
        for namespace in [obj for obj in self.all(NAMESPACES) if obj["metadata"].get("deletionTimestamp")]:
            name = namespace["metadata"]["name"]
            for key in [key for key in self._objects if key[1] == name]:
                self._delete(key)
            if any(within == name for _, within, _ in self._objects):
                continue
            if not namespace["metadata"].get("finalizers"):
                del self._objects[(NAMESPACES, "", name)]
                self._version += 1

    # Rules

    def _write(
        self,
        verb: str,
        resource: Resource,
        namespace: str,
        name: str,
        subresource: str,
        do: Callable[[], dict[str, Any]],
    ) -> dict[str, Any]:
        self._check(verb, resource, namespace, name)
        self.crash_before = self._count_down(self.crash_before)
        key = (resource, namespace, name)
        before = copy.deepcopy(self._objects.get(key))
        answer = copy.deepcopy(do())
        write = Write(verb, resource, namespace, name, subresource, before, copy.deepcopy(self._objects.get(key)))
        self.writes.append(write)
        for observer in self.on_write:
            observer(write)
        self.crash_after = self._count_down(self.crash_after)
        return answer

    def _count_down(self, left: int | None) -> int | None:
        if left == 1:
            raise Crash
        return None if left is None else left - 1

    def _check(self, verb: str, resource: Resource, namespace: str, name: str) -> None:
        if error := self.refuse(verb, resource, namespace, name):
            raise error

    def _existing(self, key: Key) -> dict[str, Any]:
        if key not in self._objects:
            raise _error(404, "NotFound", f"{key[0]} {key[2]!r} not found")
        return self._objects[key]

    def _create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if namespace:
            within = self._existing((NAMESPACES, "", namespace))
            if within["metadata"].get("deletionTimestamp"):
                raise _error(403, "Forbidden", "terminating", causes=[{"reason": "NamespaceTerminating"}])
        key = (resource, namespace, body["metadata"]["name"])
        if key in self._objects:
            raise _error(409, "AlreadyExists", f"{resource} {key[2]!r} already exists")
        return self._store(key, copy.deepcopy(dict(body)), None)

    def _apply(self, key: Key, body: Mapping[str, Any]) -> dict[str, Any]:
        before = self._objects.get(key)
        formerly, self._applied[key] = self._applied.get(key, {}), copy.deepcopy(dict(body))
        if before is None:
            return self._create(key[0], key[1], _owned(body))
        after = _owned(copy.deepcopy(_merge(_without(before, formerly, body), body)), body)
        if causes := self._unchangeable(key[0].kind, before, after):
            self._applied[key] = formerly
            words = "; ".join(cause["message"] for cause in causes)
            raise _error(422, "Invalid", f"{key[0].kind} {key[2]!r} is invalid: {words}", causes=causes)
        return self._store(key, after, before)

    def _unchangeable(self, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
        found = []
        if kind == "Secret" and before.get("type", "Opaque") != after.get("type", "Opaque"):
            found.append(("type", f'Invalid value: "{after.get("type")}": field is immutable'))
        if kind in ("Secret", "ConfigMap") and before.get("immutable"):
            words = "Forbidden: field is immutable when `immutable` is set"
            fields = [field for field in ("data", "binaryData") if before.get(field) != after.get(field)]
            found += [(field, words) for field in (*([] if after.get("immutable") else ["immutable"]), *fields)]
        field, words = self.unchangeable.get(kind, ("", ""))
        if field and (before.get("spec") or {}).get(field) != (after.get("spec") or {}).get(field):
            found.append((f"spec.{field}", words))
        return [{"reason": "FieldValueInvalid", "field": field, "message": words} for field, words in found]

    def _patch(self, key: Key, body: Any, change: Callable[[Any, Any], Any], subresource: str) -> dict[str, Any]:
        before = self._existing(key)
        wanted = (body.get("metadata") or {}).get("resourceVersion") if isinstance(body, Mapping) else None
        if wanted is not None and wanted != before["metadata"]["resourceVersion"]:
            raise _error(409, "Conflict", "the object has been modified")
        patched = change(before, body)
        if subresource == "status":
            after = {**before, "status": patched.get("status")}
        else:
            after = {**patched, **({"status": before["status"]} if "status" in before else {})}
        new = set(after["metadata"].get("finalizers") or ()) - set(before["metadata"].get("finalizers") or ())
        if new and before["metadata"].get("deletionTimestamp"):
            raise _error(422, "Invalid", "no new finalizers can be added if the object is being deleted")
        return self._store(key, copy.deepcopy(after), before)

    def _delete(self, key: Key, uid: str | None = None, version: str | None = None) -> dict[str, Any]:
        before = self._existing(key)
        if uid is not None and uid != before["metadata"]["uid"]:
            raise _error(409, "Conflict", "the UID in the precondition does not match")
        if version is not None and version != before["metadata"]["resourceVersion"]:
            raise _error(409, "Conflict", "the resourceVersion in the precondition does not match")
        if key[0] != NAMESPACES and not before["metadata"].get("finalizers"):
            del self._objects[key]
            self._version += 1
            return before
        if before["metadata"].get("deletionTimestamp"):
            return before
        after = copy.deepcopy(before)
        after["metadata"]["deletionTimestamp"] = self._now()
        if key[0] == NAMESPACES:
            after["status"] = {"phase": "Terminating"}
        return self._store(key, after, before)

    def _store(self, key: Key, after: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        after = self.admission(key[0], after)
        metadata = after["metadata"] = dict(after["metadata"])
        if before is None:
            self._uids += 1
            metadata.setdefault("creationTimestamp", self._now())
            metadata |= {"uid": metadata.get("uid") or f"live-{self._uids}", "generation": 1}
        elif after == before:
            return before
        elif after.get("spec") != before.get("spec"):
            metadata["generation"] = before["metadata"]["generation"] + 1
        self._version += 1
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers") and key[0] != NAMESPACES:
            # As a real server answers: the object as it would have been, at the version that it had.
            self._objects.pop(key, None)
        else:
            metadata["resourceVersion"] = str(self._version)
            self._objects[key] = after
        return after


def _owned(obj: Mapping[str, Any], applied: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object that says which of its content we applied, as the API server notes it."""
    content = {name: objects.mapping((applied or obj).get(name)) for name in ("data", "binaryData")}
    fields = {f"f:{name}": {f"f:{key}": {} for key in keys} for name, keys in content.items()}
    entry = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [entry]}}


def _without(current: Any, formerly: Any, now: Any) -> Any:
    """`current` without what was applied formerly and no longer is."""
    if not (isinstance(current, Mapping) and isinstance(formerly, Mapping) and isinstance(now, Mapping)):
        return current
    return {
        name: _without(value, formerly.get(name), now.get(name)) if name in now else value
        for name, value in current.items()
        if name in now or name not in formerly
    }


def _merge(current: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def _json_patch(current: Any, patch: Any) -> Any:
    try:
        return jsonpatch.apply_patch(copy.deepcopy(dict(current)), list(patch))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException):
        # All that a real server says, whether a test failed or a path does not exist.
        raise _error(422, "Invalid", "the server rejected our request due to an error in our request") from None


def _error(code: int, reason: str, message: str, **details: Any) -> ApiError:
    return status_error(
        code, {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
    )
