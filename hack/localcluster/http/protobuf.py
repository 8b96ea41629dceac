"""Reads Kubernetes protobuf: what Helm's storage sends, and what kubectl sends to create objects without a file.

Their typed clients send nothing else. The wire format holds no names and types of fields, so the tables below give
them: for `kubectl create` of a namespace, configmap, secret, serviceaccount or token, and for `kubectl auth`. Other
kinds are refused with 415. Unknown fields are skipped. Answers are always JSON, which clients accept.

Source: the generated.proto files of k8s.io/api and k8s.io/apimachinery.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from ..objects import Object

MAGIC = b"k8s\x00"
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"

# Message → field number → "name:type". A type is string, bool, int, a message, `map` (string to string) or `bytemap`
# (string to bytes); a trailing * repeats it.
_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "ObjectMeta": {
        1: "name:string",
        2: "generateName:string",
        3: "namespace:string",
        5: "uid:string",
        6: "resourceVersion:string",
        11: "labels:map",
        12: "annotations:map",
    },
    "DeleteOptions": {
        1: "gracePeriodSeconds:int",
        2: "preconditions:Preconditions",
        3: "orphanDependents:bool",
        4: "propagationPolicy:string",
        5: "dryRun:string*",
    },
    "Preconditions": {1: "uid:string", 2: "resourceVersion:string"},
    "Namespace": {1: "metadata:ObjectMeta"},
    "ConfigMap": {1: "metadata:ObjectMeta", 2: "data:map", 3: "binaryData:bytemap", 4: "immutable:bool"},
    "Secret": {1: "metadata:ObjectMeta", 2: "data:bytemap", 3: "type:string", 4: "stringData:map", 5: "immutable:bool"},
    "ServiceAccount": {1: "metadata:ObjectMeta"},
    "TokenRequest": {1: "metadata:ObjectMeta", 2: "spec:TokenRequestSpec"},
    "TokenRequestSpec": {1: "audiences:string*", 3: "boundObjectRef:BoundObjectReference", 4: "expirationSeconds:int"},
    "BoundObjectReference": {1: "kind:string", 2: "apiVersion:string", 3: "name:string", 4: "uid:string"},
    "SelfSubjectReview": {1: "metadata:ObjectMeta"},
    "SelfSubjectAccessReview": {1: "metadata:ObjectMeta", 2: "spec:SelfSubjectAccessReviewSpec"},
    "SelfSubjectAccessReviewSpec": {
        1: "resourceAttributes:ResourceAttributes",
        2: "nonResourceAttributes:NonResourceAttributes",
    },
    "SelfSubjectRulesReview": {1: "metadata:ObjectMeta", 2: "spec:SelfSubjectRulesReviewSpec"},
    "SelfSubjectRulesReviewSpec": {1: "namespace:string"},
    "ResourceAttributes": {
        1: "namespace:string",
        2: "verb:string",
        3: "group:string",
        4: "version:string",
        5: "resource:string",
        6: "subresource:string",
        7: "name:string",
    },
    "NonResourceAttributes": {1: "path:string", 2: "verb:string"},
}


def read_protobuf(data: bytes) -> Object | None:
    """The object in an envelope, or None for a kind that has no table here.

    Raises:
        ValueError: if the data is not a Kubernetes protobuf.
    """
    if not data.startswith(MAGIC):
        raise ValueError("the body does not begin with the protobuf magic number")
    envelope = dict(_fields(data[len(MAGIC) :]))
    type_meta = {number: _text(value) for number, value in _fields(_bytes(envelope.get(1, b"")))}
    api_version, kind = type_meta.get(1, ""), type_meta.get(2, "")
    if kind not in _MESSAGES:
        return None
    return {"apiVersion": api_version, "kind": kind, **_message(kind, _bytes(envelope.get(2, b"")))}


def _message(name: str, data: bytes) -> Object:
    table = _MESSAGES[name]
    result: Object = {}
    for number, value in _fields(data):
        field, _, kind = table.get(number, "").partition(":")
        if not field:
            continue
        if kind.endswith("*"):
            result.setdefault(field, []).append(_value(kind[:-1], value))
        elif kind in ("map", "bytemap"):
            entry = dict(_fields(_bytes(value)))
            text = _bytes(entry.get(2, b""))
            key = _text(entry.get(1, b""))
            result.setdefault(field, {})[key] = _text(text) if kind == "map" else base64.b64encode(text).decode()
        else:
            result[field] = _value(kind, value)
    return {field: value for field, value in result.items() if value != ""}


def _value(kind: str, value: int | bytes) -> Any:
    if kind == "string":
        return _text(value)
    if kind == "bool":
        return bool(value)
    if kind == "int":
        return value
    return _message(kind, _bytes(value))


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where bytes were expected")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, varint or bytes) of a message's fields in order."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            length, position = _varint(data, position)
            yield number, data[position : position + length]
            position += length
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            yield number, data[position : position + width]
            position += width
        else:
            raise ValueError(f"wire type {wire} is not used by Kubernetes")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7
    raise ValueError("the message is cut off")
