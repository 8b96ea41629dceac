"""Checks requests and answers against an OpenAPI description."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FIXTURES = Path(__file__).parent / "fixtures" / "openapi"
_ROOT = "urn:description"


class Description:
    """One description of `tests/fixtures/openapi`."""

    def __init__(self, name: str) -> None:
        document = _without_nullable(json.loads((FIXTURES / f"{name}.json").read_text()))
        self._document: dict[str, Any] = document
        self._registry = Registry().with_resource(_ROOT, Resource(contents=document, specification=DRAFT202012))

    @property
    def operations(self) -> set[tuple[str, str]]:
        """Every method and path."""
        return {(method.upper(), path) for path, item in self._document["paths"].items() for method in item}

    def operation(self, method: str, path: str) -> str:
        """Return the described path that a path is an instance of; "" if there is none."""
        fitting = [
            template
            for template, item in self._document["paths"].items()
            if method.lower() in item and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        ]
        # A name such as `comments` can also be an id.
        return min(fitting, key=lambda template: template.count("{"), default="")

    def faults_of_request(self, method: str, target: str, body: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with a request: its path, its query, and the fields of its body."""
        parts = urlsplit(target)
        operation = self._find(method, parts.path)
        if operation is None:
            return [f"{method} {parts.path} is not described"]
        known = {one["name"]: one for one in map(self._follow, operation.get("parameters", ())) if one["in"] == "query"}
        faults = [f"the parameter {name} is not described" for name, _ in parse_qsl(parts.query) if name not in known]
        content = self._follow(operation.get("requestBody", {})).get("content", {})
        if not content:
            return faults + (["a body is not described"] if body else [])
        schema = content["application/json"]["schema"]
        return faults + self._compare(schema, body) + self._unknown(schema, body)

    def faults_of_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Return what is wrong with an answer: its status, and the fields of its body."""
        operation = self._find(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        responses = operation["responses"]
        if str(status) not in responses:
            return [f"{method} {path}: the status {status} is not described"]
        content = self._follow(responses[str(status)]).get("content", {})
        if not content:
            return [] if body in (None, "") else [f"{method} {path}: {status} has no body"]
        return self._compare(content["application/json"]["schema"], body)

    def _find(self, method: str, path: str) -> dict[str, Any] | None:
        template = self.operation(method, path)
        return self._document["paths"][template][method.lower()] if template else None

    def _follow(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            found: Any = self._document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            value = found
        return value

    def _compare(self, schema: Any, body: Any) -> list[str]:
        validator = Draft202012Validator(_rooted(schema), registry=self._registry)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(body)]

    def _unknown(self, schema: Any, body: Mapping[str, Any]) -> list[str]:
        properties = self._follow(schema).get("properties")
        return [f"the field {name} is not described" for name in body if properties and name not in properties]


def _without_nullable(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable`, which JSON Schema does not know."""
    if isinstance(value, list):
        return [_without_nullable(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _without_nullable(one) for key, one in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


def _rooted(schema: Any) -> Any:
    """References of a part of the document lead into the document."""
    if isinstance(schema, list):
        return [_rooted(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"{_ROOT}{one}" if key == "$ref" and isinstance(one, str) else _rooted(one) for key, one in schema.items()
    }
