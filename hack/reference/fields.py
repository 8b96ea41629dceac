"""The fields of EnvironmentProvisioner and TronadorConfig, from the schemas of their CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hack.paths import MANIFESTS
from hack.reference.markdown import code, table
from hack.yamlfiles import documents

# Every object has these.
_OF_ALL_KINDS: Final = ("apiVersion", "kind", "metadata")
_LIMITS: Final[Mapping[str, str]] = {
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} entries",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "pattern": "matches `{}`",
}


def of_our_kinds() -> str:
    """Return a section for each kind, with a table of its fields."""
    files = sorted((MANIFESTS / "crds").glob("tronador*.yaml"))
    return "\n".join(_section(definition) for file in files for definition in documents(file))


def _section(definition: Mapping[str, Any]) -> str:
    spec = definition["spec"]
    version = spec["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    short = (
        f" Short name: {', '.join(map(code, spec['names']['shortNames']))}." if "shortNames" in spec["names"] else ""
    )
    head = f"`{spec['group']}/{version['name']}`, {spec['scope'].lower()}-scoped.{short}"
    required = schema.get("required", ())
    own = {name: field for name, field in schema["properties"].items() if name not in _OF_ALL_KINDS}
    rows = [row for name, field in own.items() for row in _rows(name, field, required=name in required)]
    fields = table(("field", "type", "default", "constraints", "meaning"), rows)
    return f"### {spec['names']['kind']}\n\n{head} {schema['description']}\n\n{fields}"


def _rows(path: str, schema: Mapping[str, Any], *, required: bool) -> Iterator[tuple[str, ...]]:
    default = code(str(schema["default"]).lower()) if "default" in schema else ""
    yield code(path), _type(schema), default, "; ".join(_constraints(schema, required)), schema.get("description", "")
    inner, at = (schema["items"], f"{path}[]") if schema.get("type") == "array" else (schema, path)
    if inner is not schema and inner.get("type") != "object":
        # A list of plain values: a row of its own shows their constraints.
        yield from _rows(at, inner, required=False)
        return
    for name, field in inner.get("properties", {}).items():
        yield from _rows(f"{at}.{name}", field, required=name in inner.get("required", ()))


def _type(schema: Mapping[str, Any]) -> str:
    kind = str(schema["type"])
    if kind == "array":
        return f"list of {schema['items']['type']}s"
    if "additionalProperties" in schema:
        return f"map of {schema['additionalProperties']['type']}s"
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return "any object"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _constraints(schema: Mapping[str, Any], required: bool) -> Iterator[str]:
    if required:
        yield "required"
    if "enum" in schema:
        yield f"one of {', '.join(code(str(value)) for value in schema['enum'])}"
    if schema.get("minLength") == 1:
        yield "not empty"
    for keyword, words in _LIMITS.items():
        if keyword in schema:
            yield words.format(schema[keyword])
    if schema.get("nullable"):
        yield "`null` is the same as absent"
    if values := schema.get("additionalProperties"):
        yield from (f"each value {words}" for words in _constraints(values, False))
    yield from (rule["message"] for rule in schema.get("x-kubernetes-validations", ()))
