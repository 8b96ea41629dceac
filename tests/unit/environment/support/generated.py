"""Generated EnvironmentProvisioners: every field that the CRD knows and does not refuse, in every combination."""

from __future__ import annotations

import re
import string
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from hack.localcluster.schema import Structural

Json = dict[str, Any]
Strategy = st.SearchStrategy[Any]

DEFINITION = Path(__file__).parents[4] / "manifests/crds/tronador.stakater.com_environmentprovisioners.yaml"
_REFUSED = {"targetNamespace", "valueFileSecrets", "repository", "name", "version"}
_ALPHABET = string.printable.strip() + " ß漢"


@cache
def our_schema() -> Structural:
    """The schema of the EnvironmentProvisioner."""
    return Structural(_version()["schema"]["openAPIV3Schema"])


@cache
def _version() -> Json:
    definition: Json = yaml.safe_load(DEFINITION.read_text())
    return definition["spec"]["versions"][0]


def environments() -> Strategy:
    """EnvironmentProvisioners as the API server would store them."""
    spec = _version()["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return st.builds(_environment, name=_dns_labels(63), spec=_of(spec, ()))


def _environment(name: str, spec: Json) -> Json:
    return {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": {"name": name, "uid": "uid-1", "generation": 1},
        "spec": spec,
    }


def _dns_labels(longest: int) -> Strategy:
    return st.from_regex(rf"[a-z0-9]([-a-z0-9]{{0,{longest - 2}}}[a-z0-9])?", fullmatch=True)


def _of(schema: Json, path: tuple[str, ...]) -> Strategy:
    """Values that the schema allows. `null` only where it is kept."""
    values = _plain(schema, path)
    return st.none() | values if schema.get("nullable") else values


def _plain(schema: Json, path: tuple[str, ...]) -> Strategy:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return st.dictionaries(_text(), _anything(), max_size=3)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum", 2**31))
        case "string":
            return _string(schema, path)
        case "array":
            return st.lists(_of(schema["items"], (*path, "[]")), max_size=4)
    if "additionalProperties" in schema:
        return st.dictionaries(_dns_labels(63), _dns_labels(63), max_size=3)
    return _object(schema, path)


def _object(schema: Json, path: tuple[str, ...]) -> Strategy:
    required = set(schema.get("required", ()))
    chart = path[-1:] == ("chart",)
    fields = {
        field: _of(inner, (*path, field))
        for field, inner in schema["properties"].items()
        if field not in (_REFUSED if chart or path[-1:] == ("release",) else ())
    }
    if schema.get("maxProperties") == 1:
        return st.one_of([st.fixed_dictionaries({field: values}) for field, values in fields.items()])
    return st.fixed_dictionaries(
        {field: values for field, values in fields.items() if field in required},
        optional={field: values for field, values in fields.items() if field not in required},
    )


def _string(schema: Json, path: tuple[str, ...]) -> Strategy:
    shortest, longest = schema.get("minLength", 0), schema["maxLength"]
    if path[-1] in ("namespace", "releaseName"):
        return _dns_labels(min(longest, 63))
    if path[-2:] == ("chart", "ref"):
        return _by_pattern(schema) | st.from_regex(r"[0-9a-f]{40}|refs/(heads|tags|pull/[0-9]+)/[a-z]+", fullmatch=True)
    if "pattern" in schema:
        return _by_pattern(schema)
    return _text(min_size=shortest, max_size=min(longest, 300))


def _by_pattern(schema: Json) -> Strategy:
    shortest, longest = schema.get("minLength", 0), schema["maxLength"]
    pattern = re.compile(schema["pattern"])
    refused = [re.compile(rule) for rule in _refused_patterns(schema)]
    found = st.from_regex(pattern, fullmatch=True, alphabet=st.sampled_from(_ALPHABET))
    return found.filter(
        lambda text: shortest <= len(text) <= longest and not any(rule.search(text) for rule in refused)
    )


def _refused_patterns(schema: Json) -> list[str]:
    rules = [rule["rule"] for rule in schema.get("x-kubernetes-validations", ())]
    return [found[1] for rule in rules if (found := re.fullmatch(r"!self\.matches\('(.*)'\)", rule))]


def _text(**sizes: int) -> Strategy:
    return st.text(st.sampled_from(_ALPHABET), **({"max_size": 20} | sizes))


def _anything() -> Strategy:
    plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | _text()
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text(), inner, max_size=3))
