"""Content negotiation: plain objects, tables, or metadata only."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import not_acceptable

_PLAIN = ("application/json", "*/*", "application/*", "text/*")
_BUILTIN_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_CUSTOM_TYPES = ("application/json", "application/yaml")


@dataclass(frozen=True, slots=True)
class Representation:
    """How objects are shown. `form` is "object", "table", "metadata" or "metadata-list"; `yaml` the encoding."""

    form: str = "object"
    yaml: bool = False
    pretty: bool = False


def negotiate(accept: str, *, custom: bool, single: bool) -> Representation:
    """The first representation a client accepts that we can give.

    Args:
        accept: the Accept header.
        custom: for a custom resource (these have no protobuf, and the refusal says so).
        single: an object as opposed to a list.

    Raises:
        StatusError: 406.
    """
    if not accept.strip():
        return Representation()
    for clause in accept.split(","):
        kind, *parameters = (part.strip() for part in clause.split(";"))
        given = dict(part.partition("=")[::2] for part in parameters)
        if kind == "application/yaml" and "as" not in given:
            return Representation(yaml=True)
        if kind not in _PLAIN:
            continue
        form = _form(given, single=single)
        if form:
            return Representation(form)
    raise not_acceptable(_CUSTOM_TYPES if custom else _BUILTIN_TYPES)


def _form(given: dict[str, str], *, single: bool) -> str:
    wanted = given.get("as")
    if wanted is None:
        return "object"
    if given.get("g") != "meta.k8s.io" or given.get("v") not in ("v1", "v1beta1"):
        return ""
    if wanted == "Table":
        return "table"
    if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
        return "metadata" if single == (wanted == "PartialObjectMetadata") else ""
    return ""
