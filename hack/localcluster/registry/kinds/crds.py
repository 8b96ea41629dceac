"""CustomResourceDefinitions: names and versions that fit, and a status the definition controller fills."""

from __future__ import annotations

from typing import Any

from ...fielderrors import FieldError
from ...objects import Object
from ...schema.crd_checks import check_definition
from .builtin import BuiltinStrategy


class DefinitionStrategy(BuiltinStrategy):
    """CustomResourceDefinitions."""

    has_status = True
    has_generation = True
    unconditional_update = False
    qualified_finalizers = False

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
        """Set the initial status: no names are accepted yet, and the storage version is recorded."""
        obj = super().prepare_create(obj)
        versions = (obj.get("spec") or {}).get("versions") or []
        stored = [version["name"] for version in versions if version.get("storage")]
        empty = {"plural": "", "kind": ""}
        return {**obj, "status": {"conditions": [], "acceptedNames": empty, "storedVersions": stored}}

    def prepare_update(self, obj: Object, old: Object) -> Object:
        """Add a new storage version to the stored versions."""
        obj = super().prepare_update(obj, old)
        status = dict(obj.get("status") or {})
        stored = list(status.get("storedVersions") or [])
        for version in (obj.get("spec") or {}).get("versions") or []:
            if version.get("storage") and version["name"] not in stored:
                stored.append(version["name"])
        return {**obj, "status": {**status, "storedVersions": stored}}

    def validate(self, obj: Object) -> list[FieldError]:
        """Names, versions, schemas, columns."""
        return check_definition(obj)

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """Validate as on creation, and refuse changes of immutable fields."""
        return check_definition(obj, old)
