"""Checks ObjectMeta at creation and at update (k8s.io/apimachinery, api/validation/objectmeta.go)."""

from __future__ import annotations

from typing import Any

from ..fielderrors import FieldError, forbidden, invalid, required, too_long
from ..objects import Object
from . import names
from .names import NameCheck

_ANNOTATIONS_LIMIT = 256 * 1024
_ORPHAN = "orphan"
_FOREGROUND = "foregroundDeletion"


def validate_metadata(obj: Object, *, namespaced: bool, name_check: NameCheck) -> list[FieldError]:
    """Errors of an object's metadata as such."""
    metadata = obj.get("metadata", {})
    errors: list[FieldError] = []
    generate_name = metadata.get("generateName") or ""
    if generate_name:
        masked = generate_name[:-1] + "a" if generate_name.endswith("-") else generate_name
        errors += [invalid("metadata.generateName", generate_name, text) for text in name_check(masked)]
    name = metadata.get("name") or ""
    if name:
        errors += [invalid("metadata.name", name, text) for text in name_check(name)]
    else:
        errors.append(required("metadata.name", "name or generateName is required"))
    namespace = metadata.get("namespace") or ""
    if namespaced:
        if not namespace:
            errors.append(required("metadata.namespace"))
        errors += [invalid("metadata.namespace", namespace, t) for t in names.dns1123_label(namespace) if namespace]
    elif namespace:
        errors.append(forbidden("metadata.namespace", "not allowed on this type"))
    errors += _labels_and_annotations(metadata)
    errors += _owner_references(metadata.get("ownerReferences") or [])
    errors += _finalizers(metadata.get("finalizers") or [])
    return errors


def validate_metadata_update(obj: Object, old: Object) -> list[FieldError]:
    """Errors of metadata that only a comparison with the live object can show."""
    new_meta, old_meta = obj.get("metadata", {}), old["metadata"]
    errors: list[FieldError] = []
    if old_meta.get("deletionTimestamp"):
        added = sorted(set(new_meta.get("finalizers") or []) - set(old_meta.get("finalizers") or []))
        if added:
            shown = ", ".join(f'"{name}"' for name in added)
            text = "no new finalizers can be added if the object is being deleted, found new finalizers"
            errors.append(forbidden("metadata.finalizers", f"{text} []string{{{shown}}}"))
    for field in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if (new_meta.get(field) or None) != (old_meta.get(field) or None):
            errors.append(invalid(f"metadata.{field}", new_meta.get(field), "field is immutable"))
    errors += _labels_and_annotations(new_meta)
    errors += _owner_references(new_meta.get("ownerReferences") or [])
    return errors


def validate_labels(labels: dict[str, str], path: str) -> list[FieldError]:
    """Errors of a map of labels."""
    errors: list[FieldError] = []
    for key, value in labels.items():
        errors += [invalid(path, key, text) for text in names.qualified_name(key)]
        errors += [invalid(path, value, text) for text in names.label_value(value)]
    return errors


def _labels_and_annotations(metadata: dict[str, Any]) -> list[FieldError]:
    errors = validate_labels(metadata.get("labels") or {}, "metadata.labels")
    annotations: dict[str, str] = metadata.get("annotations") or {}
    for key in annotations:
        errors += [invalid("metadata.annotations", key, text) for text in names.qualified_name(key.lower())]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        errors.append(too_long("metadata.annotations", _ANNOTATIONS_LIMIT))
    return errors


def _owner_references(references: list[dict[str, Any]]) -> list[FieldError]:
    errors: list[FieldError] = []
    controller = ""
    for index, reference in enumerate(references):
        path = f"metadata.ownerReferences[{index}]"
        api_version = reference.get("apiVersion") or ""
        if api_version and (api_version.count("/") > 1 or api_version.endswith("/")):
            text = "must be <group>/<version> or <version>"
            errors.append(invalid(f"{path}.apiVersion", api_version, text))
        for field in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(field):
                errors.append(required(f"{path}.{field}", "must not be empty"))
        if api_version == "v1" and reference.get("kind") == "Event":
            errors.append(invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner"))
        if reference.get("controller"):
            owner = f"{reference.get('kind')}/{reference.get('name')}"
            if controller:
                text = 'Only one reference can have Controller set to true. Found "true" in references for'
                errors.append(invalid("metadata.ownerReferences", references, f"{text} {controller} and {owner}"))
            controller = controller or owner
    return errors


def _finalizers(finalizers: list[str]) -> list[FieldError]:
    errors = [invalid("metadata.finalizers", name, text) for name in finalizers for text in names.qualified_name(name)]
    if _ORPHAN in finalizers and _FOREGROUND in finalizers:
        text = f"finalizer {_FOREGROUND} and {_ORPHAN} cannot be both set"
        errors.append(invalid("metadata.finalizers", finalizers, text))
    return errors
