"""OpenAPI v3 documents, as far as kubectl reads them: kinds, their schemas, and which parameters PATCH takes."""

from __future__ import annotations

from typing import Any

from ..errors import page_not_found
from ..objects import Object
from ..registry.catalog import Catalog
from ..registry.patching import accepted_patches
from ..registry.resource import ResourceType

_QUERY_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")


class OpenApi:
    """Builds documents on demand; nothing is kept, since few are ever asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def document(self, path: str) -> Object:
        """Return the document at a path below `/openapi`.

        Raises:
            PlainError: 404.
        """
        if path == "/openapi/v3":
            return {"paths": {place: {"serverRelativeURL": self._url(place)} for place in self._places()}}
        if path == "/openapi/v2":
            info = {"title": "Kubernetes", "version": "v1.36.0"}
            return {"swagger": "2.0", "info": info, "paths": {}, "definitions": {}}
        place = path.removeprefix("/openapi/v3/")
        if path.startswith("/openapi/v3/") and place in self._places():
            return self._group_version(place)
        raise page_not_found()

    def _url(self, place: str) -> str:
        return f"/openapi/v3/{place}?hash={self._catalog.revision:016X}"

    def _places(self) -> list[str]:
        versions = self._catalog.versions().items()
        return [
            f"apis/{group}/{version}" if group else f"api/{version}" for group, all_ in versions for version in all_
        ]

    def _group_version(self, place: str) -> Object:
        parts = place.split("/")
        group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2])
        resources = [one for one in self._catalog if (one.group, one.version) == (group, version)]
        paths: dict[str, Any] = {}
        schemas: dict[str, Any] = {}
        for resource in resources:
            name = self._schema(resource, schemas)
            base = f"/{place}" + ("/namespaces/{namespace}" if resource.namespaced else "") + f"/{resource.plural}"
            paths[base] = {"get": _operation(resource, "list", ()), "post": _operation(resource, "post", (name,))}
            paths[base + "/{name}"] = {
                "get": _operation(resource, "get", (name,)),
                "put": _operation(resource, "put", (name,)),
                "patch": _operation(resource, "patch", (name,)),
                "delete": _operation(resource, "delete", ()),
            }
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.36.0"},
            "paths": paths,
            "components": {"schemas": schemas},
        }

    def _schema(self, resource: ResourceType, schemas: dict[str, Any]) -> str:
        gvk = [{"group": resource.group, "version": resource.version, "kind": resource.kind}]
        if resource.custom:
            name = ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])
            properties = {**(resource.schema.get("properties") or {}), **self._of_all_kinds(schemas)}
            schemas[name] = {**resource.schema, "properties": properties, "x-kubernetes-group-version-kind": gvk}
            return name
        return self._builtin(resource, gvk, schemas)

    def _builtin(self, resource: ResourceType, gvk: list[Object], schemas: dict[str, Any]) -> str:
        definitions = self._catalog.types.definitions()
        schema = self._catalog.types.schema(resource.group, resource.version, resource.kind)
        name = next((key for key, value in definitions.items() if value is schema), resource.kind)
        self._collect(name, schemas)
        schemas[name] = {**schemas.get(name, {"type": "object"}), "x-kubernetes-group-version-kind": gvk}
        return name

    def _of_all_kinds(self, schemas: dict[str, Any]) -> Object:
        """The fields that all kinds have. What a definition says about them is not published."""
        like = (self._catalog.types.schema("", "v1", "Namespace") or {})["properties"]
        fields = {name: self._published(like[name], schemas) for name in ("apiVersion", "kind", "metadata")}
        return {name: {key: field[key] for key in field if key != "enum"} for name, field in fields.items()}

    def _collect(self, name: str, schemas: dict[str, Any]) -> None:
        definitions = self._catalog.types.definitions()
        if name in schemas or name not in definitions:
            return
        schemas[name] = {}
        schemas[name] = self._published(definitions[name], schemas)

    def _published(self, node: Any, schemas: dict[str, Any]) -> Any:
        """A shipped schema with references and types in the form of OpenAPI 3.0."""
        if isinstance(node, list):
            return [self._published(item, schemas) for item in node]
        if not isinstance(node, dict):
            return node
        result: Object = {}
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                name = value.rpartition("/")[2]
                self._collect(name, schemas)
                reference = {key: f"#/components/schemas/{name}"}
                # Beside a reference nothing else counts, so one with a description of its own is wrapped.
                result |= reference if len(node) == 1 else {"allOf": [reference]}
            elif key == "type" and isinstance(value, list):
                result[key] = next((one for one in value if one != "null"), "object")
            else:
                result[key] = self._published(value, schemas)
        return result


def _operation(resource: ResourceType, action: str, schema: tuple[str, ...]) -> Object:
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    content: Object = {}
    if schema:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema[0]}"}}}
    operation: Object = {
        "operationId": f"{action}{resource.kind}",
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
        "responses": {"200": {"description": "OK", "content": content}},
    }
    if action in ("post", "put", "patch"):
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in _QUERY_PARAMETERS
        ]
        kinds = accepted_patches(resource) if action == "patch" else ("application/json",)
        operation["requestBody"] = {"content": {kind: {} for kind in kinds}}
    return operation
