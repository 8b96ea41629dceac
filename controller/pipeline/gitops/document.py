"""An environment's file: what has to be known of it before it is published, waited for, or overwritten."""

from __future__ import annotations

import copy
from typing import Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.pipeline import releasenames, schemas
from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.rendering import judge
from controller.pipeline.schemas import definitions, serverwritten
from controller.pipeline.yamlfiles import Document, keep, read, write

_REMEDY: Final = "give the file that tronador render writes"


def read_environment(content: bytes, file: str, *, to_publish: bool = False) -> Environment:
    """The environment that a file holds, in a form that a cluster takes. InvalidFiles: the file holds anything else.

    `to_publish` also refuses what only a server writes, and what the API server or the controller refuses: where the
    API server refuses one object, Argo CD applies nothing of its folder. A file that is only compared with the cluster
    may hold either.
    """
    document = _document(content, file)
    schema = next(item.schema for item in definitions() if item.kind == ENVIRONMENTS.kind)
    problems = schemas.check(document, schema)
    if to_publish:
        if not problems:
            problems += judge.for_publishing(Environment(document.value), document)
        problems += serverwritten.problems(document)
    if problems:
        raise InvalidFiles(sorted(problems))
    return Environment(document.value)


def peek(content: bytes) -> Environment | None:
    """The environment that a file of a repository holds, of whatever form; None where it cannot be read as one."""
    try:
        return Environment(_document(content, "").value)
    except InvalidFiles:
        return None


def with_kept_release(content: bytes, present: bytes) -> bytes:
    """The environment's file `content`, in which the release keeps the name that it has in the `present` file."""
    wanted, there = peek(content), peek(present)
    name = releasenames.kept(wanted, there) if wanted is not None and there is not None else ""
    if wanted is None or not name:
        return content
    obj = copy.deepcopy(wanted.obj)
    obj["spec"]["application"]["release"]["releaseName"] = name
    return write(obj).encode()


def _document(content: bytes, file: str) -> Document:
    found = read(content, file)
    if found.error is not None:
        raise InvalidFiles([found.error])
    if len(found.parts) > 1:
        words = f"a second document begins here; {_REMEDY}"
        raise InvalidFiles([Problem(file, found.parts[1].line, 1, "", words)])
    document = found.parts[0].document(keep)
    if document.problems:
        raise InvalidFiles(document.problems)
    value = document.value if isinstance(document.value, dict) else {}
    if (value.get("apiVersion"), value.get("kind")) != (ENVIRONMENTS.api_version, ENVIRONMENTS.kind):
        words = f"is no {ENVIRONMENTS.kind} of {ENVIRONMENTS.api_version}; {_REMEDY}"
        raise InvalidFiles([document.problem((), words)])
    if not isinstance(value.get("metadata"), dict):
        raise InvalidFiles([document.problem((), f"has no metadata; {_REMEDY}")])
    return document
