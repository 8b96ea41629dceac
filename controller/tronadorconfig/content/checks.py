"""Finds the problems of a TronadorConfig that can be found without a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from controller.api.engines import ENGINES
from controller.apimachinery import names, nesting
from controller.apimachinery.findings import Finding, Path, shown
from controller.tronadorconfig.content import repositories, secret_data
from controller.tronadorconfig.content.model import ConfigContent, Copy, Manifest, SecretNames

INVALID: Final = "InvalidManifest"
CLUSTER_SCOPED: Final = "ClusterScopedKind"
UNKNOWN_KIND: Final = "UnknownKind"
DUPLICATE: Final = "Duplicate"
NOT_SUPPORTED: Final = "KindNotSupported"
BAD_REPOSITORY: Final = "InvalidRepository"
BAD_NAME: Final = "InvalidName"
SECRET_KIND: Final = ("", "Secret")

_API_VERSION: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
# The API server accepts any text that can be part of a path as a name. Single kinds have stricter rules.
_NAME: Final = re.compile(r"(?!\.{1,2}$)[^/%\s]{1,253}")
# Kubernetes' own cluster-scoped kinds. For all other kinds, discovery is used.
_CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "StorageClass"),
        ("tronador.stakater.com", "EnvironmentProvisioner"),
    }
)
# Objects of these kinds with an environment's label are its releases. An additional one would be uninstalled.
_OF_ENGINES: Final = frozenset(
    (resource.group, resource.kind) for facts in ENGINES.values() for resource in facts.resources
)


def problems(config: ConfigContent) -> tuple[Finding, ...]:
    """Return all problems, in the order of the fields."""
    objects = (*config.manifests, *config.secrets)
    return (
        *config.misfits,
        *(problem for manifest in objects for problem in config.faults.get(manifest.path, ())),
        *duplicates(objects, config.copies),
        *_of_mappings(config),
        *_of_copies(config.copies),
    )


def of_manifest(manifest: Manifest) -> tuple[Finding, ...]:
    """Return all problems of one object."""
    return tuple(_of_manifest(manifest))


def duplicates(manifests: Iterable[Manifest], copies: Iterable[Copy]) -> Iterator[Finding]:
    """Yield a finding for each object that an earlier one already defines."""
    keyed = [(manifest.key, manifest.path) for manifest in manifests if manifest.name]
    keyed += [((*SECRET_KIND, copy.name), copy.path) for copy in copies if copy.name]
    seen: dict[tuple[str, str, str], Path] = {}
    for key, path in keyed:
        if (first := seen.setdefault(key, path)) != path:
            _, kind, name = key
            message = f"{kind} {name!r} is already defined at {shown(first)}"
            yield Finding(path=path, reason=DUPLICATE, message=message, remedy="remove one of the two")


def cluster_scoped(kind: str, path: Path = ()) -> Finding:
    """Return the finding about an object of a cluster-scoped kind."""
    message = f"a {kind} is cluster-scoped, and environments get namespaced objects only"
    return Finding(path=path, reason=CLUSTER_SCOPED, message=message, remedy="remove it")


def unknown_kind(kind: str, api_version: str, path: Path = ()) -> Finding:
    """Return the finding about an object of a kind that the cluster does not serve."""
    message = f"the cluster does not serve {kind} of {api_version}"
    remedy = "install its CRD, and this continues by itself"
    return Finding(path=path, reason=UNKNOWN_KIND, message=message, remedy=remedy)


def _of_manifest(manifest: Manifest) -> Iterator[Finding]:
    path = manifest.path
    if not _API_VERSION.fullmatch(manifest.api_version):
        message = "set the version of the object's kind, for example v1 or apps/v1"
        yield Finding(path=(*path, "apiVersion"), reason=INVALID, message=message)
    if not _KIND.fullmatch(manifest.kind):
        message = "set the object's kind, for example ConfigMap"
        yield Finding(path=(*path, "kind"), reason=INVALID, message=message)
    yield from _of_metadata(manifest)
    if not _NAME.fullmatch(manifest.name):
        message = "set the object's name; generateName is not supported"
        yield Finding(path=(*path, "metadata", "name"), reason=INVALID, message=message)
    kind = (manifest.group, manifest.kind)
    if kind in _CLUSTER_SCOPED:
        yield cluster_scoped(manifest.kind, path)
    if kind in _OF_ENGINES:
        message = f"the only {manifest.kind} of an environment is created from its spec"
        yield Finding(path=path, reason=NOT_SUPPORTED, message=message, remedy="remove this one")
    for fault in nesting.faults(manifest.body):
        yield replace(fault, path=manifest.place(fault.path), reason=INVALID, message=f"is {fault.message}")
    if kind == SECRET_KIND:
        yield from secret_data.problems(manifest)


def _of_metadata(manifest: Manifest) -> Iterator[Finding]:
    metadata = manifest.body.get("metadata")
    for part in ("labels", "annotations"):
        given = metadata.get(part) if isinstance(metadata, Mapping) else None
        if given is not None and not (
            isinstance(given, Mapping) and all(isinstance(text, str) for pair in given.items() for text in pair)
        ):
            message = "use a map of strings; put numbers into quotes"
            yield Finding(path=(*manifest.path, "metadata", part), reason=INVALID, message=message)


def _of_mappings(config: ConfigContent) -> Iterator[Finding]:
    seen: dict[str, Path] = {}
    for mapping in config.mappings:
        yield from _of_repositories(mapping.repositories, mapping.path)
        for repository in mapping.repositories:
            if (first := seen.setdefault(repository, mapping.path)) != mapping.path:
                message = f"{repository!r} is already mapped at {shown(first)}, which takes precedence"
                yield Finding(
                    path=(*mapping.path, "repos"), reason=DUPLICATE, message=message, remedy="remove one of the two"
                )
        yield from _of_credentials(mapping.credentials, mapping.path)
    yield from _of_credentials(config.org_level, ("spec", "orgLevelSecrets"))


def _of_credentials(credentials: SecretNames, path: Path) -> Iterator[Finding]:
    yield from _of_name(credentials.auth_secret, (*path, "authSecret"))
    yield from _of_name(credentials.image_pull_secret, (*path, "imagePullSecret"))


def _of_copies(copies: Iterable[Copy]) -> Iterator[Finding]:
    for copy in copies:
        if copy.name:
            yield from _of_name(copy.name, (*copy.path, "name"))
        else:
            message = "set the name of the Secret to copy"
            yield Finding(path=(*copy.path, "name"), reason=BAD_NAME, message=message)
        yield from _of_repositories(copy.repositories or (), copy.path)


def _of_repositories(given: Iterable[str], path: Path) -> Iterator[Finding]:
    for position, repository in enumerate(given):
        if message := repositories.problem(repository):
            yield Finding(path=(*path, "repos", position), reason=BAD_REPOSITORY, message=message)


def _of_name(name: str, path: Path) -> Iterator[Finding]:
    if name and not names.is_dns_subdomain(name):
        yield Finding(path=path, reason=BAD_NAME, message=f"{name[:253]!r} is not a valid name of a Secret")
