"""A rule over values without a limit could take too long, so an API server refuses the definition. Ours have limits."""

from collections.abc import Iterator
from typing import Any

import pytest

from hack.paths import MANIFESTS
from hack.yamlfiles import documents

DEFINITIONS = [
    one
    for file in sorted((MANIFESTS / "crds").glob("*.yaml"))
    for one in documents(file)
    if "versions" in (one.get("spec") or {})
]
LIMITS = {"string": "maxLength", "array": "maxItems"}


def _limit(schema: dict[str, Any]) -> str:
    """The keyword that limits how large a value may be, or ""."""
    return LIMITS.get(schema.get("type", ""), "maxProperties" if "additionalProperties" in schema else "")


def unlimited(schema: dict[str, Any], path: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of values without a limit that a rule reads, or below which it is evaluated many times."""
    limit = _limit(schema)
    here = above if not limit or limit in schema or "enum" in schema else (*above, path)
    if schema.get("x-kubernetes-validations"):
        yield from here
    for name, inner in (schema.get("properties") or {}).items():
        yield from unlimited(inner, f"{path}.{name}", here)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from unlimited(schema[name], f"{path}[]", here)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: one["spec"]["names"]["kind"])
def test_rules_of_our_definitions_read_only_values_with_a_limit(definition: dict[str, Any]) -> None:
    for version in definition["spec"]["versions"]:
        assert list(unlimited(version["schema"]["openAPIV3Schema"])) == []


def test_a_rule_below_a_list_without_a_limit_is_found() -> None:
    rule = {"x-kubernetes-validations": [{"rule": "self != ''"}]}
    text = {"type": "string", "maxLength": 5, **rule}
    assert list(unlimited({"properties": {"a": {"type": "array", "items": text}}})) == [".a"]
    assert list(unlimited({"properties": {"a": {"type": "array", "maxItems": 2, "items": text}}})) == []
    assert list(unlimited({"properties": {"a": {"type": "string", **rule}}})) == [".a"]
