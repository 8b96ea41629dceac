"""What a platform team allows to the authors of environments."""

from __future__ import annotations

from dataclasses import dataclass

from controller.policy.pins import Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """Options of the policy. Globs match the whole text and distinguish case; `*` matches slashes and dots too.

    Attributes:
        protected_namespaces: globs of names that no environment may have.
        allowed_reference_namespaces: globs of namespaces, beside an environment's own, whose Secrets and ConfigMaps a
            release may refer to. Whoever writes an environment can read what is there.
        allow_external_values: whether a release may take values from a URL, which the engine then fetches.
        denied_namespace_labels: globs of keys that an environment may not set on its namespace.
        pinned_namespace_labels: keys of labels that only some repositories may set, and to which values.
        allowed_git_repositories: globs of `host/org/repository` that charts may come from.
        credential_git_prefixes: places (`host/org`) whose repositories may be given credentials that are mapped to a
            bare name, or to nobody.
        allow_forks_on_helm_operator: whether the Helm Operator, which nothing confines, may install charts of forks.
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
