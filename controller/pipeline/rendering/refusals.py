"""Reports policy violations of an environment at the place in the file where its author can correct them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery.findings import Finding, Path, shown
from controller.pipeline import schemas
from controller.pipeline.errors import Problem
from controller.pipeline.rendering.configschema import FIELDS, POLICY_KEYS, RELEASE, ROOT
from controller.pipeline.yamlfiles import Document
from controller.policy import PolicyOptions, violations

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
_FLAGS: Final[Mapping[Path, str]] = {
    ("metadata", "name"): "--name-template",
    (*RELEASE, "chart", "git"): "--git-url",
    (*RELEASE, "chart", "ref"): "--git-ref",
    (*RELEASE, "releaseName"): "--git-ref",
}


def for_rendering(environment: Environment, config: Document, base: Document | None) -> list[Problem]:
    """Return what every controller would reject, at its place in the config file, or with its flag."""
    whole = Document("", environment.obj, {}, {})
    of_form = [problem.finding for problem in schemas.check(whole, schemas.schema_of(ENVIRONMENTS.kind))]
    of_policy = [_refused(finding) for finding in violations(environment, _PERMISSIVE)]
    return sorted(_in_config(finding, config, base) for finding in of_form or of_policy)


def of_config(environment: Environment, config: Document, options: PolicyOptions, engine: str) -> list[Problem]:
    """Return what a controller with these options would reject, at its place in the config file."""
    found = violations(environment, options, engine=engine)
    return sorted(_in_config(_refused(finding), config, None) for finding in found)


def of_manifest(environment: Environment, document: Document, options: PolicyOptions, engine: str) -> Iterator[Problem]:
    """Yield what a controller with these options would reject, at its place in the environment's own file."""
    for finding in violations(environment, options, engine=engine):
        yield document.problem(_refused(finding))


def for_publishing(environment: Environment, document: Document) -> list[Problem]:
    """Return what every controller would reject in a file that fits the schema. CEL rules reject some of it too."""
    return list(of_manifest(environment, document, _PERMISSIVE, engine=""))


def _in_config(finding: Finding, config: Document, base: Document | None) -> Problem:
    if flag := _FLAGS.get(finding.path):
        return Problem("", 0, 0, replace(finding, path=(flag,)))
    for key, path in FIELDS.items():
        if finding.path[: len(path)] == path:
            document = base if base is not None and key in POLICY_KEYS else config
            return document.problem(
                replace(
                    finding,
                    path=(ROOT, key, *finding.path[len(path) :]),
                    message=_translated(finding.message),
                    remedy=_translated(finding.remedy),
                )
            )
    return Problem(config.file, 0, 0, finding)


def _refused(finding: Finding) -> Finding:
    return replace(finding, message=f"{finding.message} is refused ({finding.reason})")


def _translated(text: str) -> str:
    for key, path in FIELDS.items():
        text = text.replace(shown(path), f"{ROOT}.{key}")
    return text
