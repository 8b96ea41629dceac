"""The schema of a custom resource: prunes, defaults and validates objects.

The order in which the server runs them on what a client sent is: `unknown_fields`, `prune`, `default`, then (after
admission) `validate` or `validate_status`.

Source of the order: k8s.io/apiextensions-apiserver, packages apiserver and registry/customresource.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError
from . import defaulting, pruning
from .embedded import check_embedded
from .listtypes import check_lists
from .node import compile_node
from .objectmeta import read_metadata
from .ratcheting import Correlation
from .ruleset import RuleSet, rules_of
from .typing import Typing, custom_resource_typing
from .values import check_values

Object = dict[str, Any]


class Structural:
    """The compiled `openAPIV3Schema` of one version of a CustomResourceDefinition. Safe for use by many threads."""

    def __init__(self, openapi_v3_schema: Mapping[str, Any] | None) -> None:
        self._schema = openapi_v3_schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        self._node = compile_node(self._schema)

    @cached_property
    def typing(self) -> Typing:
        """How objects of this schema merge (for apply, field ownership and patches)."""
        return custom_resource_typing(self._schema)

    @cached_property
    def _rules(self) -> RuleSet | None:
        return rules_of(self._node, is_resource=True)

    def unknown_fields(self, obj: Object) -> list[str]:
        """Return the paths of unknown fields, in the order of strict decoding (`metadata.x`, `spec.list[0].x`).

        Raises:
            MetadataError: the metadata cannot be read.
        """
        in_metadata = read_metadata(obj["metadata"])[1] if obj.get("metadata") is not None else []
        return in_metadata + pruning.prune(self._node, obj, is_resource=True)[1]

    def prune(self, obj: Object) -> Object:
        """The object without unknown fields, those of the metadata included.

        Raises:
            MetadataError: the metadata cannot be read.
        """
        pruned: Object = pruning.prune(self._node, obj, is_resource=True)[0]
        if pruned.get("metadata") is None:
            return pruned
        return {**pruned, "metadata": read_metadata(pruned["metadata"])[0]}

    def default(self, obj: Object) -> Object:
        """The object with defaults put in, and without nulls where none are allowed."""
        defaulted: Object = defaulting.apply_defaults(self._node, defaulting.drop_nulls(self._node, obj))
        return defaulted

    def validate(
        self, obj: Object, old: Object | None = None, *, preceding: Sequence[FieldError] = ()
    ) -> list[FieldError]:
        """Return the errors of an object that is to be created, or to replace `old`.

        `preceding` are errors found before (in the metadata): they too may keep CEL rules from being evaluated. They
        are not repeated in the result.
        """
        correlation = Correlation(obj, old, self._node) if old is not None else None
        errors = check_values(self._node, obj, correlation=correlation)
        return self._finish(obj, old, errors, preceding, correlation, embedded=True)

    def validate_status(self, obj: Object, old: Object, *, preceding: Sequence[FieldError] = ()) -> list[FieldError]:
        """Return the errors of an object whose status is to replace that of `old`."""
        correlation = Correlation(obj, old, self._node)
        errors: list[FieldError] = []
        node = self._node.properties.get("status")
        if "status" in obj and node is not None:
            errors = check_values(node, obj["status"], base="status", correlation=correlation.key("status"))
        return self._finish(obj, old, errors, preceding, correlation, embedded=False)

    def _finish(
        self,
        obj: Object,
        old: Object | None,
        errors: list[FieldError],
        preceding: Sequence[FieldError],
        correlation: Correlation | None,
        *,
        embedded: bool,
    ) -> list[FieldError]:
        if embedded:
            errors.extend(check_embedded(self._node, obj))
        if old is None or not check_lists(self._node, old):
            errors.extend(check_lists(self._node, obj))
        if self._rules is not None:
            if any(error.blocks_rules for error in (*preceding, *errors)):
                errors.append(fe.rules_unchecked())
            else:
                errors.extend(self._rules.check(obj, old, correlation))
        return errors
