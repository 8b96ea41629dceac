"""Reports policy violations of an environment at the place in the file where its author can correct them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.pipeline import schemas
from controller.pipeline.errors import Problem
from controller.pipeline.rendering.configschema import FIELDS, POLICY_KEYS, RELEASE, ROOT
from controller.pipeline.schemas import definitions
from controller.pipeline.yamlfiles import Document, show
from controller.policy import PolicyOptions, Violation, violations

# Allows everything that a platform team may allow. A pipeline does not know the options of the controller.
_PERMISSIVE: Final = PolicyOptions(
    own_namespace="",
    protected_namespaces=(),
    allowed_reference_namespaces=("*",),
    allow_external_values=True,
    denied_namespace_labels=(),
    allow_forks_on_helm_operator=True,
)
# Fields that are set by a flag and not by a file, with that flag.
_FLAGS: Final = {
    "metadata.name": "--name-template",
    f"{RELEASE}.chart.git": "--git-url",
    f"{RELEASE}.chart.ref": "--git-ref",
    f"{RELEASE}.releaseName": "--git-ref",
}


def for_rendering(environment: Environment, config: Document, base: Document | None) -> list[Problem]:
    """Return what every controller would reject, at its place in the config file, or with its flag."""
    whole = Document("", environment.obj, {}, {})
    schema = next(item.schema for item in definitions() if item.kind == ENVIRONMENTS.kind)
    of_form = [(problem.field, problem.text) for problem in schemas.check(whole, schema)]
    of_policy = [(violation.field, _words(violation)) for violation in violations(environment, _PERMISSIVE)]
    return sorted(_in_config(field, text, config, base) for field, text in of_form or of_policy)


def of_config(environment: Environment, config: Document, options: PolicyOptions, engine: str) -> list[Problem]:
    """Return what a controller with these options would reject, at its place in the config file."""
    found = violations(environment, options, engine=engine)
    return sorted(_in_config(violation.field, _words(violation), config, None) for violation in found)


def of_manifest(environment: Environment, document: Document, options: PolicyOptions, engine: str) -> Iterator[Problem]:
    """Yield what a controller with these options would reject, at its place in the environment's own file."""
    for violation in violations(environment, options, engine=engine):
        yield at_field(document, violation.field, _words(violation))


def for_publishing(environment: Environment, document: Document) -> list[Problem]:
    """Return what every controller would reject in a file that fits the schema. CEL rules reject some of it too."""
    return list(of_manifest(environment, document, _PERMISSIVE, engine=""))


def at_field(document: Document, field: str, text: str) -> Problem:
    """Return a problem with a field. Its line and column are those of the innermost value that contains the field."""
    closest: tuple[str | int, ...] = ()
    for path in document.places:
        if len(path) > len(closest) and f"{_flat(field)}.".startswith(f"{_flat(show(path))}."):
            closest = path
    return Problem(document.file, *document.places.get(closest, (0, 0)), field, text)


def _flat(field: str) -> str:
    # The key of a mapping may be written as `a.b` or as `a[b]`.
    return field.replace("[", ".").replace("]", "")


def _in_config(field: str, text: str, config: Document, base: Document | None) -> Problem:
    for flagged, flag in _FLAGS.items():
        if field == flagged:
            return Problem("", 0, 0, flag, text)
    for key, translated in FIELDS.items():
        if field == translated or field.startswith((f"{translated}.", f"{translated}[")):
            document = base if base is not None and key in POLICY_KEYS else config
            return at_field(document, f"{ROOT}.{key}{field.removeprefix(translated)}", _translate(text))
    return Problem(config.file, 0, 0, field, text)


def _words(violation: Violation) -> str:
    return f"'{violation.value}' is refused ({violation.reason}); {violation.remedy}"


def _translate(text: str) -> str:
    for key, field in FIELDS.items():
        text = text.replace(field, f"{ROOT}.{key}")
    return text
