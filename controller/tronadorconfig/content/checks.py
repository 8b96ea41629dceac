"""Finds the problems of a TronadorConfig that can be found without a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from controller.api.engines import ENGINES
from controller.apimachinery import names, nesting
from controller.tronadorconfig.content import repositories, secret_data
from controller.tronadorconfig.content.model import ConfigContent, Copy, Manifest, Problem

INVALID: Final = "InvalidManifest"
CLUSTER_SCOPED: Final = "ClusterScopedKind"
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


def problems(config: ConfigContent) -> tuple[Problem, ...]:
    """Return all problems, in the order of the fields."""
    objects = (*config.manifests, *config.secrets)
    return (
        *config.misfits,
        *(problem for manifest in objects for problem in config.faults.get(manifest.field, ())),
        *duplicates(objects, config.copies),
        *_of_mappings(config),
        *_of_copies(config.copies),
    )


def of_manifest(manifest: Manifest) -> tuple[Problem, ...]:
    """Return all problems of one object."""
    return tuple(_of_manifest(manifest))


def duplicates(manifests: Iterable[Manifest], copies: Iterable[Copy]) -> Iterator[Problem]:
    """Yield a problem for each object that an earlier one already defines."""
    keyed = [(manifest.key, manifest.field) for manifest in manifests if manifest.name]
    keyed += [((*SECRET_KIND, copy.name), copy.field) for copy in copies if copy.name]
    seen: dict[tuple[str, str, str], str] = {}
    for key, field in keyed:
        if (first := seen.setdefault(key, field)) != field:
            _, kind, name = key
            yield Problem(DUPLICATE, field, f"{kind} {name!r} is already defined at {first}; remove one of the two")


def cluster_scoped(manifest: Manifest) -> Problem:
    """Return the problem of a manifest with a cluster-scoped kind."""
    message = f"a {manifest.kind} is cluster-scoped, and environments get namespaced objects only; remove it"
    return Problem(CLUSTER_SCOPED, manifest.field, message)


def _of_manifest(manifest: Manifest) -> Iterator[Problem]:
    field = manifest.field
    if not _API_VERSION.fullmatch(manifest.api_version):
        yield Problem(INVALID, f"{field}.apiVersion", "set the version of the object's kind, for example v1 or apps/v1")
    if not _KIND.fullmatch(manifest.kind):
        yield Problem(INVALID, f"{field}.kind", "set the object's kind, for example ConfigMap")
    yield from _of_metadata(manifest)
    if not _NAME.fullmatch(manifest.name):
        yield Problem(INVALID, f"{field}.metadata.name", "set the object's name; generateName is not supported")
    kind = (manifest.group, manifest.kind)
    if kind in _CLUSTER_SCOPED:
        yield cluster_scoped(manifest)
    if kind in _OF_ENGINES:
        message = f"the only {manifest.kind} of an environment is created from its spec; remove this one"
        yield Problem(NOT_SUPPORTED, field, message)
    for fault in nesting.faults(manifest.body):
        yield Problem(INVALID, nesting.shown(field, fault.path), f"is {fault.words}; {fault.remedy}")
    if kind == SECRET_KIND:
        yield from secret_data.problems(manifest)


def _of_metadata(manifest: Manifest) -> Iterator[Problem]:
    metadata = manifest.body.get("metadata")
    for part in ("labels", "annotations"):
        given = metadata.get(part) if isinstance(metadata, Mapping) else None
        if given is not None and not (
            isinstance(given, Mapping) and all(isinstance(text, str) for pair in given.items() for text in pair)
        ):
            yield Problem(INVALID, f"{manifest.field}.metadata.{part}", "use a map of strings; put numbers into quotes")


def _of_mappings(config: ConfigContent) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for mapping in config.mappings:
        yield from _of_repositories(mapping.repositories, mapping.field)
        for repository in mapping.repositories:
            if (first := seen.setdefault(repository, mapping.field)) != mapping.field:
                message = f"{repository!r} is already mapped at {first}, which takes precedence; remove one of the two"
                yield Problem(DUPLICATE, f"{mapping.field}.repos", message)
        for name, of_name in (
            ("authSecret", mapping.credentials.auth_secret),
            ("imagePullSecret", mapping.credentials.image_pull_secret),
        ):
            yield from _of_name(of_name, f"{mapping.field}.{name}")
    yield from _of_name(config.org_level.auth_secret, "spec.orgLevelSecrets.authSecret")
    yield from _of_name(config.org_level.image_pull_secret, "spec.orgLevelSecrets.imagePullSecret")


def _of_copies(copies: Iterable[Copy]) -> Iterator[Problem]:
    for copy in copies:
        if copy.name:
            yield from _of_name(copy.name, f"{copy.field}.name")
        else:
            yield Problem(BAD_NAME, f"{copy.field}.name", "set the name of the Secret to copy")
        yield from _of_repositories(copy.repositories or (), copy.field)


def _of_repositories(given: Iterable[str], field: str) -> Iterator[Problem]:
    for position, repository in enumerate(given):
        if message := repositories.problem(repository):
            yield Problem(BAD_REPOSITORY, f"{field}.repos[{position}]", message)


def _of_name(name: str, field: str) -> Iterator[Problem]:
    if name and not names.is_dns_subdomain(name):
        yield Problem(BAD_NAME, field, f"{name[:253]!r} is not a valid name of a Secret")
