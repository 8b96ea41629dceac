"""Tables: what kubectl prints for `get`."""

from .table import table_of

__all__ = ["table_of"]
