"""The API server's checks of a CustomResourceDefinition.

The server converts a definition to its internal form first: what all versions have in common (always, if there is only
one) moves to the top, and errors point there: `spec.validation.openAPIV3Schema...` rather than
`spec.versions[0].schema.openAPIV3Schema...`.

Source: k8s.io/apiextensions-apiserver, packages apis/apiextensions/validation and apis/apiextensions/v1 (conversion).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError, Printed
from ..validation import names
from .crd_schema import check_schema
from .fieldpath import normalize
from .node import compile_node

Object = Mapping[str, Any]

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MOST_SELECTABLE = 8
# Per-version fields that move to the top when all versions agree: name in a version -> name at the top.
_SHARED = {
    "subresources": "subresources",
    "schema": "validation",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}


def check_definition(definition: Object, old: Object | None = None) -> list[FieldError]:
    """Return the errors of a definition (names already defaulted), except those of its metadata's syntax.

    `old` is the stored definition on update; some of its fields may not change.
    """
    spec = definition.get("spec") or {}
    errors = [*_check_name(definition, spec), *_spec_errors(json.dumps(spec))]
    errors += _check_stored(definition, spec.get("versions") or [])
    if old is not None:
        errors += _check_changes(spec, old)
    return errors


@lru_cache(maxsize=64)
def _spec_errors(spec: str) -> tuple[FieldError, ...]:
    # Every write of a definition, even of its status, checks the whole spec, which has rarely changed.
    return tuple(_check_spec(json.loads(spec)))


def _check_name(definition: Object, spec: Object) -> Iterator[FieldError]:
    name = (definition.get("metadata") or {}).get("name") or ""
    if name and name != f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}":
        yield fe.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _check_spec(spec: Object) -> Iterator[FieldError]:
    yield from _check_group(spec.get("group") or "")
    scope = spec.get("scope") or ""
    if not scope:
        yield fe.required("spec.scope")
    elif scope not in ("Cluster", "Namespaced"):
        yield fe.unsupported("spec.scope", scope, ("Cluster", "Namespaced"))
    versions: Sequence[Object] = spec.get("versions") or []
    shared = _shared(versions)
    if not _has_schema({"schema": shared.get("schema")}):
        for index, version in enumerate(versions):
            if not _has_schema(version):
                yield fe.required(f"spec.versions[{index}].schema.openAPIV3Schema")
    for index, version in enumerate(versions):
        yield from _check_version(version, shared, f"spec.versions[{index}]")
    yield from _check_versions(versions, shared)
    given = spec.get("names") or {}
    for field in ("plural", "singular", "kind", "listKind"):
        if not given.get(field):
            yield fe.required(f"spec.names.{field}")
    yield from _check_names(given, "spec.names")
    has_status = any(_has_status(version) for version in versions)
    yield from _check_parts(
        shared, "spec", has_status=has_status, schema_field="validation", schema=shared.get("schema")
    )
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        yield fe.invalid("spec.preserveUnknownFields", True, detail)


def _check_group(group: str) -> Iterator[FieldError]:
    if not group:
        yield fe.required("spec.group")
    elif problems := names.dns1123_subdomain(group):
        yield fe.invalid("spec.group", group, ",".join(problems))
    elif "." not in group:
        yield fe.invalid("spec.group", group, "should be a domain with at least one dot")


def _shared(versions: Sequence[Object]) -> dict[str, Any]:
    """The per-version fields in which all versions agree (None where none has it)."""
    if not versions:
        return {}
    first = versions[0]
    return {
        field: first.get(field)
        for field in _SHARED
        if all(version.get(field) == first.get(field) for version in versions)
    }


def _has_schema(version: Object) -> bool:
    return (version.get("schema") or {}).get("openAPIV3Schema") is not None


def _has_status(version: Object) -> bool:
    return (version.get("subresources") or {}).get("status") is not None


def _check_version(version: Object, shared: Object, path: str) -> Iterator[FieldError]:
    name = version.get("name") or ""
    if problems := names.dns1035_label(name):
        yield fe.invalid(f"{path}.name", name, ",".join(problems))
    warning = version.get("deprecationWarning")
    if warning is not None and not version.get("deprecated"):
        yield fe.invalid(f"{path}.deprecationWarning", warning, "can only be set for deprecated versions")
    elif warning is not None and len(warning) > 256:
        yield fe.invalid(f"{path}.deprecationWarning", warning, "must be <= 256 characters long")
    elif warning == "":
        yield fe.invalid(f"{path}.deprecationWarning", warning, "must not be an empty string")
    own = {field: value for field, value in version.items() if field in _SHARED and field not in shared}
    has_status = _has_status(version)
    schema = version.get("schema")
    yield from _check_parts(own, path, has_status=has_status, schema_field="schema", schema=schema)


def _check_parts(
    parts: Object, path: str, *, has_status: bool, schema_field: str, schema: Object | None
) -> Iterator[FieldError]:
    """Schema, subresources, columns and selectable fields, of a version or of all."""
    openapi = (parts.get("schema") or {}).get("openAPIV3Schema")
    if openapi is not None:
        yield from check_schema(openapi, f"{path}.{schema_field}.openAPIV3Schema", has_status=has_status)
    yield from _check_scale((parts.get("subresources") or {}).get("scale"), f"{path}.subresources.scale")
    for index, column in enumerate(parts.get("additionalPrinterColumns") or []):
        yield from _check_column(column, f"{path}.additionalPrinterColumns[{index}]")
    selectable = parts.get("selectableFields") or []
    whole = (schema or {}).get("openAPIV3Schema")
    if selectable and whole is not None:
        yield from _check_selectable(selectable, whole, f"{path}.selectableFields")


def _check_versions(versions: Sequence[Object], shared: Object) -> Iterator[FieldError]:
    listed = [version.get("name") for version in versions]
    if len(set(listed)) != len(listed):
        yield fe.invalid("spec.versions", _printed(versions, shared), "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        yield fe.invalid("spec.versions", _printed(versions, shared), detail)
    if versions and (problems := names.dns1035_label(listed[0] or "")):
        yield fe.invalid("spec.version", listed[0] or "", ",".join(problems))


def _printed(versions: Sequence[Object], shared: Object) -> Printed:
    """The versions as the server prints them: by the names of their Go fields, without what all of them share."""
    if not versions:
        return Printed("null")
    rows = []
    for version in versions:
        row = {
            "Name": version.get("name") or "",
            "Served": bool(version.get("served")),
            "Storage": bool(version.get("storage")),
            "Deprecated": bool(version.get("deprecated")),
            "DeprecationWarning": version.get("deprecationWarning"),
        }
        for field in ("schema", "subresources", "additionalPrinterColumns", "selectableFields"):
            row[field[0].upper() + field[1:]] = None if field in shared else version.get(field)
        rows.append("{" + ",".join(f"{json.dumps(name)}:{fe.go_json(value)}" for name, value in row.items()) + "}")
    return Printed("[" + ",".join(rows) + "]")


def _check_names(given: Object, path: str) -> Iterator[FieldError]:
    for field in ("plural", "singular"):
        if given.get(field) and (problems := names.dns1035_label(given[field])):
            yield fe.invalid(f"{path}.{field}", given[field], ",".join(problems))
    for field in ("kind", "listKind"):
        if given.get(field) and (problems := names.dns1035_label(given[field].lower())):
            detail = "may have mixed case, but should otherwise match: " + ",".join(problems)
            yield fe.invalid(f"{path}.{field}", given[field], detail)
    for index, name in enumerate(given.get("shortNames") or []):
        if problems := names.dns1035_label(name):
            yield fe.invalid(f"{path}.shortNames[{index}]", name, ",".join(problems))
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        yield fe.invalid(f"{path}.listKind", given["listKind"], "kind and listKind may not be the same")
    for index, name in enumerate(given.get("categories") or []):
        if problems := names.dns1035_label(name):
            yield fe.invalid(f"{path}.categories[{index}]", name, ",".join(problems))


def _check_column(column: Object, path: str) -> Iterator[FieldError]:
    if not column.get("name"):
        yield fe.required(f"{path}.name")
    kind, known = column.get("type") or "", f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        yield fe.required(f"{path}.type", known)
    elif kind not in _COLUMN_TYPES:
        yield fe.invalid(f"{path}.type", kind, known)
    form = column.get("format") or ""
    if form and form not in _COLUMN_FORMATS:
        yield fe.invalid(f"{path}.format", form, f"must be one of {','.join(_COLUMN_FORMATS)}")
    json_path = column.get("jsonPath") or ""
    if not json_path:
        yield fe.required(f"{path}.JSONPath")
    else:
        yield from _check_json_path(json_path, f"{path}.JSONPath")


def _check_json_path(text: str, path: str) -> Iterator[FieldError]:
    if not text.startswith("."):
        yield fe.invalid(path, text, "must be a simple json path starting with .")


def _check_scale(scale: Object | None, path: str) -> Iterator[FieldError]:
    if scale is None:
        return
    for field, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        text = scale.get(field) or ""
        if not text:
            yield fe.required(f"{path}.{field}")
        elif not text.startswith("."):
            yield from _check_json_path(text, f"{path}.{field}")
        elif not text.startswith(root):
            yield fe.invalid(f"{path}.{field}", text, f"should be a json path under {root.rstrip('.')}")
    selector = scale.get("labelSelectorPath") or ""
    if selector and not selector.startswith("."):
        yield from _check_json_path(selector, f"{path}.labelSelectorPath")
    elif selector and not selector.startswith((".spec.", ".status.")):
        detail = "should be a json path under either .spec or .status"
        yield fe.invalid(f"{path}.labelSelectorPath", selector, detail)


def _check_selectable(selectable: Sequence[Object], schema: Object, path: str) -> Iterator[FieldError]:
    node = compile_node(schema)
    seen: set[str] = set()
    for index, field in enumerate(selectable):
        text, place = field.get("jsonPath") or "", f"{path}[{index}].jsonPath"
        if not text:
            yield fe.required(place)
            continue
        try:
            if "[" in text:
                raise ValueError("array notation is not allowed")
            found = normalize(text, node)
        except ValueError as error:
            yield fe.invalid(place, text, f"is an invalid path: {error}")
            continue
        if found.split(".")[0] == "metadata":
            yield fe.invalid(place, text, "must not point to fields in metadata")
        target = node
        for name in found.split("."):
            target = target.properties[name]
        if target.type not in ("string", "boolean", "integer"):
            detail = (
                "must point to a field of type string, boolean or integer. "
                "Enum string fields and strings with formats are allowed."
            )
            yield fe.invalid(place, text, detail)
        if found in seen:
            yield fe.duplicate(place, text)
        seen.add(found)
    if len(seen) > _MOST_SELECTABLE:
        yield fe.too_many(path, len(seen), _MOST_SELECTABLE)


def _check_stored(definition: Object, versions: Sequence[Object]) -> Iterator[FieldError]:
    stored: list[str] = (definition.get("status") or {}).get("storedVersions") or []
    current = [version.get("name") or "" for version in versions if version.get("storage")]
    if not stored:
        if not current:
            yield fe.invalid("status.storedVersions", None, "must have at least one stored version")
        return
    for name in current:
        if name not in stored:
            yield fe.invalid("status.storedVersions", stored, f"must have the storage version {name}")
    for index, name in enumerate(stored):
        if all(version.get("name") != name for version in versions):
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            yield fe.invalid(f"status.storedVersions[{index}]", name, detail)


def _check_changes(spec: Object, old: Object) -> Iterator[FieldError]:
    before = old.get("spec") or {}
    conditions = (old.get("status") or {}).get("conditions") or []
    given, former = spec.get("names") or {}, before.get("names") or {}
    pairs = [("spec.group", spec.get("group"), before.get("group"))]
    pairs.append(("spec.names.plural", given.get("plural"), former.get("plural")))
    if any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions):
        pairs.insert(0, ("spec.scope", spec.get("scope"), before.get("scope")))
        pairs.insert(1, ("spec.names.kind", given.get("kind"), former.get("kind")))
    for field, value, old_value in pairs:
        if value != old_value:
            yield fe.invalid(field, value, "field is immutable")
