"""Reading `.tronador.yaml`: what it says, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.pipeline import schemas
from controller.pipeline.errors import InvalidFiles, Problem
from controller.pipeline.rendering.configschema import KNOWN, ROOT, config_schema
from controller.pipeline.schemas.suggestions import closest
from controller.pipeline.schemas.words import listed
from controller.pipeline.yamlfiles import Document, File, Placeholder, PlaceholderError, read
from controller.pipeline.yamlfiles.reading import Part

IMAGE_NAME: Final = "APPLICATION_IMAGE_NAME"
IMAGE_TAG: Final = "APPLICATION_IMAGE_TAG"
PLACEHOLDERS: Final = (IMAGE_NAME, IMAGE_TAG)
# From 0 to 1: how much a word in a quoted text has to look like one of ours to count as a misspelling, and not as the
# chart's. No template engine that charts use has variables in capitals; dashboards have labels such as
# `application_name`.
_MISSPELT: Final = 0.9
_MISSPELT_CAPITALS: Final = 0.7
# How much it has to look like one of ours to be suggested where the word is an error anyway.
_SUGGESTED: Final = 0.5


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A config file that is as it should be. What is absent, or null, is not in `application`."""

    document: Document
    application: Mapping[str, Any]


# What a branch without a config file says.
NO_CONFIG: Final = ConfigFile(Document("", {}, {}, {}), {})


def read_config(content: bytes, file: str, *, image_repository: str, image_tag: str) -> ConfigFile:
    """The config file in a file's `content`. InvalidFiles: it is none, or something in it is wrong."""
    found = read(content, file)
    problems = list(_of_file(found))
    if problems:
        raise InvalidFiles(problems)
    config, problems = of_part(found.parts[0], image_repository=image_repository, image_tag=image_tag)
    if config is None:
        raise InvalidFiles(problems)
    return config


def of_part(part: Part, *, image_repository: str, image_tag: str) -> tuple[ConfigFile | None, list[Problem]]:
    """The config file that a document is, or its problems."""
    values = {IMAGE_NAME: image_repository, IMAGE_TAG: image_tag}
    document = part.document(lambda placeholder, quoted: _fill(placeholder, quoted, values))
    if not isinstance(document.value, dict):
        problem = document.problem((), f"is no mapping; write {ROOT}: and its keys below it")
        return None, [*document.problems, problem]
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
        words = (
            "is an object of Kubernetes, not a config file; if it is a whole EnvironmentProvisioner, publish it as it "
            f"is, or keep only what a config file has: {ROOT} with chart_path and value_overrides"
        )
        yield Problem(first.file, first.line, 1, "", words)
    elif found.error is not None:
        yield found.error
    elif len(found.parts) > 1:
        yield second_document(found.parts[1])


def second_document(part: Part) -> Problem:
    """Said of whatever follows a config file, of which a repository has one."""
    words = "a second document begins here; a config file has only one: remove it, or put it into another file"
    return Problem(part.file, part.line, 1, "", words)


def _of_form(document: Document, application: Any) -> list[Problem]:
    value = {**document.value, ROOT: application} if ROOT in document.value else document.value
    bare = Document(document.file, value, document.places, document.keys)
    return schemas.check(bare, config_schema(), known=KNOWN)


def _of_image(document: Document) -> Iterator[Problem]:
    """Without both placeholders the environment would run another image than the pull request's."""
    used = {placeholder.name for path, placeholder in document.filled if path[:2] == (ROOT, "value_overrides")}
    missing = [f"{{{{{name}}}}}" for name in PLACEHOLDERS if name not in used]
    if missing:
        words = (
            f"{listed(missing, 'and')} {'is' if len(missing) == 1 else 'are'} nowhere in it, so the pull request's "
            "image would not be deployed; write both where the chart expects the image's repository and tag"
        )
        yield document.problem((ROOT, "value_overrides"), words)


def _fill(placeholder: Placeholder, quoted: bool, values: Mapping[str, str]) -> str:
    """Fills ours in wherever they stand; everything else in a quoted text belongs to the chart."""
    if placeholder.name in values:
        return values[placeholder.name]
    if not quoted:
        raise PlaceholderError(f"{_unknown(placeholder, values)}; quote the text, if this is meant for the chart")
    literal = placeholder.literal
    if literal is not None:
        return literal.text if _meant(literal) else placeholder.text
    if _meant(placeholder):
        raise PlaceholderError(
            f"{_unknown(placeholder, values)}; double the braces, if this is meant for the chart: "
            f"{{{{{placeholder.text}}}}}"
        )
    return placeholder.text


def _unknown(placeholder: Placeholder, values: Mapping[str, str]) -> str:
    known = listed([f"{{{{{name}}}}}" for name in values], "and")
    if not placeholder.name:
        return f"{placeholder.text} is not a placeholder: there are {known}, and neither filters nor expressions"
    words = f"the placeholder {placeholder.text} is unknown"
    if close := closest(placeholder.name, PLACEHOLDERS, cutoff=_SUGGESTED):
        return f"{words} (did you mean {{{{{close}}}}}?)"
    return f"{words}; there are {known}"


def _meant(placeholder: Placeholder) -> bool:
    """Whether one of our placeholders is meant, misspelt or in an expression."""
    return any(
        closest(word, PLACEHOLDERS, cutoff=_MISSPELT_CAPITALS if word.isupper() else _MISSPELT)
        for word in placeholder.words
    )


def _without_nulls(application: Any) -> Any:
    if not isinstance(application, dict):
        return application
    return {key: value for key, value in application.items() if value is not None}
