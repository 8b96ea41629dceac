"""Reading the parameters of a request: query, headers, options documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ..errors import bad_request, invalid_options
from ..registry.context import DeleteOptions, WriteContext
from ..registry.lists import Selection
from ..selectors import fields, labels
from ..validation.options import validate_delete_options, validate_patch_options, validate_write_options
from .bodies import parse_document, parse_json, parse_yaml
from .negotiate import Representation, negotiate
from .route import Target

TRUE = ("1", "true", "True", "TRUE")
Query = Mapping[str, str]


def selection_of(target: Target, query: Query) -> Selection:
    """Return the selection of a list, watch or deletecollection.

    Raises:
        StatusError: 400.
    """
    strategy = target.resource.strategy
    by_label = labels.parse(query.get("labelSelector", ""))
    by_field = fields.parse(query.get("fieldSelector", ""), strategy.readers, strategy.unknown_field_text)
    if target.name:
        named = by_field.exact("metadata.name")
        if by_field.terms and named != target.name:
            raise bad_request("fieldSelector metadata.name doesn't match requested name")
        by_field = fields.FieldSelector((fields.FieldTerm("metadata.name", target.name, True),), strategy.readers)
    return Selection(namespace=target.namespace, labels=by_label, fields=by_field)


def shape_of(request: web.Request, target: Target, *, single: bool) -> Representation:
    """Return the representation that the client accepts.

    Raises:
        StatusError: 406.
    """
    return negotiate(request.headers.get("Accept", ""), custom=target.resource.custom, single=single)


def integer(query: Query, name: str) -> int:
    """A number parameter, 0 where it is missing.

    Raises:
        StatusError: 400.
    """
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return int(text)
    except ValueError:
        why = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise bad_request(why) from None


def write_context(
    request: web.Request, kind: str, target: Target, *, apply: bool = False, force: bool | None = None
) -> WriteContext:
    """Parameters of a create, update or patch; `kind` is the options' kind, as refusals name it.

    Raises:
        StatusError: 422.
    """
    query = request.query
    manager = query.get("fieldManager", "")
    dry_run, directive = query.getall("dryRun", []), query.get("fieldValidation", "")
    problems = validate_patch_options(apply=apply, manager=manager, force=force) if kind == "PatchOptions" else []
    problems += validate_write_options(manager=manager, dry_run=dry_run, field_validation=directive)
    if problems:
        raise invalid_options(kind, problems)
    agent = request.headers.get("User-Agent", "").partition("/")[0]
    return WriteContext(
        manager=manager or agent[:128] or "unknown",
        dry_run=bool(dry_run),
        field_validation=directive or "Warn",
        subresource=target.subresource,
        user=target.user,
    )


def delete_options(request: web.Request, body: bytes) -> DeleteOptions:
    """The options of a deletion, from the body or else from the query.

    Raises:
        StatusError: 400, 422.
    """
    document: dict[str, Any] = {}
    if body:
        try:
            parsed, _ = parse_document(body, request.headers.get("Content-Type", ""))
        except ValueError as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None
        document = parsed if isinstance(parsed, dict) else {}
    else:
        query = request.query
        if "propagationPolicy" in query:
            document["propagationPolicy"] = query["propagationPolicy"]
        if "orphanDependents" in query:
            document["orphanDependents"] = query["orphanDependents"] in TRUE
        if "gracePeriodSeconds" in query:
            document["gracePeriodSeconds"] = integer(query, "gracePeriodSeconds")
        if "dryRun" in query:
            document["dryRun"] = query.getall("dryRun")
    problems = validate_delete_options(document)
    if problems:
        raise invalid_options("DeleteOptions", problems)
    return DeleteOptions.from_document(document)


def patch_document(body: bytes, *, apply: bool) -> tuple[Any, list[str]]:
    """A patch, and the fields it gives twice.

    Raises:
        StatusError: 400.
    """
    try:
        return (parse_yaml(body), []) if apply else parse_json(body)
    except ValueError as error:
        what = "encoding" if apply else "decoding"
        raise bad_request(f"error {what} patch: {error}") from None
