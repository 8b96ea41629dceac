"""Reading an environment's file before it is published, waited for, or overwritten."""

from __future__ import annotations

import copy
from typing import Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery.findings import Finding
from controller.pipeline import releasenames, schemas
from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.rendering import refusals
from controller.pipeline.schemas import serverwritten, words
from controller.pipeline.yamlfiles import Document, keep, read, write

_REMEDY: Final = "pass the file that tronador render writes"


def read_environment(content: bytes, file: str, *, to_publish: bool = False) -> Environment:
    """Return the environment in a file. Raises InvalidFiles if the content does not fit the schema of the CRD.

    With `to_publish`, it also raises InvalidFiles for fields that only a server writes, and for values that the API
    server or the controller rejects. One such object makes every sync of Argo CD fail, and some stop the whole folder.
    A file that is only compared with the cluster may contain both.
    """
    document = _document(content, file)
    problems = schemas.check(document, schemas.schema_of(ENVIRONMENTS.kind))
    if to_publish:
        if not problems:
            problems += refusals.for_publishing(Environment(document.value), document)
        problems += serverwritten.problems(document)
    if problems:
        raise InvalidFiles(sorted(problems))
    return Environment(document.value)


def peek(content: bytes) -> Environment | None:
    """Return the environment in a file without checking its schema, or None if it cannot be read as one."""
    try:
        return Environment(_document(content, "").value)
    except InvalidFiles:
        return None


def with_kept_release(content: bytes, present: bytes) -> bytes:
    """Return the environment's file `content` with the release name of the `present` file, if that must be kept."""
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
        finding = Finding(message="a second document starts here", remedy=_REMEDY)
        raise InvalidFiles([Problem(file, found.parts[1].line, 1, finding)])
    document = found.parts[0].document(keep)
    if document.problems:
        raise InvalidFiles(document.problems)
    value = document.value if isinstance(document.value, dict) else {}
    if (value.get("apiVersion"), value.get("kind")) != (ENVIRONMENTS.api_version, ENVIRONMENTS.kind):
        message = f"the document is not an {ENVIRONMENTS.kind} of {ENVIRONMENTS.api_version}"
        raise InvalidFiles([document.problem(Finding(message=message, remedy=_REMEDY))])
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        raise InvalidFiles([document.problem(Finding(message="the document has no metadata", remedy=_REMEDY))])
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, dict):
        message = f"{words.quoted(annotations)} is {words.kind_of(annotations)}"
        finding = Finding(path=("metadata", "annotations"), message=message, remedy=f"write {words.wanted(['object'])}")
        raise InvalidFiles([document.problem(finding)])
    return document
