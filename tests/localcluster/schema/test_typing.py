"""How schemas define merging."""

from __future__ import annotations

from hack.localcluster.schema import Structural, builtin_types

TYPES = builtin_types()


def test_built_in_kinds_know_their_keys() -> None:
    pod = TYPES.typing("apps", "v1", "Deployment").field("spec").field("template").field("spec")
    containers = pod.field("containers")
    assert (containers.list_type, containers.list_keys, containers.patch_merge_key) == ("map", ("name",), "name")
    ports = containers.element.field("ports")
    assert (ports.list_keys, ports.patch_merge_key) == (("containerPort", "protocol"), "containerPort")
    assert ports.element.field("protocol").default == "TCP"
    assert containers.element.field("args").list_type == "atomic"
    assert pod.field("nodeSelector").map_atomic


def test_metadata_is_the_same_for_all() -> None:
    for typing in (TYPES.typing("", "v1", "ConfigMap"), Structural({"type": "object"}).typing):
        metadata = typing.field("metadata")
        assert metadata.field("finalizers").list_type == "set"
        assert metadata.field("ownerReferences").list_keys == ("uid",)
        assert metadata.field("ownerReferences").element.map_atomic
        assert not metadata.field("labels").map_atomic


def test_a_definition_may_contain_itself() -> None:
    schema = (
        TYPES.typing("apiextensions.k8s.io", "v1", "CustomResourceDefinition").field("spec").field("versions").element
    )
    properties = schema.field("schema").field("openAPIV3Schema").field("properties")
    assert properties.field("any").field("properties").field("deeper").map


def test_unknown_kinds_are_typed_by_their_values() -> None:
    typing = TYPES.typing("example.com", "v1", "Nothing")
    assert typing.field("a").map
    assert typing.field("a").list_type == "atomic"


def test_quantities_and_ports_may_be_numbers_or_text() -> None:
    container = TYPES.typing("", "v1", "Pod").field("spec").field("containers").element
    limits = container.field("resources").field("limits")
    assert (limits.field("cpu").scalar, limits.field("cpu").scalar_type) == (True, "untyped")
    port = container.field("livenessProbe").field("httpGet").field("port")
    assert (port.scalar, port.scalar_type) == (True, "untyped")


def test_a_custom_resources_schema_decides() -> None:
    item = {"type": "object", "properties": {"k": {"type": "string", "default": "d"}}}
    listed = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    spec = {
        "type": "object",
        "properties": {"l": listed, "m": {"type": "object", "x-kubernetes-map-type": "atomic"}},
    }
    typing = Structural({"type": "object", "properties": {"spec": spec}}).typing.field("spec")
    assert typing.field("l").list_type == "map"
    assert typing.field("l").element.field("k").default == "d"
    assert typing.field("m").map_atomic
    assert typing.closed
    assert not typing.field("m").closed
