"""CustomResourceDefinitions: names and versions that fit, and a status the definition controller fills."""

from __future__ import annotations

from typing import Any

from ...fielderrors import FieldError, invalid, required
from ...objects import Object
from .builtin import BuiltinStrategy


class DefinitionStrategy(BuiltinStrategy):
    """CustomResourceDefinitions."""

    has_status = True
    has_generation = True
    unconditional_update = False

    def default(self, obj: Object) -> Object:
        """Names that follow from the kind; no conversion."""
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return obj
        given: dict[str, Any] = spec.get("names") or {}
        kind = str(given.get("kind") or "")
        derived = {"listKind": f"{kind}List", "singular": kind.lower()} if kind else {}
        result = {"conversion": {"strategy": "None"}, **spec, "names": {**derived, **given}}
        return {**obj, "spec": result}

    def prepare_create(self, obj: Object) -> Object:
        """Nothing is accepted yet; the storage version is remembered."""
        obj = super().prepare_create(obj)
        versions = (obj.get("spec") or {}).get("versions") or []
        stored = [version["name"] for version in versions if version.get("storage")]
        empty = {"plural": "", "kind": ""}
        return {**obj, "status": {"conditions": [], "acceptedNames": empty, "storedVersions": stored}}

    def prepare_update(self, obj: Object, old: Object) -> Object:
        """A new storage version joins the remembered ones."""
        obj = super().prepare_update(obj, old)
        status = dict(obj.get("status") or {})
        stored = list(status.get("storedVersions") or [])
        for version in (obj.get("spec") or {}).get("versions") or []:
            if version.get("storage") and version["name"] not in stored:
                stored.append(version["name"])
        return {**obj, "status": {**status, "storedVersions": stored}}

    def validate(self, obj: Object) -> list[FieldError]:
        """The name is `plural.group`; versions are served, one of them stored, each with a schema."""
        spec: dict[str, Any] = obj.get("spec") or {}
        errors: list[FieldError] = []
        group, plural = spec.get("group") or "", (spec.get("names") or {}).get("plural") or ""
        expected = f"{plural}.{group}"
        if obj["metadata"].get("name") != expected:
            text = f'must be spec.names.plural+"."+spec.group'
            errors.append(invalid("metadata.name", obj["metadata"].get("name") or "", text))
        for field in ("group", "scope"):
            if not spec.get(field):
                errors.append(required(f"spec.{field}"))
        for field in ("plural", "kind"):
            if not (spec.get("names") or {}).get(field):
                errors.append(required(f"spec.names.{field}"))
        versions = spec.get("versions") or []
        if not versions:
            errors.append(required("spec.versions", "must have at least one version"))
        elif sum(bool(version.get("storage")) for version in versions) != 1:
            text = "must have exactly one version marked as storage version"
            errors.append(invalid("spec.versions", versions, text))
        for index, version in enumerate(versions):
            if not (version.get("schema") or {}).get("openAPIV3Schema"):
                text = "schemas are required"
                errors.append(required(f"spec.versions[{index}].schema.openAPIV3Schema", text))
        return errors
