"""Rules of Namespaces, Secrets, ConfigMaps, ServiceAccounts, Roles and Leases."""

from __future__ import annotations

import base64
import json
from typing import Any

from ...fielderrors import FieldError, forbidden, invalid, required, too_long
from ...objects import Object, name_of
from ...selectors.fields import FieldReader
from ...validation import names
from ..resource import Face
from ..strategy import field_readers, with_status
from .builtin import BuiltinStrategy

_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type of secrets
_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_DOCKER_KEYS = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
_SECRET_SIZE_LIMIT = 1024 * 1024


class NamespaceStrategy(BuiltinStrategy):
    """Namespaces: the name as a label, the `kubernetes` finalizer in the spec, a phase."""

    name_check = staticmethod(names.dns1123_label)
    has_status = True

    @property
    def readers(self) -> dict[str, FieldReader]:
        """Add the field selector on the phase."""
        return field_readers("metadata.name", "metadata.namespace", "name", "status.phase")

    def default(self, obj: Object) -> Object:
        """The label `kubernetes.io/metadata.name`."""
        name = name_of(obj)
        if not name:
            return obj
        metadata = obj["metadata"]
        labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": name}
        return {**obj, "metadata": {**metadata, "labels": labels}}

    def prepare_create(self, obj: Object) -> Object:
        """A new namespace is Active and held by the namespace controller's finalizer."""
        finalizers = list((obj.get("spec") or {}).get("finalizers") or [])
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")
        return {**obj, "spec": {"finalizers": finalizers}, "status": {"phase": "Active"}}

    def prepare_update(self, obj: Object, old: Object) -> Object:
        """spec.finalizers belong to /finalize."""
        return with_status({**obj, "spec": old.get("spec", {})}, old)

    def prepare_finalize(self, obj: Object, old: Object) -> Object:
        """An update of /finalize: only spec.finalizers change."""
        metadata = {**old["metadata"], "resourceVersion": obj["metadata"].get("resourceVersion", "")}
        result = {**old, "metadata": metadata}
        finalizers = (obj.get("spec") or {}).get("finalizers") or []
        result["spec"] = {"finalizers": finalizers} if finalizers else {}
        return result


class SecretStrategy(BuiltinStrategy):
    """Secrets: stringData, types, keys, size, immutability."""

    revalidates_metadata = True

    @property
    def readers(self) -> dict[str, FieldReader]:
        """Add the field selector on the type."""
        return field_readers("metadata.name", "metadata.namespace", "type")

    def default(self, obj: Object) -> Object:
        """Moves stringData into data, and sets the type to Opaque if there is none."""
        result = {key: value for key, value in obj.items() if key != "stringData"}
        plain: dict[str, str] = obj.get("stringData") or {}
        if plain:
            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
            result["data"] = {**(obj.get("data") or {}), **encoded}
        result["type"] = obj.get("type") or "Opaque"
        return result

    def validate(self, obj: Object) -> list[FieldError]:
        """Keys, size, and the data that each type demands."""
        data: dict[str, str] = obj.get("data") or {}
        errors = [invalid(f"data[{key}]", key, text) for key in data for text in names.config_key(key)]
        if sum(len(base64.b64decode(value)) for value in data.values()) > _SECRET_SIZE_LIMIT:
            errors.append(too_long("data", _SECRET_SIZE_LIMIT))
        if obj.get("type") == _ACCOUNT_TOKEN and not (obj["metadata"].get("annotations") or {}).get(_ACCOUNT_NAME):
            errors.append(required(f"metadata.annotations[{_ACCOUNT_NAME}]"))
        return errors + _type_rules(obj.get("type", ""), data)

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """The type cannot change, and nothing of an immutable Secret."""
        errors: list[FieldError] = []
        if obj.get("type") != old.get("type"):
            errors.append(invalid("type", obj.get("type"), "field is immutable"))
        return errors + immutable_errors(obj, old, ("data",)) + self.validate(obj)


def _type_rules(kind: str, data: dict[str, str]) -> list[FieldError]:
    def needed(*keys: str) -> list[FieldError]:
        return [required(f"data[{key}]") for key in keys if key not in data]

    if kind == "kubernetes.io/tls":
        return needed("tls.crt", "tls.key")
    if kind in _DOCKER_KEYS:
        key = _DOCKER_KEYS[kind]
        return needed(key) or _not_json(f"data[{key}]", base64.b64decode(data[key]))
    if kind == "kubernetes.io/ssh-auth":
        return needed("ssh-privatekey")
    if kind == "kubernetes.io/basic-auth" and "username" not in data and "password" not in data:
        return [required("data[username]"), required("data[password]")]
    return []


def _not_json(field: str, content: bytes) -> list[FieldError]:
    try:
        json.loads(content)
    except ValueError as error:
        why = "unexpected end of JSON input" if not content.strip() else str(error)
        return [invalid(field, "<secret contents redacted>", why)]
    return []


def immutable_errors(obj: Object, old: Object, fields: tuple[str, ...]) -> list[FieldError]:
    """Errors of changing a ConfigMap or Secret that is marked immutable."""
    if not old.get("immutable"):
        return []
    text = "field is immutable when `immutable` is set"
    errors = [] if obj.get("immutable") else [forbidden("immutable", text)]
    return errors + [forbidden(field, text) for field in fields if (obj.get(field) or {}) != (old.get(field) or {})]


class ConfigMapStrategy(BuiltinStrategy):
    """ConfigMaps: keys, size, immutability."""

    revalidates_metadata = True

    def validate(self, obj: Object) -> list[FieldError]:
        """Keys of both maps, which must not overlap."""
        data: dict[str, str] = obj.get("data") or {}
        binary: dict[str, str] = obj.get("binaryData") or {}
        errors: list[FieldError] = []
        for key in data:
            errors += [invalid(f"data[{key}]", key, text) for text in names.config_key(key)]
            if key in binary:
                errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        for key in binary:
            errors += [invalid(f"binaryData[{key}]", key, text) for text in names.config_key(key)]
            if key in data:
                errors.append(invalid(f"binaryData[{key}]", key, "duplicate of key present in data"))
        if sum(len(value.encode()) for value in data.values()) > _SECRET_SIZE_LIMIT:
            errors.append(too_long("", _SECRET_SIZE_LIMIT))
        return errors

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """Nothing of an immutable ConfigMap can change."""
        return immutable_errors(obj, old, ("data", "binaryData")) + self.validate(obj)


class ServiceAccountStrategy(BuiltinStrategy):
    """ServiceAccounts answer a deletion with themselves."""

    revalidates_metadata = True
    returns_deleted = True


class LeaseStrategy(BuiltinStrategy):
    """Leases: PUT creates and demands a version."""

    create_on_update = True
    unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        """Durations and transitions are not negative."""
        spec: dict[str, Any] = obj.get("spec") or {}
        errors: list[FieldError] = []
        duration = spec.get("leaseDurationSeconds")
        if duration is not None and duration <= 0:
            errors.append(invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
        if (spec.get("leaseTransitions") or 0) < 0:
            text = "must be greater than or equal to 0"
            errors.append(invalid("spec.leaseTransitions", spec["leaseTransitions"], text))
        return errors


class RolesFace(Face):
    """Roles always show their rules."""

    def shown(self, obj: Object) -> Object:
        """Return the object with `rules: null` if it has no rules."""
        return obj if obj.get("rules") else {**obj, "rules": None}


class RoleStrategy(BuiltinStrategy):
    """Roles and bindings: any path segment is a name, PUT creates."""

    revalidates_metadata = True
    name_check = staticmethod(names.path_segment)
    create_on_update = True
