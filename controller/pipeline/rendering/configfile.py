"""Reads `.tronador.yaml`, or reports everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import placeholders
from controller.apimachinery.findings import Finding
from controller.pipeline import schemas
from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.rendering.configschema import KNOWN, ROOT, config_schema
from controller.pipeline.rendering.parameters import IMAGE_NAME, IMAGE_TAG
from controller.pipeline.schemas.words import closest, listed
from controller.pipeline.yamlfiles import Document, File, Placeholder, PlaceholderError, read
from controller.pipeline.yamlfiles.reading import Part

# `value_overrides` must contain these.
_OF_IMAGE: Final = (IMAGE_NAME, IMAGE_TAG)
PLACEHOLDERS: Final = (*_OF_IMAGE, *placeholders.NAMES)
# Similarity (0 to 1) from which a word in a quoted string counts as a misspelling of our placeholder, and not as a
# template for the chart. Words in capitals need less, because no template engine that charts use has such variables.
# Dashboards have labels such as `application_name`.
_MISSPELT: Final = 0.9
_MISSPELT_CAPITALS: Final = 0.7
# Similarity from which a placeholder is suggested if the word is an error anyway.
_SUGGESTED: Final = 0.5


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A valid config file. `application` leaves out keys that are absent or null."""

    document: Document
    application: Mapping[str, Any]


# Stands for the config file of a branch without one.
NO_CONFIG: Final = ConfigFile(Document("", {}, {}, {}), {})


def read_config(content: bytes, file: str, values: Mapping[str, str]) -> ConfigFile:
    """Return the config file in `content`, with the values of its placeholders (`Parameters.placeholders`).

    Raises InvalidFiles if it is invalid.
    """
    found = read(content, file)
    problems = list(_of_file(found))
    if problems:
        raise InvalidFiles(problems)
    config, problems = of_part(found.parts[0], values)
    if config is None:
        raise InvalidFiles(problems)
    return config


def of_part(part: Part, values: Mapping[str, str]) -> tuple[ConfigFile | None, list[Problem]]:
    """Return the config file in a document and no problems, or None and its problems."""
    document = part.document(lambda placeholder, quoted: _fill(placeholder, quoted, values))
    if not isinstance(document.value, dict):
        finding = Finding(message="the document is not a mapping", remedy=f"write {ROOT}: and its keys below it")
        return None, [*document.problems, document.problem(finding)]
    application = _without_nulls(document.value.get(ROOT))
    problems = [*document.problems, *_of_form(document, application)]
    if not problems:
        problems = list(_of_image(document))
    if problems:
        return None, sorted(problems)
    return ConfigFile(document, application), []


def _of_file(found: File) -> Iterator[Problem]:
    first = found.parts[0] if found.parts else None
    if first is not None and first.is_manifest:
        finding = Finding(
            message="this is a Kubernetes object, not a config file",
            remedy="if it is a complete EnvironmentProvisioner, publish it as it is; otherwise write a config file: "
            f"{ROOT} with chart_path and value_overrides",
        )
        yield Problem(first.file, first.line, 1, finding)
    elif found.error is not None:
        yield found.error
    elif len(found.parts) > 1:
        yield second_document(found.parts[1])


def second_document(part: Part) -> Problem:
    """Return the problem of a document that follows a config file. A repository has only one config file."""
    finding = Finding(
        message="a second document starts here, but a config file has only one",
        remedy="remove it, or move it to another file",
    )
    return Problem(part.file, part.line, 1, finding)


def _of_form(document: Document, application: Any) -> list[Problem]:
    value = {**document.value, ROOT: application} if ROOT in document.value else document.value
    bare = Document(document.file, value, document.places, document.keys)
    return schemas.check(bare, config_schema(), known=KNOWN)


def _of_image(document: Document) -> Iterator[Problem]:
    """Require both placeholders. Otherwise the environment would not run the image of the pull request."""
    used = {placeholder.name for path, placeholder in document.filled if path[:2] == (ROOT, "value_overrides")}
    missing = [f"{{{{{name}}}}}" for name in _OF_IMAGE if name not in used]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        finding = Finding(
            path=(ROOT, "value_overrides"),
            message=f"{listed(missing, 'and')} {verb} missing, so the image of the pull request would not be deployed",
            remedy="write both where the chart expects the image's repository and tag",
        )
        yield document.problem(finding)


def _fill(placeholder: Placeholder, quoted: bool, values: Mapping[str, str]) -> str:
    """Return the value of our placeholders. Others are left to the chart if quoted; else raises PlaceholderError."""
    if placeholder.name in values:
        return values[placeholder.name]
    if not quoted:
        raise PlaceholderError(f"{_unknown(placeholder, values)}; if this is meant for the chart, quote it")
    literal = placeholder.literal
    if literal is not None:
        return literal.text if _meant(literal) else placeholder.text
    if _meant(placeholder):
        raise PlaceholderError(
            f"{_unknown(placeholder, values)}; if this is meant for the chart, double the braces: {{{{{placeholder}}}}}"
        )
    return placeholder.text


def _unknown(placeholder: Placeholder, values: Mapping[str, str]) -> str:
    known = listed([f"{{{{{name}}}}}" for name in values])
    if not placeholder.name:
        return f"{placeholder} is not a placeholder: use {known}, without filters or expressions"
    words = f"unknown placeholder {placeholder}"
    if close := closest(placeholder.name, PLACEHOLDERS, cutoff=_SUGGESTED):
        return f"{words} (did you mean {{{{{close}}}}}?)"
    return f"{words}; use {known}"


def _meant(placeholder: Placeholder) -> bool:
    """Return whether the author means one of the image's placeholders, misspelt or in an expression.

    The words of the others are so common that a chart may use similar ones.
    """
    return any(
        closest(word, _OF_IMAGE, cutoff=_MISSPELT_CAPITALS if word.isupper() else _MISSPELT)
        for word in placeholder.words
    )


def _without_nulls(application: Any) -> Any:
    if not isinstance(application, dict):
        return application
    return {key: value for key, value in application.items() if value is not None}
