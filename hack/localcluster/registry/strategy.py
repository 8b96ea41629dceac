"""How kinds differ: the strategy of a kind decodes, defaults, compares and validates its objects."""

from __future__ import annotations

from typing import Any, Literal

from ..fielderrors import FieldError
from ..objects import Object
from ..schema.typing import DEDUCED, Typing
from ..selectors.fields import FieldReader
from ..validation import names
from ..validation.metadata import validate_metadata, validate_metadata_update
from ..validation.names import NameCheck

GarbageCollection = Literal["background", "orphan", "unsupported"]


def field_readers(*paths: str) -> dict[str, FieldReader]:
    """Return the readers of the field selectors: each returns the text at a dotted path, or "" if it is missing."""

    def reader(path: str) -> FieldReader:
        keys = path.split(".")

        def read(obj: dict[str, Any]) -> str:
            value: Any = obj
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            if isinstance(value, bool):
                return "true" if value else "false"
            return "" if value is None else str(value)

        return read

    return {path: reader(path) for path in paths}


class Strategy:
    """The behaviour that most kinds share. A kind overrides the methods in which it differs.

    Attributes:
        name_check: grammar of names.
        create_on_update: PUT may create.
        unconditional_update: PUT needs no resourceVersion.
        has_generation: changes outside metadata and status count `metadata.generation` up.
        has_status: status is written through /status only.
        garbage_collection: what a deletion without a policy does with dependents.
        returns_deleted: DELETE answers with the object instead of a Status.
    """

    name_check: NameCheck = staticmethod(names.dns1123_subdomain)
    create_on_update: bool = False
    unconditional_update: bool = True
    has_generation: bool = False
    has_status: bool = False
    garbage_collection: GarbageCollection = "background"
    returns_deleted: bool = False

    @property
    def typing(self) -> Typing:
        """Return how fields merge and are owned."""
        return DEDUCED

    @property
    def readers(self) -> dict[str, FieldReader]:
        """Fields that field selectors may name."""
        return field_readers("metadata.name", "metadata.namespace")

    def describe(self, reference: str) -> str:
        """Return the schema's description of a field, or "" if it has none."""
        return ""

    def unknown_field_text(self, path: str) -> str:
        """The refusal of any other field."""
        return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'

    def decode(self, obj: Object) -> tuple[Object, list[str]]:
        """An object of a request as the kind's type would hold it, with what strict decoding objects to.

        Raises:
            StatusError: 400 when it cannot be read at all.
        """
        return obj, []

    def prepare_create(self, obj: Object) -> Object:
        """Remove fields that a caller may not set, and set those that the kind sets."""
        if self.has_status:
            obj = {key: value for key, value in obj.items() if key != "status"}
        if self.has_generation:
            obj = {**obj, "metadata": {**obj["metadata"], "generation": 1}}
        return obj

    def prepare_update(self, obj: Object, old: Object) -> Object:
        """Keep what an update may not change, and count the generation."""
        if self.has_status:
            obj = with_status(obj, old)
        metadata = dict(obj["metadata"])
        generation = old["metadata"].get("generation")
        if generation is None:
            metadata.pop("generation", None)
        else:
            changed = self.has_generation and self.content(obj) != self.content(old)
            metadata["generation"] = generation + 1 if changed else generation
        return {**obj, "metadata": metadata}

    def prepare_status(self, obj: Object, old: Object) -> Object:
        """An update of /status: everything but the status stays."""
        metadata = {**old["metadata"], "resourceVersion": obj["metadata"].get("resourceVersion", "")}
        if "managedFields" in obj["metadata"]:
            metadata["managedFields"] = obj["metadata"]["managedFields"]
        return with_status({**old, "metadata": metadata}, obj)

    def content(self, obj: Object) -> Object:
        """The part of an object whose changes count as a new generation."""
        return {"spec": obj.get("spec")}

    def validate_create(self, obj: Object, *, namespaced: bool) -> list[FieldError]:
        """Return all errors of a new object."""
        errors = validate_metadata(obj, namespaced=namespaced, name_check=self.name_check)
        return errors + self.validate(obj)

    def validate_update(self, obj: Object, old: Object, *, namespaced: bool, subresource: str) -> list[FieldError]:
        """Return all errors of a new state. Metadata is checked twice, as on the server, and the causes show it."""
        errors = validate_metadata(obj, namespaced=namespaced, name_check=names.path_segment)
        errors += validate_metadata_update(obj, old)
        errors += validate_metadata_update(obj, old)
        return errors + (self.validate_change(obj, old) if not subresource else [])

    def validate(self, obj: Object) -> list[FieldError]:
        """Return the errors of an object outside its metadata."""
        return []

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """Return the errors of a change outside metadata: changed immutable fields and the errors of the new object."""
        return self.validate(obj)


def with_status(obj: Object, source: Object) -> Object:
    """`obj` with the status of `source`."""
    result = {key: value for key, value in obj.items() if key != "status"}
    if "status" in source:
        result["status"] = source["status"]
    return result
