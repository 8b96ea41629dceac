"""docs/promises.md: what the hand-written machinery promises, and the test that keeps each promise.

A test with the marker `promise("watching")` belongs to the section "watching"; its name is the promise.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hack.paths import ROOT

PAGE: Final = ROOT / "docs/promises.md"
# What the marker says, in the order of the page, with what each section is about.
SECTIONS: Final = {
    "listing": "How a cache gets its initial state.",
    "watching": "How a cache follows the changes, and what it does about each way in which a watch can end.",
    "outages": "How the process notices that the API server is away, and how it returns to work.",
    "store": "What the store guarantees, and what handlers are notified of.",
    "workers": "The queue of keys, the workers, and the order of starting and stopping.",
    "own writes": "How a reconcile avoids acting on a cache that lacks its own writes (KEP-5647).",
    "leader election": "How exactly one of several replicas writes.",
    "client": "Requests, errors, retries, credentials and timeouts.",
    "events": "How Events are posted without blocking or failing a reconcile.",
}
_HEAD: Final = """# Promises of the machinery

<!-- Written by `make reference` from the markers on the tests. Change the tests instead. -->

Informers, queue, elector and client are written by hand, to the standard of client-go and controller-runtime.
[machinery.md](machinery.md) explains them. This page lists what they promise. Each line is the name of the test that
fails when the promise is broken.
"""


def text() -> str:
    """The whole page. Raises ValueError if a marker names no section."""
    found: dict[str, list[tuple[str, str]]] = {section: [] for section in SECTIONS}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for section, sentence in _promises(path):
            if section not in found:
                raise ValueError(f"{path}: unknown section {section!r}; known are {', '.join(SECTIONS)}")
            found[section].append((str(path.relative_to(ROOT)), sentence))
    return _HEAD + "".join(_section(title, found[title]) for title in SECTIONS)


def _section(title: str, promises: list[tuple[str, str]]) -> str:
    lines = [f"\n## {title[0].upper()}{title[1:]}\n\n{SECTIONS[title]}\n"]
    for path in dict.fromkeys(path for path, _ in promises):
        lines.append(f"\n[{path}](../{path})\n\n")
        lines += [f"- {sentence}\n" for where, sentence in promises if where == path]
    return "".join(lines)


def _promises(path: Path) -> Iterator[tuple[str, str]]:
    """(section, sentence) of each marked test in the file, in its order."""
    source = path.read_text()
    if "mark.promise(" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
                for argument in decorator.args:
                    yield ast.literal_eval(argument), _sentence(node.name)


def _sentence(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    return f"{words[0].upper()}{words[1:]}."
