"""Custom resources: what a CustomResourceDefinition says about reading, completing and refusing objects."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from ..fielderrors import FieldError, invalid
from ..objects import Object
from ..schema.structural import Structural
from ..schema.typing import Typing
from ..selectors.fields import FieldReader
from ..validation import names
from ..validation.metadata import validate_metadata, validate_metadata_update
from .resource import ALL_VERBS, Face, ResourceType
from .strategy import Strategy, field_readers

# Discovery lists the verbs of custom resources in this order.
CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class VersionFace(Face):
    """A custom resource in one of its versions: without conversion only apiVersion differs."""

    def __init__(self, api_version: str) -> None:
        self._api_version = api_version

    def shown(self, obj: Object) -> Object:
        """Return the object with the apiVersion of this version."""
        return obj if obj.get("apiVersion") == self._api_version else {**obj, "apiVersion": self._api_version}


class CustomStrategy(Strategy):
    """Objects of one version of a CustomResourceDefinition."""

    unconditional_update = False
    has_generation = True

    def __init__(self, *, kind: str, schema: dict[str, Any], has_status: bool, selectable: tuple[str, ...]) -> None:
        self._kind = kind
        self._structural = _compiled(json.dumps(schema))
        self.has_status = has_status
        self._selectable = selectable

    @property
    def typing(self) -> Typing:
        """Return the typing from the schema of this version."""
        return self._structural.typing

    @property
    def readers(self) -> dict[str, FieldReader]:
        """metadata and the version's selectableFields."""
        return field_readers("metadata.name", "metadata.namespace", *self._selectable)

    def unknown_field_text(self, path: str) -> str:
        """The refusal of any other field."""
        return f"field label not supported: {path}"

    def decode(self, obj: Object) -> tuple[Object, list[str]]:
        """Prune, then default."""
        unknown = [f'unknown field "{path}"' for path in self._structural.unknown_fields(obj)]
        return self._structural.default(self._structural.prune(obj)), unknown

    def prepare_create(self, obj: Object) -> Object:
        """Apply the defaults again: the status was dropped, but a stored object has the defaults of its status too."""
        return self._structural.default(super().prepare_create(obj))

    def content(self, obj: Object) -> Object:
        """Return everything except metadata, and except the status if that is a subresource."""
        return {key: value for key, value in obj.items() if key not in ("metadata", "apiVersion", "kind")}

    def validate_create(self, obj: Object, *, namespaced: bool) -> list[FieldError]:
        """Metadata and schema together: an error in one keeps the other's rules from running."""
        wrong_kind = self._wrong_kind(obj)
        if wrong_kind:
            return wrong_kind
        errors = validate_metadata(obj, namespaced=namespaced, name_check=self.name_check)
        return errors + self._structural.validate(obj, None, preceding=errors)

    def validate_update(self, obj: Object, old: Object, *, namespaced: bool, subresource: str) -> list[FieldError]:
        """The common checks, then metadata again and the schema."""
        common = validate_metadata(obj, namespaced=namespaced, name_check=names.path_segment)
        common += validate_metadata_update(obj, old)
        wrong_kind = self._wrong_kind(obj)
        if wrong_kind:
            return common + wrong_kind
        again = validate_metadata_update(obj, old)
        check = self._structural.validate_status if subresource == "status" else self._structural.validate
        return common + again + check(obj, old, preceding=again)

    def _wrong_kind(self, obj: Object) -> list[FieldError]:
        kind = obj.get("kind") or ""
        return [] if kind == self._kind else [invalid("kind", kind, f"must be {self._kind}")]


def custom_resources(definition: Object) -> list[ResourceType]:
    """Return the resources of a CustomResourceDefinition, one for each served version."""
    spec = definition["spec"]
    accepted = spec["names"]
    resources = []
    for version in spec["versions"]:
        if not version.get("served"):
            continue
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        subresources = version.get("subresources") or {}
        selectable = tuple(field["jsonPath"].removeprefix(".") for field in version.get("selectableFields") or [])
        resources.append(
            ResourceType(
                group=spec["group"],
                version=version["name"],
                plural=accepted["plural"],
                singular=accepted.get("singular") or accepted["kind"].lower(),
                kind=accepted["kind"],
                namespaced=spec["scope"] == "Namespaced",
                strategy=CustomStrategy(
                    kind=accepted["kind"], schema=schema, has_status="status" in subresources, selectable=selectable
                ),
                list_kind=accepted.get("listKind") or f"{accepted['kind']}List",
                short_names=tuple(accepted.get("shortNames") or ()),
                categories=tuple(accepted.get("categories") or ()),
                verbs=ALL_VERBS,
                subresources=tuple(sorted(subresources)),
                storage=(spec["group"], accepted["plural"]),
                face=VersionFace(f"{spec['group']}/{version['name']}"),
                custom=True,
                scale=subresources.get("scale") or {},
                columns=tuple(version.get("additionalPrinterColumns") or ()),
                schema=schema,
            )
        )
    return resources


@lru_cache(maxsize=64)
def _compiled(schema: str) -> Structural:
    """A process with many clusters in it, as the tests are, compiles each schema once."""
    return Structural(json.loads(schema))
