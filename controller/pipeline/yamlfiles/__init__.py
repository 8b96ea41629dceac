"""YAML files of people, read with the place of everything in them, and YAML files for machines, written.

Both are narrower than YAML: no aliases, no tags, no dates, and texts that no reader takes for a number.
"""

from controller.pipeline.yamlfiles.document import Document, Filler, show
from controller.pipeline.yamlfiles.placeholders import Placeholder, PlaceholderError, keep
from controller.pipeline.yamlfiles.reading import File, read
from controller.pipeline.yamlfiles.writing import write

__all__ = ["Document", "File", "Filler", "Placeholder", "PlaceholderError", "keep", "read", "show", "write"]
