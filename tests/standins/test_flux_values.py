"""How Flux composes values, and which failures `optional` allows."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from controller.apimachinery.errors import status_error
from hack.standins.flux.values import ValuesError, compose
from hack.standins.helm.engine import HelmError

OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "base"): {"data": {"values.yaml": "a: {b: 1, c: 1}\nlist: [1, 2]", "other": "a: {b: 7}"}},
    ("ConfigMap", "broken"): {"data": {"values.yaml": "a: {"}},
    ("Secret", "secret"): {"data": {"values.yaml": base64.b64encode(b"a: {b: hidden}").decode()}},
}


def read(kind: str, name: str) -> dict[str, Any]:
    if name == "refused":
        raise status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "refused"})
    try:
        return OBJECTS[kind, name]
    except KeyError:
        raise status_error(404, {"kind": "Status", "reason": "NotFound", "message": f'"{name}" not found'}) from None


def parse(text: str) -> list[dict[str, Any]]:
    try:
        return [yaml.safe_load(text)]
    except yaml.YAMLError as error:
        raise HelmError("not YAML") from error


def values(references: list[dict[str, Any]], inline: dict[str, Any]) -> dict[str, Any]:
    return compose(references, inline, namespace="environment", read=read, parse=parse)


def test_a_later_reference_wins_and_inline_values_win_over_all() -> None:
    references = [{"kind": "ConfigMap", "name": "base"}, {"kind": "ConfigMap", "name": "base", "valuesKey": "other"}]
    assert values(references, {"a": {"c": 3}}) == {"a": {"b": 7, "c": 3}, "list": [1, 2]}


def test_secrets_are_decoded() -> None:
    assert values([{"kind": "Secret", "name": "secret"}], {}) == {"a": {"b": "hidden"}}


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"name": "none"}, "ConfigMap chart values reference 'environment/none' with key 'values.yaml': \"none\" not"),
        ({"name": "base", "valuesKey": "none"}, "'environment/base' with key 'none': key not found"),
    ],
)
def test_a_missing_source_is_named_and_allowed_if_optional(reference: dict[str, Any], words: str) -> None:
    wanted = {"kind": "ConfigMap", **reference}
    with pytest.raises(ValuesError, match=f"could not resolve .*{words}"):
        values([wanted], {})
    assert values([{**wanted, "optional": True}], {"a": 1}) == {"a": 1}


@pytest.mark.parametrize("name", ["broken", "refused"])
def test_invalid_yaml_and_refused_reads_fail_even_if_optional(name: str) -> None:
    with pytest.raises(ValuesError):
        values([{"kind": "ConfigMap", "name": name, "optional": True}], {})
