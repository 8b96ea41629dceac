"""Schemas of custom resources and built-in kinds. Pure: no I/O but reading shipped schemas, inputs are not mutated."""

from .builtin import builtin_types
from .objectmeta import MetadataError
from .structural import Structural
from .typing import DEDUCED, Typing, custom_resource_typing

__all__ = ["DEDUCED", "builtin_types", "MetadataError", "Structural", "Typing", "custom_resource_typing"]
