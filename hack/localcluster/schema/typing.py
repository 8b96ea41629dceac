"""How a schema defines merging: which lists are sets or maps, which maps are atomic, what the keys are.

Server-side apply, ownership of fields and strategic merge patches all walk an object along a `Typing`. It is a thin,
lazy view of an OpenAPI schema, because the schemas of built-in kinds are large (and CustomResourceDefinition's is
recursive) while an object touches only a few of their nodes.

Source of the rules: k8s.io/kube-openapi, package schemaconv (OpenAPI to structured-merge-diff schemas).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

ListType = Literal["atomic", "set", "map"]

_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_FIELDS_V1 = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"


class Typing:
    """How one node of an object merges.

    Attributes:
        scalar, list, map: whether a value of that form is expected here.
        scalar_type: which scalars: `numeric`, `string`, `boolean`, or `untyped` for any.
        list_type: how a list merges; `atomic` unless the schema says otherwise.
        list_keys: names of the key fields of a list of type map.
        map_atomic: whether a map is replaced and owned as a whole.
        closed: whether a map may hold declared fields only.
        patch_merge_key: key field of strategic merge patches, or "".
        patch_strategies: `merge`, `replace`, `retainKeys` as declared for strategic merge patches.
        default: the schema's default for this node, or None (used for absent keys of list maps).
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        *,
        definitions: Mapping[str, Any] | None = None,
        key_defaults: Mapping[tuple[str, str], Any] | None = None,
        preserve: bool = False,
    ) -> None:
        self._definitions = definitions or {}
        self._key_defaults = key_defaults or {}
        overrides = schema
        self._name, schema = self._resolve(schema)
        self._schema = schema
        self._children: dict[str, Typing] = {}
        self._element: Typing | None = None
        self._preserve = preserve or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        self._properties: Mapping[str, Any] = schema.get("properties") or {}
        kind = _type_of(schema)
        if self._name in (_QUANTITY, _INT_OR_STRING) or schema.get("x-kubernetes-int-or-string"):
            kind = "scalar"
        self.scalar = kind not in ("object", "array")
        self.scalar_type = _scalar_type(kind, str(schema.get("format") or ""))
        self.list = kind in ("array", "")
        self.map = kind in ("object", "")
        extensions = {**schema, **{k: v for k, v in overrides.items() if k.startswith("x-")}}
        strategies = str(extensions.get("x-kubernetes-patch-strategy") or "")
        self.patch_strategies: tuple[str, ...] = tuple(s for s in strategies.split(",") if s)
        self.patch_merge_key = str(extensions.get("x-kubernetes-patch-merge-key") or "")
        self.list_type, self.list_keys = _list_relationship(extensions)
        self.untyped = self._name in (_RAW_EXTENSION, _FIELDS_V1)
        if self.untyped:
            self.scalar = self.list = True
        self.map_atomic = self.untyped or extensions.get("x-kubernetes-map-type") == "atomic"
        additional = schema.get("additionalProperties")
        free_form = self._preserve or not self._properties
        self.closed = not self.untyped and (
            additional is False or (additional is None and not free_form) or not self.map
        )
        self.default = schema.get("default")

    def declares(self, name: str) -> bool:
        """Whether `name` is a named field of a map, as opposed to a key of a free map."""
        return name in self._properties

    def field(self, name: str) -> Typing:
        """The typing of a map's entry. Unknown entries are typed by their values."""
        child = self._children.get(name)
        if child is None:
            child = self._field(name)
            if name in self._properties:
                self._children[name] = child
        return child

    def _field(self, name: str) -> Typing:
        if name in self._properties:
            child = self._child(self._properties[name])
            default = self._key_defaults.get((self._name.rpartition(".")[2], name))
            if default is not None:
                child.default = default
            return child
        additional = self._schema.get("additionalProperties")
        if isinstance(additional, Mapping):
            return self.element
        return UNTYPED_ATOMIC if self.untyped else DEDUCED

    @property
    def element(self) -> Typing:
        """The typing of a list's items, or of the values of a free map."""
        if self._element is None:
            additional = self._schema.get("additionalProperties")
            inner = self._schema.get("items") or (additional if isinstance(additional, Mapping) else None)
            self._element = self._child(inner) if inner is not None else UNTYPED_ATOMIC
        return self._element

    def _child(self, schema: Mapping[str, Any]) -> Typing:
        return Typing(schema, definitions=self._definitions, key_defaults=self._key_defaults, preserve=self._preserve)

    def _resolve(self, schema: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        reference = schema.get("$ref")
        if not reference:
            return "", schema
        name = str(reference).rpartition("/")[2]
        return name, self._definitions.get(name, {})


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type") or ""
    if isinstance(kind, str):
        return kind
    return next((name for name in kind if name != "null"), "")


def _scalar_type(kind: str, form: str) -> str:
    if kind in ("integer", "number"):
        return "numeric"
    if kind == "string" and form in ("", "byte"):
        return "string"
    return "boolean" if kind == "boolean" else "untyped"


def _list_relationship(extensions: Mapping[str, Any]) -> tuple[ListType, tuple[str, ...]]:
    declared = extensions.get("x-kubernetes-list-type")
    if declared == "map":
        return "map", tuple(extensions.get("x-kubernetes-list-map-keys") or ())
    return ("set", ()) if declared == "set" else ("atomic", ())


DEDUCED = Typing({}, preserve=True)
"""No schema: maps are granular, lists atomic, everything else by its value."""

UNTYPED_ATOMIC = Typing({"x-kubernetes-map-type": "atomic"}, preserve=True)
"""No schema, and nothing below is looked at: a map is one value."""

OBJECT_META: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "creationTimestamp": {"type": "string", "format": "date-time"},
        "deletionGracePeriodSeconds": {"type": "integer", "format": "int64"},
        "deletionTimestamp": {"type": "string", "format": "date-time"},
        "finalizers": {
            "type": "array",
            "items": {"type": "string"},
            "x-kubernetes-list-type": "set",
            "x-kubernetes-patch-strategy": "merge",
        },
        "generateName": {"type": "string"},
        "generation": {"type": "integer", "format": "int64"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "managedFields": {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "atomic"},
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "ownerReferences": {
            "type": "array",
            "items": {
                "type": "object",
                "x-kubernetes-map-type": "atomic",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "blockOwnerDeletion": {"type": "boolean"},
                    "controller": {"type": "boolean"},
                    "kind": {"type": "string"},
                    "name": {"type": "string"},
                    "uid": {"type": "string"},
                },
            },
            "x-kubernetes-list-map-keys": ["uid"],
            "x-kubernetes-list-type": "map",
            "x-kubernetes-patch-merge-key": "uid",
            "x-kubernetes-patch-strategy": "merge",
        },
        "resourceVersion": {"type": "string"},
        "selfLink": {"type": "string"},
        "uid": {"type": "string"},
    },
}
"""metav1.ObjectMeta, with the facts that merging needs."""


def custom_resource_typing(openapi_v3_schema: Mapping[str, Any] | None) -> Typing:
    """The typing of a custom resource: its schema, with apiVersion, kind and the real metadata put in.

    Without a schema (or with an empty one) everything but the metadata is typed by its values.
    """
    return Typing(_with_type_and_object_meta(openapi_v3_schema or {"type": "object"}))


def _with_type_and_object_meta(schema: Mapping[str, Any]) -> dict[str, Any]:
    free = not schema.get("properties") and "additionalProperties" not in schema
    result = {**schema, "properties": dict(schema.get("properties") or {})}
    result["properties"]["apiVersion"] = result["properties"]["kind"] = {"type": "string"}
    result["properties"]["metadata"] = OBJECT_META
    if free:
        result["x-kubernetes-preserve-unknown-fields"] = True
    return result
