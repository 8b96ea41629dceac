"""valuesFrom: order, defaults, which failures `optional` allows, and the messages of the others."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from controller.apimachinery.errors import status_error
from hack.standins.helm.engine import HelmError
from hack.standins.helm_operator.values import ValuesError, compose


class Sources:
    """Two objects and a file."""

    def config_map(self, name: str, namespace: str) -> Mapping[str, Any]:
        if (name, namespace) != ("map", "ns"):
            raise missing("configmaps", name)
        return {"data": {"values.yaml": "a: {x: map, y: map}\nlist: [1, 2]", "other": "b: other", "broken": "a: b: c"}}

    def secret(self, name: str, namespace: str) -> Mapping[str, Any]:
        if namespace == "forbidden":
            raise status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "not yours"})
        if (name, namespace) != ("secret", "elsewhere"):
            raise missing("secrets", name)
        return {"data": {"values.yaml": base64.b64encode(b"a: {x: secret}").decode(), "bad": "/w=="}}

    def chart_file(self, path: str) -> str:
        if path != "ci/values.yaml":
            raise FileNotFoundError(path)
        return "a: {y: file}\nlist: [3]"

    def parse(self, text: str) -> list[dict[str, Any]]:
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise HelmError(str(error)) from error
        return [found] if found else []


def missing(plural: str, name: str) -> Exception:
    return status_error(404, {"kind": "Status", "reason": "NotFound", "message": f'{plural} "{name}" not found'})


def composed(*references: dict[str, Any], inline: dict[str, Any] | None = None) -> dict[str, Any]:
    return compose(references, inline or {}, namespace="ns", sources=Sources())


MAP = {"configMapKeyRef": {"name": "map"}}
SECRET = {"secretKeyRef": {"name": "secret", "namespace": "elsewhere"}}
FILE = {"chartFileRef": {"path": "ci/values.yaml"}}


def test_later_sources_win_maps_are_merged_and_lists_replaced() -> None:
    assert composed(MAP, SECRET, FILE) == {"a": {"x": "secret", "y": "file"}, "list": [3]}
    assert composed(FILE, SECRET, MAP) == {"a": {"x": "map", "y": "map"}, "list": [1, 2]}


def test_inline_values_win_over_every_source() -> None:
    assert composed(MAP, inline={"a": {"x": "inline"}, "list": None})["a"] == {"x": "inline", "y": "map"}
    assert composed(MAP, inline={"a": "text"})["a"] == "text"


def test_another_key_can_be_named() -> None:
    assert composed({"configMapKeyRef": {"name": "map", "key": "other"}}) == {"b": "other"}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"configMapKeyRef": {"name": "none"}}, 'configmaps "none" not found'),
        ({"secretKeyRef": {"name": "secret"}}, 'secrets "secret" not found'),
        ({"configMapKeyRef": {"name": "map", "key": "none"}}, "could not find key none in ConfigMap ns/map"),
        ({"configMapKeyRef": {"name": "map", "key": "broken"}}, "unable to parse the YAML from broken in ConfigMap"),
        ({"secretKeyRef": {**SECRET["secretKeyRef"], "key": "bad"}}, "unable to read bad in Secret elsewhere/secret"),
        ({"chartFileRef": {"path": "none"}}, "unable to read value file from path none"),
        ({"externalSourceRef": {"url": "https://x"}}, "unable to read value file from URL https://x"),
    ],
)
def test_a_missing_or_unreadable_source_is_an_error_unless_optional(reference: dict[str, Any], message: str) -> None:
    with pytest.raises(ValuesError, match=message):
        composed(reference)
    kind, selector = next(iter(reference.items()))
    assert composed({kind: {**selector, "optional": True}}, FILE) == composed(FILE)


def test_optional_does_not_forgive_a_refusal() -> None:
    with pytest.raises(ValuesError, match="not yours"):
        composed({"secretKeyRef": {"name": "secret", "namespace": "forbidden", "optional": True}})
