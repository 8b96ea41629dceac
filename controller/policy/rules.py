"""The table of rules: what is refused, the reason and remedy, and what would allow it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from controller.api.engines import ENGINES
from controller.api.environment import FORK_ANNOTATION, Environment
from controller.apimachinery import names
from controller.apimachinery.findings import Finding, Path, shown
from controller.policy import chart, labels, lifetimes, links, references
from controller.policy.fields import INVALID, VALUES_SOURCES, misfits, refusal
from controller.policy.options import PolicyOptions


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table.

    Attributes:
        reason: CamelCase, for the environment's conditions.
        find: yields the path and the value of everything that breaks the rule. Takes the environment, the options, and
            the name of the engine ("" if it is not known).
        remedy: what the author should do. `{engine}` stands for the title of the engine.
        allowed_by: the flag or annotation with which the platform team can allow it; "" if it cannot be allowed.
    """

    reason: str
    find: Callable[[Environment, PolicyOptions, str], Iterable[tuple[Path, Any]]]
    remedy: str
    allowed_by: str = ""


def violations(environment: Environment, options: PolicyOptions, *, engine: str = "") -> tuple[Finding, ...]:
    """Return everything that is refused about an environment, in the order of the table.

    Args:
        environment: as its author wrote it; may have any form.
        options: what the platform team allows.
        engine: the name of the engine that would install the release; "" skips the rules for a single engine.

    Raises:
        KeyError: there is no engine of that name.
    """
    found = [*_protected(environment, options), *misfits(environment)]
    if any(finding.reason == INVALID for finding in found):
        # The other rules rely on fields of the right type.
        return tuple(found)
    title = ENGINES[engine].title if engine else ""
    for rule in RULES:
        for path, value in rule.find(environment, options, engine):
            found.append(refusal(rule.reason, path, value, _remedy(rule).format(engine=title)))  # nearly always none
    return tuple(found)


def _remedy(rule: Rule) -> str:
    return f"{rule.remedy}, or have it allowed by {rule.allowed_by}" if rule.allowed_by else rule.remedy


def explained(violation: Finding) -> str:
    """Return a violation for a condition: the field, the value, and the remedy."""
    return f"{shown(violation.path)}: {violation.message}: {violation.remedy}"


def _forks(environment: Environment, options: PolicyOptions, engine: str) -> Iterator[tuple[Path, Any]]:
    is_cluster_admin = engine != "" and ENGINES[engine].is_cluster_admin
    if is_cluster_admin and environment.is_of_fork and not options.allow_forks_on_helm_operator:
        yield ("metadata", "annotations", FORK_ANNOTATION), environment.obj["metadata"]["annotations"][FORK_ANNOTATION]


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ForkNotAllowed",
        _forks,
        "{engine} runs as cluster-admin and must not install charts from forks; use Flux",
        "--allow-forks-on-helm-operator",
    ),
    Rule(
        "CredentialsInURL",
        chart.credentials_in_url,
        "remove the credentials, revoke them, and name a Secret in chart.secretRef instead",
    ),
    Rule(INVALID, chart.bad_url, "use an http, https or ssh URL or git@host:path, in plain ASCII and without '..'"),
    Rule(
        "RepositoryNotAllowed",
        chart.foreign_repository,
        "use a repository from the allowed list",
        "--allowed-git-repositories",
    ),
    Rule(INVALID, chart.bad_path, "name the chart's folder within the repository, without '..'"),
    Rule(INVALID, chart.bad_ref, "name a branch, tag or commit"),
    Rule(
        INVALID,
        chart.bad_release_name,
        "use at most 53 lower case letters, digits and dashes, with a letter or digit at both ends",
    ),
    Rule(INVALID, chart.old_helm, "only Helm 3 is supported; remove it"),
    Rule(INVALID, references.ambiguous_source, f"set exactly one of {', '.join(VALUES_SOURCES)}"),
    Rule(INVALID, references.bad_reference, "use a valid name or key of a Secret or ConfigMap"),
    Rule(
        "ReferenceNotAllowed",
        references.foreign_reference,
        "refer to the environment's own namespace",
        "--allowed-reference-namespaces",
    ),
    Rule(
        "ExternalValuesNotAllowed",
        references.external_source,
        "put the values into spec.application.release.values",
        "--allow-external-values",
    ),
    Rule(
        "ExternalValuesNotSupported",
        references.unsupported_external_source,
        "{engine} cannot read values from URLs; put them into spec.application.release.values",
    ),
    Rule(INVALID, references.bad_external_source, "use an http or https URL without credentials"),
    Rule(INVALID, references.bad_chart_file, "name a file within the chart's folder, without '..'"),
    Rule(
        INVALID, links.no_web_url, "use an https or http URL of at most 2048 ASCII characters, without a user or spaces"
    ),
    Rule(
        INVALID,
        lifetimes.bad_expire_after,
        "use never, or at most four numbers with the unit s, m, h or d, such as 36h or 7d",
    ),
    Rule(INVALID, lifetimes.bad_keep, "use true, or a time with its offset, such as 2026-01-31T12:00:00Z"),
    Rule(INVALID, lifetimes.bad_expire_at, "use a time with its offset, such as 2026-01-31T12:00:00Z"),
    Rule(INVALID, labels.bad_key, "use a valid label key: name or prefix/name"),
    Rule(INVALID, labels.bad_value, "use a valid label value: empty, or at most 63 letters, digits, '-', '_' and '.'"),
    Rule("LabelReserved", labels.our_own, "this label identifies the owner of the namespace; remove it"),
    Rule(
        "LabelNotAllowed",
        labels.denied,
        "this label is reserved for the platform team; remove it",
        "--denied-namespace-labels or --namespace-labels",
    ),
    Rule(
        "LabelValueNotAllowed",
        labels.foreign_value,
        "use a value that is allowed for this repository",
        "--pinned-namespace-labels",
    ),
)


def _protected(environment: Environment, options: PolicyOptions) -> Iterator[Finding]:
    name = environment.name
    if glob := names.matches_any(name, options.taken_namespaces):
        remedy = f"this name matches the protected pattern '{glob}' in --protected-namespaces; rename the environment"
        yield refusal("NamespaceProtected", ("metadata", "name"), name, remedy)
    elif not names.is_dns_label(name):
        yield refusal(INVALID, ("metadata", "name"), name, "use a valid name of a namespace")
