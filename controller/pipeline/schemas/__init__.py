"""Checks data against the schemas of our CRDs and of the config file, with messages for its author."""

from controller.pipeline.schemas.check import check
from controller.pipeline.schemas.definitions import Definition, Schema, definitions, schema_of

__all__ = ["Definition", "Schema", "check", "definitions", "schema_of"]
