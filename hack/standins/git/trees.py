"""Trees of commits out of their tar files."""

from __future__ import annotations

import tarfile
from pathlib import Path

from hack.standins.git.commands import GitError


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tree into an existing folder. Raises GitError where it holds what must not be written."""
    try:
        with tarfile.open(archive) as tar:
            # Links that lead out of the folder are refused: the repository's author is not the operator.
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise GitError(f"the tree of {archive.stem} cannot be unpacked: {error}") from error
