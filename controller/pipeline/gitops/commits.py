"""A commit as a stream for `git fast-import`, which needs one git process instead of six.

The stream gives the length of each file and message in advance, so git cannot mistake their content for a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MODE = "100644"


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a commit. Neither field contains a line break, `<` or `>`."""

    name: str
    email: str

    def at(self, seconds: int) -> str:
        """Return the author in git's format, with a Unix time in seconds."""
        return f"{self.name} <{self.email}> {seconds} +0000"


def stream(
    changes: Mapping[str, bytes | None], *, parent: str, ref: str, message: str, author: Author, seconds: int
) -> bytes:
    """Return the stream that sets `ref` to a new commit on `parent`. In `changes`, None removes the file."""
    who = author.at(seconds)
    head = f"feature done\ncommit {ref}\nauthor {who}\ncommitter {who}\n".encode()
    parts = [head, _data(message.encode()), f"from {parent}\n".encode()]
    for path, content in changes.items():
        if content is None:
            parts.append(f"D {_quoted(path)}\n".encode())
        else:
            parts += [f"M {MODE} inline {_quoted(path)}\n".encode(), _data(content)]
    return b"".join([*parts, b"done\n"])


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
