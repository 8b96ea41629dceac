"""Bindings: the role of a binding cannot change."""

from __future__ import annotations

from ...fielderrors import FieldError, invalid, required, unsupported
from ...objects import Object
from .core import RoleStrategy

_RBAC = "rbac.authorization.k8s.io"


class BindingStrategy(RoleStrategy):
    """RoleBindings and ClusterRoleBindings."""

    def default(self, obj: Object) -> Object:
        """Fill in the API groups of roleRef and subjects."""
        result = dict(obj)
        if isinstance(obj.get("roleRef"), dict):
            result["roleRef"] = {**obj["roleRef"], "apiGroup": obj["roleRef"].get("apiGroup") or _RBAC}
        if obj.get("subjects"):
            result["subjects"] = [
                {**subject, "apiGroup": subject.get("apiGroup") or _RBAC}
                if subject.get("kind") in ("User", "Group")
                else subject
                for subject in obj["subjects"]
            ]
        return result

    def validate(self, obj: Object) -> list[FieldError]:
        """The role has to be one of RBAC, and the subjects have to be named."""
        reference = obj.get("roleRef") or {}
        errors: list[FieldError] = []
        if reference.get("apiGroup") != _RBAC:
            errors.append(unsupported("roleRef.apiGroup", reference.get("apiGroup") or "", (_RBAC,)))
        kinds = ("ClusterRole",) if self.kind == "ClusterRoleBinding" else ("Role", "ClusterRole")
        if reference.get("kind") not in kinds:
            errors.append(unsupported("roleRef.kind", reference.get("kind") or "", kinds))
        if not reference.get("name"):
            errors.append(required("roleRef.name"))
        for index, subject in enumerate(obj.get("subjects") or []):
            path = f"subjects[{index}]"
            if not subject.get("name"):
                errors.append(required(f"{path}.name"))
            if subject.get("kind") == "ServiceAccount":
                if not subject.get("namespace") and self.kind == "ClusterRoleBinding":
                    errors.append(required(f"{path}.namespace"))
            elif subject.get("kind") not in ("User", "Group"):
                known = ("ServiceAccount", "User", "Group")
                errors.append(unsupported(f"{path}.kind", subject.get("kind") or "", known))
        return errors

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """roleRef is immutable."""
        errors = self.validate(obj)
        if obj.get("roleRef") != old.get("roleRef"):
            errors.append(invalid("roleRef", obj.get("roleRef"), "cannot change roleRef"))
        return errors
