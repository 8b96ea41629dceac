"""`python -m hack.words`, a part of `make lint`: counts words that make this project's texts hard to read.

Each has a limit. More than that fails; fewer fails as well, with the advice to lower the limit, so counts only fall.
docs/contributing.md has the better words.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.paths import ROOT


@dataclass(frozen=True, slots=True)
class Word:
    """A word to avoid, how to find it, and how often it may occur. It counts in text and in names alike."""

    name: str
    pattern: str
    limit: int


WORDS: Final = (
    Word("tell", "tells?|told|telling", 0),
    Word("nobody", "nobody", 0),
    Word("whoever", "whoever", 0),
    Word("anew", "anew", 0),
    Word("in vain", "in vain", 0),
    Word("is none", "(?<![Tt]here )(?:is|are) none", 0),
    # "There is no", "is no longer" and "is no more than" are ordinary English; "a refusal is no answer" is not.
    Word("is no", "(?<![Tt]here )(?:is|are) no(?! longer| more)", 0),
    Word("goes on", "(?:go|goes|going) on", 0),
    Word("come true", "comes? true", 0),
)
# Texts of others, and the pages that quote the words.
_LEFT_OUT: Final = (
    "LICENSE",
    "constraints.txt",
    "tests/fixtures/",
    "hack/words.py",
    "tests/docs/test_words.py",
    "docs/contributing.md",
)


def found(text: str, word: Word) -> int:
    """How often a text has the word. Underscores count as spaces, and so do the ends of lines, also within comments."""
    plain = re.sub(r"[_\s]+(?:# )?", " ", text)
    return len(re.findall(rf"(?<![A-Za-z])(?:{word.pattern})(?![A-Za-z])", plain))


def complaints(texts: dict[str, str], words: tuple[Word, ...] = WORDS) -> Iterator[str]:
    """One line for each word whose count is not its limit. `texts` has the content of each file by its name."""
    for word in words:
        counts = {name: count for name, text in texts.items() if (count := found(text, word))}
        total = sum(counts.values())
        if total > word.limit:
            places = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
            yield f"{word.name!r} occurs {total} times, and {word.limit} are allowed: {places}"
        elif total < word.limit:
            yield f"{word.name!r} occurs only {total} times: lower its limit in hack/words.py from {word.limit}"


def _texts() -> dict[str, str]:
    """Every text file under version control, by its path from the root."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, names.split("\0")):
        if name.startswith(_LEFT_OUT) or not Path(ROOT, name).is_file():
            continue
        try:
            texts[name] = Path(ROOT, name).read_text()
        except UnicodeDecodeError:
            continue
    return texts


if __name__ == "__main__":
    lines = list(complaints(_texts()))
    print(*lines, sep="\n", end="\n" if lines else "")
    sys.exit(1 if lines else 0)
