"""The documentation as tests see it: each page's fenced blocks, its comments for the tests, its links and headings.

These comments in a page are for the tests, and readers do not see them:

- `<!-- not run: WHY -->` before a block: its commands are checked and not run.
- `<!-- test: COMMANDS -->`: run here, for what the page takes for granted.
- `<!-- file: NAME -->` before a block: the block is the content of that file.
- `<!-- start: PROGRAM OPTION=VALUE ... -->`: a program that the next blocks need (`tests/docs/world.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hack.paths import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
# `bash` is a script. `console` is commands after "$ ", each with what it prints.
SHELLS = ("bash", "console")
LANGUAGES = (*SHELLS, "yaml", "json", "text", "mermaid")
_COMMENT = re.compile(r"<!--\s*(not run|test|start|file):\s*(.*?)\s*-->", re.DOTALL)
_MARKUP = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `not_run` is the reason why its commands are not run, `file` the name of its file, or ""."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str = ""
    file: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a console block, or the one script of a bash block."""
        return [command for command, _ in self.conversation] if self.language == "console" else [self.text]

    @property
    def conversation(self) -> list[tuple[str, str]]:
        """The commands of a console block, each with the output that is shown."""
        found: list[tuple[str, str]] = []
        for line in self.text.splitlines(keepends=True):
            if line.startswith("$ "):
                found.append((line[2:], ""))
            elif found and found[-1][0].endswith("\\\n"):
                found[-1] = (found[-1][0] + line, "")
            elif found:
                found[-1] = (found[-1][0], found[-1][1] + line)
        return found


@dataclass(frozen=True, slots=True)
class Hidden:
    """A comment for the tests: `kind` is "test" or "start"."""

    line: int
    kind: str
    text: str


@cache
def steps(page: Path) -> tuple[Block | Hidden, ...]:
    """The blocks of a page and its comments for the tests, in their order."""
    found: list[Block | Hidden] = []
    why = file = ""
    for token in _tokens(page):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            for kind, text in _COMMENT.findall(token.content):
                if kind == "not run":
                    why = text
                elif kind == "file":
                    file = text
                else:
                    found.append(Hidden(line, kind, text))
        elif token.type in ("fence", "code_block"):
            found.append(Block(page, line, token.info.strip(), token.content, why, file))
            why = file = ""
    return tuple(found)


def blocks(*languages: str) -> list[Block]:
    """The blocks of all pages in one of these languages, or in any."""
    found = (step for page in PAGES for step in steps(page) if isinstance(step, Block))
    return [block for block in found if not languages or block.language in languages]


def links(page: Path) -> Iterator[str]:
    """Where the links of a page lead."""
    for token in _tokens(page):
        for inline in token.children or ():
            if inline.type == "link_open":
                yield str(inline.attrs["href"])


def codes(page: Path) -> Iterator[str]:
    """The texts in the type of code within the sentences of a page."""
    for token in _tokens(page):
        yield from (inline.content for inline in token.children or () if inline.type == "code_inline")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    tokens = _tokens(page)
    found: set[str] = set()
    for heading, content in pairwise(tokens):
        if heading.type == "heading_open":
            text = "".join(inline.content for inline in content.children or ())
            anchor = _MARKUP.sub("", text.lower()).replace(" ", "-")
            times = sum(1 for other in found if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", other))
            found.add(f"{anchor}-{times}" if times else anchor)
    return found


@cache
def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())
