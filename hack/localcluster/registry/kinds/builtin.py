"""What all built-in kinds share: typed decoding by their OpenAPI schema."""

from __future__ import annotations

from typing import Any

from ...fielderrors import FieldError, invalid
from ...objects import Object, clone, finalizers_of
from ...schema.builtin import BuiltinTypes
from ...schema.typing import Typing
from ...validation.metadata import validate_metadata
from ..strategy import Strategy
from ..typed import TypedReader

_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


class BuiltinStrategy(Strategy):
    """A built-in kind without rules of its own.

    Args:
        types: the schemas of all built-in kinds.

    Attributes:
        initial_status: status of a new object, for kinds that have one.
        qualified_finalizers: finalizers must name a domain and a path.
        revalidates_metadata: an update checks the metadata as a creation does, once more (the causes show it).
    """

    initial_status: dict[str, Any] = {}
    qualified_finalizers: bool = True
    revalidates_metadata: bool = False

    def __init__(self, types: BuiltinTypes, *, group: str, version: str, kind: str) -> None:
        self.group = group
        self.version = version
        self.kind = kind
        self._types = types
        self._reader = TypedReader(types, group=group, version=version, kind=kind)

    @property
    def typing(self) -> Typing:
        """Return the typing from the kind's schema."""
        return self._types.typing(self.group, self.version, self.kind)

    def describe(self, reference: str) -> str:
        """The description of `Definition.field`, of the kind's own package or of `package.version.Definition`."""
        definition, _, field = reference.rpartition(".")
        if definition == "ObjectMeta":
            name = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
        elif "." in definition:
            name = f"io.k8s.api.{definition}"
        else:
            name = f"io.k8s.api.{self.group.partition('.')[0] or 'core'}.{self.version}.{definition}"
        properties = (self._types.definitions().get(name) or {}).get("properties") or {}
        return str((properties.get(field) or {}).get("description") or "")

    def decode(self, obj: Object) -> tuple[Object, list[str]]:
        """Typed decoding, then the kind's defaults."""
        obj, problems = self._reader.read(obj)
        return self.default(obj), problems

    def default(self, obj: Object) -> Object:
        """The object with the kind's defaults filled in."""
        return obj

    def prepare_create(self, obj: Object) -> Object:
        """Prepare the object as for every kind, then set the initial status that Go's types show."""
        obj = super().prepare_create(obj)
        return {**obj, "status": clone(self.initial_status)} if self.has_status else obj

    def validate_create(self, obj: Object, *, namespaced: bool) -> list[FieldError]:
        """Validate as for every kind; finalizers of built-in kinds must also be qualified names with a domain."""
        errors = validate_metadata(obj, namespaced=namespaced, name_check=self.name_check)
        return errors + self._unqualified_finalizers(obj) + self.validate(obj)

    def validate_update(self, obj: Object, old: Object, *, namespaced: bool, subresource: str) -> list[FieldError]:
        """Validate an update in the same way."""
        errors = super().validate_update(obj, old, namespaced=namespaced, subresource=subresource)
        if self.revalidates_metadata and not subresource:
            errors += validate_metadata(obj, namespaced=namespaced, name_check=self.name_check)
        return errors + self._unqualified_finalizers(obj)

    def _unqualified_finalizers(self, obj: Object) -> list[FieldError]:
        text = "name is neither a standard finalizer name nor is it fully qualified"
        return [
            invalid(f"metadata.finalizers[{index}]", name, text)
            for index, name in enumerate(finalizers_of(obj))
            if self.qualified_finalizers and "/" not in name and name not in _STANDARD_FINALIZERS
        ]
