"""Whether data has the form that our CRDs and the config file ask for, in words for its author."""

from controller.pipeline.schemas.check import check
from controller.pipeline.schemas.definitions import Definition, Schema, definitions

__all__ = ["Definition", "Schema", "check", "definitions"]
