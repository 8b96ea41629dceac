"""What the policy says of an environment, told at the place in the file where its author can put it right."""

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

# Whatever some cluster's platform team may allow. A pipeline does not know what the one at its end does.
_PERMISSIVE: Final = PolicyOptions(
    protected_namespaces=(),
    allowed_reference_namespaces=("*",),
    allow_external_values=True,
    denied_namespace_labels=(),
    allow_forks_on_helm_operator=True,
)
# The fields that do not come from a file, and the flags that they come from.
_FLAGS: Final = {
    "metadata.name": "--name-template",
    f"{RELEASE}.chart.git": "--git-url",
    f"{RELEASE}.chart.ref": "--git-ref",
    f"{RELEASE}.releaseName": "--git-ref",
}


def for_rendering(environment: Environment, config: Document, base: Document | None) -> list[Problem]:
    """What no controller would take, at its place in the config file that it comes from, or with its flag."""
    whole = Document("", environment.obj, {}, {})
    schema = next(item.schema for item in definitions() if item.kind == ENVIRONMENTS.kind)
    of_form = [(problem.field, problem.text) for problem in schemas.check(whole, schema)]
    of_policy = [(violation.field, _words(violation)) for violation in violations(environment, _PERMISSIVE)]
    return sorted(_in_config(field, text, config, base) for field, text in of_form or of_policy)


def of_config(environment: Environment, config: Document, options: PolicyOptions, engine: str) -> list[Problem]:
    """What a controller with these options would refuse, at its place in the config file."""
    found = violations(environment, options, engine=engine)
    return sorted(_in_config(violation.field, _words(violation), config, None) for violation in found)


def of_manifest(environment: Environment, document: Document, options: PolicyOptions, engine: str) -> Iterator[Problem]:
    """What a controller with these options would refuse, at its place in the environment's own file."""
    for violation in violations(environment, options, engine=engine):
        yield at_field(document, violation.field, _words(violation))


def for_publishing(environment: Environment, document: Document) -> list[Problem]:
    """What no controller would take, in a file of the right form; the API server refuses some of it by rules in CEL."""
    return list(of_manifest(environment, document, _PERMISSIVE, engine=""))


def at_field(document: Document, field: str, text: str) -> Problem:
    """A problem with a field that is given as text; its place is that of the closest thing around it."""
    closest: tuple[str | int, ...] = ()
    for path in document.places:
        if len(path) > len(closest) and f"{_flat(field)}.".startswith(f"{_flat(show(path))}."):
            closest = path
    return Problem(document.file, *document.places.get(closest, (0, 0)), field, text)


def _flat(field: str) -> str:
    # The key of a mapping is written as `a.b` by some, and as `a[b]` by others.
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
