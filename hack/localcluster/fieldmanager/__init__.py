"""Ownership of fields: managedFields for every write, and server-side apply. Pure: no I/O, inputs are not mutated."""

from .apply import ApplyConflict, apply
from .update import track_update
from .walk import TypingError

__all__ = ["ApplyConflict", "TypingError", "apply", "track_update"]
