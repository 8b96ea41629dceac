"""What all built-in kinds share: typed decoding by their OpenAPI schema."""

from __future__ import annotations

from typing import Any

from ...objects import Object, clone
from ...schema.builtin import BuiltinTypes
from ...schema.typing import Typing
from ..strategy import Strategy
from ..typed import TypedReader


class BuiltinStrategy(Strategy):
    """A built-in kind without rules of its own.

    Args:
        types: the schemas of all built-in kinds.

    Attributes:
        initial_status: status of a new object, for kinds that have one.
    """

    initial_status: dict[str, Any] = {}

    def __init__(self, types: BuiltinTypes, *, group: str, version: str, kind: str) -> None:
        self.group = group
        self.version = version
        self.kind = kind
        self._types = types
        self._reader = TypedReader(types, group=group, version=version, kind=kind)

    @property
    def typing(self) -> Typing:
        """From the kind's schema."""
        return self._types.typing(self.group, self.version, self.kind)

    def decode(self, obj: Object) -> tuple[Object, list[str]]:
        """Typed decoding, then the kind's defaults."""
        obj, problems = self._reader.read(obj)
        return self.default(obj), problems

    def default(self, obj: Object) -> Object:
        """The object with the kind's defaults filled in."""
        return obj

    def prepare_create(self, obj: Object) -> Object:
        """As for every kind; then the status Go's types show before anybody wrote one."""
        obj = super().prepare_create(obj)
        return {**obj, "status": clone(self.initial_status)} if self.has_status else obj
