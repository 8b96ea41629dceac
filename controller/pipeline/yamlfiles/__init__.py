"""Reads YAML files that people write, with the line and column of everything in them, and writes YAML for machines.

Both support less than YAML: no aliases, no tags and no dates. A string is written so that no reader takes it for a
number.
"""

from controller.pipeline.yamlfiles.document import Document, Filler
from controller.pipeline.yamlfiles.placeholders import Placeholder, PlaceholderError, keep
from controller.pipeline.yamlfiles.reading import File, read
from controller.pipeline.yamlfiles.writing import write

__all__ = ["Document", "File", "Filler", "Placeholder", "PlaceholderError", "keep", "read", "write"]
