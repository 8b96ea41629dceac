"""Finds the reasons that the code gives to conditions and Events, without running it.

A reason is what the code passes for a parameter, or a field of a dataclass, that is called `reason`. A name is followed
to the constant that it stands for. What is computed from another object's `reason` is not followed, because that object
got its own from somewhere else.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[3] / "controller"
# The rooms that make conditions and Events. Elsewhere a `reason` is the API server's, or a sentence.
ROOMS = ("environment", "policy", "tronadorconfig")


@cache
def reasons() -> dict[str, str]:
    """Every reason, and a place where it is given."""
    modules = [(path, ast.parse(path.read_text())) for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]
    positions = {name: at for _, tree in modules for name, at in _takers(tree)}
    found: dict[str, str] = {}
    for path, tree in modules:
        for reason, line in _given(_name(path), tree, positions):
            found.setdefault(reason, f"{path.relative_to(PACKAGE.parent)}:{line}")
    return found


@cache
def event_reasons() -> dict[str, str]:
    """The reason of every Event, and whether it is a Normal one or a Warning."""
    found: dict[str, str] = {}
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and _called(call) == "Emit" and isinstance(call.args[0], ast.Attribute):
                    for reason in _values(call.args[1], _module(path), {}):
                        found[reason] = call.args[0].attr.capitalize()
    return found


def condition_types() -> set[str]:
    """Every type of condition that is made somewhere."""
    calls = [
        call
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _called(call) == "Condition" and call.args
    ]
    return {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}


@cache
def constants() -> set[str]:
    """Every text that is written down in these rooms."""
    trees = (ast.parse(path.read_text()) for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _takers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The functions and classes that take a `reason`, and its position among their parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = [one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and _is_name(one.target)]
        elif isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
        else:
            continue
        # The reasons of a release come from its engine, and not all of them reach a condition.
        if "reason" in names and node.name != "Health":
            yield node.name, names.index("reason")
    yield "Condition", 2


def _given(module: str, tree: ast.Module, positions: dict[str, int]) -> Iterator[tuple[str, int]]:
    imported = importlib.import_module(module)
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        local = {
            target.id: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and scope is not tree
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(scope):
            if isinstance(call, ast.Call) and (position := positions.get(_called(call))) is not None:
                given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
                given += call.args[position : position + 1]
                for value in given:
                    yield from ((reason, call.lineno) for reason in _values(value, imported, local))


def _values(node: ast.expr, module: Any, local: dict[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _values(node.body, module, local)
            yield from _values(node.orelse, module, local)
        case ast.Name(id=name) if name in local:
            yield from _values(local[name], module, {})
        case ast.Name() | ast.Attribute():
            try:
                value = eval(ast.unparse(node), vars(module))
            except (NameError, AttributeError):
                return
            if isinstance(value, str):
                yield value


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Name)


def _module(path: Path) -> Any:
    return importlib.import_module(_name(path))


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
