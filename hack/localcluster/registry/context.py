"""The facts of its request that a write depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..auth.users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteContext:
    """Parameters of one write.

    Attributes:
        manager: name for managedFields.
        dry_run: do everything except storing the result.
        field_validation: "Strict", "Warn" or "Ignore" unknown and duplicate fields.
        subresource: "status", "finalize", "" for the object itself.
        user: who sent the request; None for the built-in controllers, which may do everything.
        warnings: texts for Warning headers; the write appends to it.
    """

    manager: str = "unknown"
    dry_run: bool = False
    field_validation: str = "Warn"
    subresource: str = ""
    user: User | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """A `metav1.DeleteOptions` after validation."""

    propagation: str | None = None
    orphan_dependents: bool | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DeleteOptions:
        """Create the context from the JSON document of a request."""
        preconditions = document.get("preconditions") or {}
        return cls(
            propagation=document.get("propagationPolicy"),
            orphan_dependents=document.get("orphanDependents"),
            uid=preconditions.get("uid"),
            resource_version=preconditions.get("resourceVersion"),
            dry_run=bool(document.get("dryRun")),
        )
