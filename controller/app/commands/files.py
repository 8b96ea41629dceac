"""Reads and writes the files that a command's flags name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from controller.pipeline.errors import PipelineError

STANDARD_INPUT: Final = "-"
# Bytes after which reading stops, even from a device. No valid input is nearly as long.
_LIMIT: Final = 128 * 1024 * 1024


def read_bytes(path: str, flag: str) -> bytes:
    """Return the content of a file, or of standard input for "-". Raises PipelineError if it cannot be read."""
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(_LIMIT + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise PipelineError(f"{flag}: cannot read {path!a}: {_words(error)}") from error
    if len(content) > _LIMIT:
        raise PipelineError(f"{flag}: {path!a} is longer than {_LIMIT} bytes: check that it is the right file")
    return content


def write_text(path: str | None, text: str) -> None:
    """Write to a file, or to standard output for None, in UTF-8. Creates a missing folder.

    Raises PipelineError if the file cannot be written.
    """
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(text.encode())
    except (OSError, ValueError) as error:
        raise PipelineError(f"--output: cannot write {path!a}: {_words(error)}") from error


def write_word(path: str | None, word: str) -> None:
    """Write one word. A file gets no line end, because a CI system would take it for a part of the result."""
    write_text(path, word if path is not None else f"{word}\n")


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
