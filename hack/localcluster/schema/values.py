"""Values against a schema: types, bounds, enumerations, combinations; the errors, their texts and their order.

A walker of our own rather than the `jsonschema` library: the server's sentences, which of them it drops (the best
branch of an anyOf decides), and its handling of null, formats and integers differ from any library's. A compiled walk
is also ten times faster.

Source of the rules: k8s.io/kube-openapi, packages validation/validate and validation/errors.
"""

from __future__ import annotations

from typing import Any

from .. import fielderrors as fe
from .bounds import number_problems, string_problem
from .node import Node
from .ratcheting import Correlation, identical
from .result import Problem, Result


def check_values(
    node: Node, value: Any, *, base: str = "", correlation: Correlation | None = None
) -> list[fe.FieldError]:
    """Return an error for everything in `value` that the schema does not allow.

    Args:
        base: path of the value in its object. The server does not repeat it inside the sentences.
        correlation: on update, the value with its former self (see `ratcheting`).
    """
    result = _check(node, value, "", correlation)
    return [problem.field_error(base) for problem in result.problems]


def json_type(value: Any) -> str:
    """The JSON type of a value. Integers that do not fit 64 bits are numbers, as for Go's decoder."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "number"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def _check(node: Node, value: Any, path: str, correlation: Correlation | None) -> Result:
    result = Result()
    if value is None:
        if node.types and not node.nullable:
            result.add(_type_problem(path, ",".join(node.types), "null"))
        else:
            result.matches += 1
        _check_enum(node, value, path, result)
    else:
        kind = json_type(value)
        if node.types or node.format:
            _check_type(node, value, kind, path, result)
            result.matches += 1
        if node.any_of or node.one_of or node.all_of or node.negated:
            _check_combinations(node, value, path, result)
        result.matches += 2
        if kind == "string":
            _check_string(node, value, path, result)
        elif kind in ("integer", "number"):
            for problem in number_problems(node, value, path):
                result.add(problem)
            result.matches += 2
        elif kind == "array":
            _check_items(node, value, path, result, correlation)
            result.matches += 2
        _check_enum(node, value, path, result)
        result.matches += 1
        if kind == "object":
            _check_members(node, value, path, result, correlation)
            result.matches += 1
        result.matches += 1
    if result.problems and correlation is not None and correlation.unchanged:
        result.problems.clear()
    return result


def _type_problem(path: str, wanted: str, actual: str) -> Problem:
    sentence = f"{path} in body must be of type {wanted}: {fe.go_quote(actual)}"
    return Problem(path, sentence, lambda field: fe.type_invalid(field, actual, sentence))


def _check_type(node: Node, value: Any, kind: str, path: str, result: Result) -> None:
    whole = kind == "number" and float(value).is_integer() and "integer" in node.types
    fits = kind in node.types or whole or (kind == "integer" and "number" in node.types)
    numeric = "number" in node.types or "integer" in node.types
    if node.format and kind not in ("string", "array"):
        own_format = {"integer": "int64", "number": "float64"}.get(kind, "")
        if not (fits or own_format == node.format):
            result.add(_type_problem(path, node.format, own_format))
            return
    if node.format and not numeric and kind in ("string", "array"):
        result.matches += 1  # the format's own check decides
    elif fits:
        result.matches += 1
    else:
        result.add(_type_problem(path, ",".join(node.types), kind))


def _check_string(node: Node, value: str, path: str, result: Result) -> None:
    problem = string_problem(node, value, path)
    if problem:
        result.add(problem)
    result.matches += 1
    if node.check_format is not None:
        if not node.check_format(value):
            sentence = f"{path} in body must be of type {node.format}: {fe.go_quote(value)}"
            result.add(Problem(path, sentence, lambda field: fe.type_invalid(field, value, sentence)))
        result.matches += 1


def _check_enum(node: Node, value: Any, path: str, result: Result) -> None:
    if node.enum is None or any(_equal(value, allowed) for allowed in node.enum):
        return
    names = [allowed if isinstance(allowed, str) else fe.go_json(allowed) for allowed in node.enum]
    sentence = f"{path} in body should be one of {names}"
    result.add(Problem(path, sentence, lambda field: fe.unsupported(field, value, names)))


def _equal(value: Any, allowed: Any) -> bool:
    if isinstance(value, (int, float)) and isinstance(allowed, (int, float)):
        return isinstance(value, bool) == isinstance(allowed, bool) and value == allowed
    return allowed is not None and identical(value, allowed)


def _check_items(node: Node, value: list[Any], path: str, result: Result, correlation: Correlation | None) -> None:
    if node.items is not None:
        for index, item in enumerate(value):
            pair = correlation.index(index) if correlation else None
            result.merge(_check(node.items, item, f"{path}[{index}]", pair))
    size = len(value)
    if node.min_items is not None and size < node.min_items:
        sentence = f"{path} in body should have at least {node.min_items} items"
        result.add(Problem(path, sentence, lambda field: fe.invalid(field, size, sentence)))
    if node.max_items is not None and size > node.max_items:
        limit = node.max_items
        sentence = f"{path} in body should have at most {limit} items"
        result.add(Problem(path, sentence, lambda field: fe.too_many(field, size, limit)))
    if node.unique_items and any(identical(value[i], value[j]) for i in range(size) for j in range(i)):
        sentence = f"{path} in body shouldn't contain duplicates"
        result.add(Problem(path, sentence, lambda field: fe.invalid(field, "", sentence)))


def _check_members(
    node: Node, value: dict[str, Any], path: str, result: Result, correlation: Correlation | None
) -> None:
    size = len(value)
    if node.min_properties is not None and size < node.min_properties:
        fewest = f"{path} in body should have at least {node.min_properties} properties"
        result.add(Problem(path, fewest, lambda field: fe.invalid(field, size, fewest)))
    if node.max_properties is not None and size > node.max_properties:
        limit = node.max_properties
        most = f"{path} in body should have at most {limit} properties"
        result.add(Problem(path, most, lambda field: fe.too_many(field, size, limit)))
    if node.additional is False:
        for name in sorted(value.keys() - node.properties.keys()):
            result.add(_forbidden_member(path, name))
    elif isinstance(node.additional, Node):
        for name in sorted(value.keys() - node.properties.keys()):
            pair = correlation.key(name) if correlation else None
            result.merge(_check(node.additional, value[name], f"{path}.{name}", pair))
    for name, inner in node.properties.items():
        if name in value:
            pair = correlation.key(name) if correlation and (path or name not in ("apiVersion", "kind")) else None
            result.merge(_check(inner, value[name], f"{path}.{name}" if path else name, pair))
    for name in node.required:
        if name not in value:
            missing = f"{path}.{name}"
            result.add(Problem(missing, f"{missing} in body is required", fe.required))


def _forbidden_member(path: str, name: str) -> Problem:
    sentence = f"{path}.{name} in body is a forbidden property"
    return Problem(path, sentence, lambda field: fe.invalid(field, name, sentence))


def _check_combinations(node: Node, value: Any, path: str, result: Result) -> None:
    if node.any_of:
        _check_any_of(node, value, path, result)
    if node.one_of:
        _check_one_of(node, value, path, result)
    if node.all_of:
        branches = [_check(inner, value, path, None) for inner in node.all_of]
        for branch in branches:
            result.merge(branch)
        valid = sum(not branch.problems for branch in branches)
        if valid != len(branches):
            hint = "" if valid else ". None validated"
            result.add(_combination(f"{fe.go_quote(path)} must validate all the schemas (allOf){hint}"))
    if node.negated is not None and not _check(node.negated, value, path, None).problems:
        result.add(_combination(f"{fe.go_quote(path)} must not validate the schema (not)"))


def _check_any_of(node: Node, value: Any, path: str, result: Result) -> None:
    best: Result | None = None
    for inner in node.any_of:
        branch = _check(inner, value, path, None)
        if not branch.problems:
            result.merge(branch)
            return
        if best is None or branch.matches > best.matches:
            best = branch
    result.add(_combination(f"{fe.go_quote(path)} must validate at least one schema (anyOf)"))
    if best is not None:
        result.merge(best)


def _check_one_of(node: Node, value: Any, path: str, result: Result) -> None:
    branches = [_check(inner, value, path, None) for inner in node.one_of]
    valid = [branch for branch in branches if not branch.problems]
    if len(valid) == 1:
        result.merge(valid[0])
        return
    found = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    result.add(_combination(f"{fe.go_quote(path)} must validate one and only one schema (oneOf). {found}"))
    if not valid:
        result.merge(max(branches, key=lambda branch: branch.matches))


def _combination(sentence: str) -> Problem:
    """Failures of combinations name no field of their own."""
    return Problem(None, sentence, lambda field: fe.invalid(field, "", sentence))
