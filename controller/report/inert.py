"""Makes text that an author may have written harmless in a comment: it is only shown, and does nothing.

Text stands in a block of code, because GitHub and GitLab do not look there for mentions, references, links, images,
HTML or commands such as `/merge`. What could reorder the text or hide a part of it is taken out first. A space stands
before each line, because bots, and GitLab in some versions, look for commands at the start of a line without knowing
well where a block ends.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

# Characters that control the direction of text, or cannot be seen. Cf holds those and some others like them.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FENCE: Final = re.compile(r"`+")
_MORE: Final = "…"


def plain(text: str, *, limit: int) -> str:
    """Return `text` without control and invisible characters, in at most `limit` characters. Keeps line ends."""
    # Only so much is looked at: a message can be megabytes long.
    head = text[: 4 * limit].replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    kept = "".join(char for char in head if char == "\n" or unicodedata.category(char) not in _INVISIBLE)
    lines = [line.rstrip() for line in kept.split("\n")]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    return joined if len(joined) <= limit else joined[: limit - 1].rstrip() + _MORE


def line(text: str, *, limit: int) -> str:
    """Return `text` like `plain`, but in one line."""
    # Every line end and space counts as one space.
    return plain(" ".join(text[: 4 * limit].split()), limit=limit)


def block(text: str, *, limit: int) -> str:
    """Return a block of code in Markdown that shows `text` and that `text` cannot end."""
    shown = plain(text, limit=limit)
    longest = max((len(run) for run in _FENCE.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *(f" {line}" for line in shown.split("\n")), fence])


def link(address: str, *, avoid: str) -> str:
    """Return `address`, which `weburls` accepts, as a link; as code if it leads to the host `avoid`.

    GitHub and GitLab turn a link to one of their own issues into a reference, which shows there as well.
    """
    host = (urlsplit(address).hostname or "").removesuffix(".")
    if host == avoid or host.endswith(f".{avoid}"):
        return f"`{address}`"
    return f"<{address}>"
