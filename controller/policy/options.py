"""The options with which a platform team restricts the authors of environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.api.options import own_namespace
from controller.apimachinery.optionkinds import GLOBS, REPOSITORIES, SWITCH
from controller.apimachinery.options import Kind, option
from controller.policy import pins
from controller.policy.pins import Pin

_PINS: Final[Kind[tuple[Pin, ...]]] = Kind(pins.parse, pins.show, "PREFIX:KEY=GLOB;...", "pinned labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """The options of the policy. Globs match the whole text and are case-sensitive; `*` also matches slashes and dots.

    Attributes:
        own_namespace: the controller's own namespace, whose name an environment may not have; "" if it is not known.
    """

    own_namespace: str = own_namespace()
    protected_namespaces: tuple[str, ...] = option(
        GLOBS,
        ("default", "kube-*", "openshift", "openshift-*"),
        "names that an environment must not have; the controller's own namespace is always one of them",
    )
    allowed_reference_namespaces: tuple[str, ...] = option(
        GLOBS,
        (),
        "namespaces, besides an environment's own, whose Secrets and ConfigMaps a release may refer to; the controller "
        "needs a Role there",
    )
    allow_external_values: bool = option(
        SWITCH, False, "let releases take values from URLs, which the Helm Operator reads"
    )
    denied_namespace_labels: tuple[str, ...] = option(
        GLOBS,
        ("kubernetes.io/metadata.name", "pod-security.kubernetes.io/*", "openshift.io/*", "*.openshift.io/*"),
        "keys of labels that an environment must not set; app.kubernetes.io/managed-by and tronador.stakater.com/* are "
        "always among them",
    )
    pinned_namespace_labels: tuple[Pin, ...] = option(
        _PINS,
        (),
        "keys of labels that only repositories below a prefix may set, and the values they may have, such as "
        "github.com/org:stakater.com/tenant=org-*,kind=pr;git.example.com:stakater.com/tenant=shop; the longest prefix "
        "decides, and * is every repository",
    )
    allowed_git_repositories: tuple[str, ...] = option(
        REPOSITORIES, ("*",), "repositories that charts may come from, such as github.com/org/*"
    )
    allow_forks_on_helm_operator: bool = option(
        SWITCH, False, "let the Helm Operator, which runs as cluster-admin, install charts of forks"
    )

    @property
    def taken_namespaces(self) -> tuple[str, ...]:
        """Globs of all names that an environment may not have."""
        return (*self.protected_namespaces, self.own_namespace) if self.own_namespace else self.protected_namespaces
