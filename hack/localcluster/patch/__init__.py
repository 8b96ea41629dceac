"""Patches: JSON merge patch, JSON patch and strategic merge patch. Pure: inputs are not mutated."""

from .errors import PatchError
from .json_patch import json_patch
from .merge_patch import merge_patch
from .strategic import strategic_merge_patch

__all__ = ["PatchError", "json_patch", "merge_patch", "strategic_merge_patch"]
