"""The options with which a platform team restricts the authors of environments."""

from __future__ import annotations

from dataclasses import dataclass

from controller.policy.pins import Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """The options of the policy. Globs match the whole text and are case-sensitive; `*` also matches slashes and dots.

    Attributes:
        protected_namespaces: globs of names that an environment may not have.
        allowed_reference_namespaces: globs of namespaces, besides the environment's own, whose Secrets and ConfigMaps a
            release may refer to. Authors of environments can then read the content of these objects.
        allow_external_values: whether a release may take values from a URL, which the engine fetches.
        denied_namespace_labels: globs of keys that an environment may not set on its namespace.
        pinned_namespace_labels: label keys that only some repositories may set, with the allowed values.
        allowed_git_repositories: globs of `host/org/repository` from which charts may come.
        credential_git_prefixes: prefixes (`host/org`) of repositories that may get credentials which are mapped to a
        bare
            name, or are for all repositories.
        allow_forks_on_helm_operator: whether the Helm Operator, which runs with all permissions, may install charts
        from
            forks.
    """

    protected_namespaces: tuple[str, ...] = ("default", "kube-*", "openshift", "openshift-*")
    allowed_reference_namespaces: tuple[str, ...] = ()
    allow_external_values: bool = False
    denied_namespace_labels: tuple[str, ...] = (
        "kubernetes.io/metadata.name",
        "pod-security.kubernetes.io/*",
        "openshift.io/*",
        "*.openshift.io/*",
    )
    pinned_namespace_labels: tuple[Pin, ...] = ()
    allowed_git_repositories: tuple[str, ...] = ("*",)
    credential_git_prefixes: tuple[str, ...] = ()
    allow_forks_on_helm_operator: bool = False
