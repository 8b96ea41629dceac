"""Regular expressions in the dialect of RE2, which Go uses, and Go's messages about invalid ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

# RE2's C++ library and Go name the same mistakes differently.
_GO_WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "unexpected )": "unexpected )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid UTF-8": "invalid UTF-8",
    "invalid escape sequence": "invalid escape sequence",
    "invalid character class range": "invalid character class range",
    "invalid character class": "invalid character class",
    "invalid named capture group": "invalid named capture",
    "trailing \\": "trailing backslash at end of expression",
}


class PatternError(ValueError):
    """The regular expression is invalid; `str()` is Go's error message."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern; rules ask for the same ones over and over. Raises PatternError."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raw = error.args[0] if error.args else ""
        words, _, expression = (raw.decode() if isinstance(raw, bytes) else str(raw)).partition(": ")
        raise PatternError(f"error parsing regexp: {_GO_WORDS.get(words, words)}: `{expression}`") from error
