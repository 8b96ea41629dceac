"""Validates config files and objects of our own kinds without a cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.findings import Finding, cut
from controller.pipeline import schemas
from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.rendering import refusals
from controller.pipeline.rendering.configfile import PLACEHOLDERS, of_part, second_document
from controller.pipeline.rendering.parameters import Parameters
from controller.pipeline.rendering.render import environment_of
from controller.pipeline.schemas import Definition, definitions, serverwritten
from controller.pipeline.schemas.words import listed, nearest
from controller.pipeline.yamlfiles import Document, Placeholder, PlaceholderError, keep, read
from controller.pipeline.yamlfiles.reading import Part
from controller.policy import PolicyOptions
from controller.tronadorconfig import content as tronadorconfig

# A config file is checked with the parameters of an arbitrary snapshot, which do not affect the result.
_SNAPSHOT: Final = Parameters(
    repository_name="repository",
    number=1,
    git_url="https://git.invalid/organization/repository",
    git_ref="branch",
    image_repository="registry.invalid/repository",
    image_tag="tag",
)


def validate(content: bytes, file: str, options: PolicyOptions, *, engine: str = "") -> list[Problem]:
    """Return all problems of the documents in a file, for a controller with these policy options.

    `engine` is the engine that this controller uses, or "" if it is not known.
    """
    try:
        found = read(content, file)
    except InvalidFiles as error:
        return list(error.problems)
    problems = [problem for part in found.parts for problem in _of_part(part, options, engine)]
    # A file may hold several objects, but `render` rejects a file with two config files.
    problems += map(second_document, [part for part in found.parts if not part.is_manifest][1:])
    return [*problems, found.error] if found.error is not None else problems


def _of_part(part: Part, options: PolicyOptions, engine: str) -> list[Problem]:
    return _of_manifest(part, options, engine) if part.is_manifest else _of_config(part, options, engine)


def _of_config(part: Part, options: PolicyOptions, engine: str) -> list[Problem]:
    config, problems = of_part(part, _SNAPSHOT.placeholders)
    if config is None:
        return problems
    environment = Environment(environment_of(config.application, _SNAPSHOT))
    return refusals.of_config(environment, config.document, _without_origin(options), engine)


def _of_manifest(part: Part, options: PolicyOptions, engine: str) -> list[Problem]:
    document = part.document(_keep)
    problems = list(document.problems)
    written: list[Problem] = []
    definition = _definition(document, problems)
    if definition is not None:
        # A field with a problem has no value in the document. Do not report it as empty too.
        reported = {problem.finding.path for problem in problems}
        found = schemas.check(document, definition.schema)
        problems += (problem for problem in found if problem.finding.path not in reported)
        written = serverwritten.problems(document)
    if not problems:
        problems += _of_kind(document, options, engine)
    return sorted([*problems, *written])


def _of_kind(document: Document, options: PolicyOptions, engine: str) -> Iterator[Problem]:
    if document.value["kind"] == ENVIRONMENTS.kind:
        yield from refusals.of_manifest(Environment(document.value), document, options, engine)
    elif document.value["kind"] == TRONADOR_CONFIGS.kind:
        for problem in tronadorconfig.problems(tronadorconfig.parse(document.value)):
            yield document.problem(problem)


def _definition(document: Document, problems: list[Problem]) -> Definition | None:
    api_version, kind = (_word(document, field) for field in ("apiVersion", "kind"))
    known = definitions()
    for item in known:
        if (item.api_version, item.kind) == (api_version, kind):
            return item
    of_kind = [item.api_version for item in known if item.kind == kind]
    if of_kind:
        message, remedy = f"'{cut(api_version)}' is not supported", f"use {listed(of_kind)}"
        problems.append(document.problem(Finding(path=("apiVersion",), message=message, remedy=remedy)))
    else:
        kinds = [item.kind for item in known]
        remedy = nearest(kind, kinds)
        if remedy.endswith("?"):
            remedy += f" The kinds are {listed(kinds, 'and')}"
        message, remedy = f"unknown kind '{cut(kind)}'", f"{remedy}; a config file has no kind"
        problems.append(document.problem(Finding(path=("kind",), message=message, remedy=remedy)))
    return None


def _word(document: Document, field: str) -> str:
    return objects.text(document.value.get(field))


def _keep(placeholder: Placeholder, quoted: bool) -> str:
    """Leave templates of other programs as they are. Raises PlaceholderError for our own: objects have none."""
    if placeholder.name in PLACEHOLDERS:
        raise PlaceholderError(f"{placeholder} is only filled in in config files; write the value itself")
    return keep(placeholder, quoted)


def _without_origin(options: PolicyOptions) -> PolicyOptions:
    """Return the options without the rules about the repository, which a config file does not name."""
    return dataclasses.replace(
        options,
        own_namespace="",
        protected_namespaces=(),
        pinned_namespace_labels=(),
        allowed_git_repositories=("*",),
    )
