"""Finds the events that the code logs, without running it.

A module logs through `log`, or through a `changes` that it was given. The first argument is the event.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "controller"
LOGGERS = ("log", "changes", "_changes")
# The methods of a logger, and the level of the line that they write.
LEVELS = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "exception": "error",
    "critical": "critical",
}


def levels() -> Mapping[str, set[str]]:
    """The levels of every event."""
    found = defaultdict(set)
    for _, tree in trees():
        for event, level in _logged(tree):
            found[event].add(level)
    return found


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the controller, by its path."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE.parent)), ast.parse(path.read_text())


def unreadable(tree: ast.Module) -> Iterator[int]:
    """The lines that log an event which is not written down there, or that name a logger in a way that hides one."""
    called = {id(call.func) for call in ast.walk(tree) if isinstance(call, ast.Call) and _is_constant(call)}
    for node in ast.walk(tree):
        if _is_method(node) and id(node) not in called:
            yield node.lineno
        if isinstance(node, ast.Assign) and _makes_logger(node.value):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if names != ["log"]:
                yield node.lineno


def _logged(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _is_method(call.func) and _is_constant(call):
            yield call.args[0].value, LEVELS[call.func.attr]


def _is_method(node: ast.AST) -> bool:
    """Whether this is `log.info`, `self._changes.info` or the like."""
    if not (isinstance(node, ast.Attribute) and node.attr in LEVELS):
        return False
    owner = node.value
    return (isinstance(owner, ast.Name) and owner.id in LOGGERS) or (
        isinstance(owner, ast.Attribute) and owner.attr in LOGGERS
    )


def _is_constant(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


def _makes_logger(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_logger"
