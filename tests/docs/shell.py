"""The simple commands of a shell script, as far as documentation has them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

_SET = re.compile(r"[A-Z_]+=.*")
_ENDS = {";", "|", "||", "&&", "&", "(", ")", ";;", "|&"}
_REDIRECTS = {">", ">>", "<", "2>", ">&", "<<<"}


def commands(script: str) -> Iterator[list[str]]:
    """The words of each simple command, without variables before it and without redirections."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in _ENDS:
                if found := _plain(words):
                    yield found
                words = []
            else:
                words.append(word)


def _plain(words: list[str]) -> list[str]:
    while words and (_SET.fullmatch(words[0]) or words[0] in ("export", "if", "then", "!")):
        words = words[1:]
    found: list[str] = []
    skip = False
    for word in words:
        if word in _REDIRECTS:
            skip = True
        elif skip:
            skip = False
        else:
            found.append(word)
    return found
