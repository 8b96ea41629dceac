"""The version of the program. `setup.cfg` is the one place that states it."""

from importlib import metadata
from typing import Final

VERSION: Final = metadata.version("tronador")
