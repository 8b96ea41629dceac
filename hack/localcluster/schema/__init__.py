"""Schemas of custom resources and built-in kinds. Pure: no I/O but reading shipped schemas, inputs are not mutated."""

from .builtin import BuiltinTypes
from .objectmeta import MetadataError
from .structural import Structural
from .typing import DEDUCED, Typing, custom_resource_typing

__all__ = ["DEDUCED", "BuiltinTypes", "MetadataError", "Structural", "Typing", "custom_resource_typing"]
