"""The URLs of an environment, in their order: what was declared, and what was found in the objects of its namespace.

Anything that a browser should not be sent to is left out, no matter who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.api.argocd import IGNORE_DEFAULT_LINKS_ANNOTATION, LINK_ANNOTATION
from controller.api.environment import (
    ENVIRONMENTS,
    PRIMARY_URL_ANNOTATION,
    URLS_LIMIT,
    Environment,
    PreviewURL,
)
from controller.apimachinery import objects, placeholders, weburls
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment.previews.kinds import READERS

# On what cert-manager creates for a few seconds to prove that a host is ours.
_SOLVER_LABEL: Final = "acme.cert-manager.io/http01-solver"
# On everything that Helm creates: the name of its release.
_HELM_RELEASE: Final = "meta.helm.sh/release-name"


@dataclass(frozen=True, slots=True, order=True)
class _Rank:
    """The place of a URL among those that were found; the smallest comes first."""

    is_not_primary: bool
    preference: int
    name: str
    position: int


def declared(environment: Environment, template: str) -> PreviewURL | None:
    """Return the URL that the pipeline has set, or else the one from the operator's template, or None."""
    url = environment.preview_url or (_filled(environment, template) if template else "")
    return PreviewURL(url, ENVIRONMENTS.kind, environment.name) if url and weburls.is_valid(url) else None


def found(namespace: Mapping[Resource, Iterable[Object]], *, release: str = "") -> tuple[PreviewURL, ...]:
    """Return the URLs that the objects of a namespace lead to.

    Args:
        namespace: the objects of each kind.
        release: only what Helm created for this release counts. "": everything counts.
    """
    candidates = sorted(_candidates(namespace, release), key=lambda candidate: candidate[0])
    return combined(url for _, url in candidates)


def combined(urls: Iterable[PreviewURL]) -> tuple[PreviewURL, ...]:
    """Return the valid ones of these URLs in their order, each once, and not more than a status may have."""
    kept: dict[str, PreviewURL] = {}
    for url in urls:
        # An object, or a namespace, can have many thousands.
        if len(kept) == URLS_LIMIT:
            break
        if weburls.is_valid(url.url):
            kept.setdefault(weburls.comparable(url.url), url)
    return tuple(kept.values())


def _candidates(namespace: Mapping[Resource, Iterable[Object]], release: str) -> Iterator[tuple[_Rank, PreviewURL]]:
    for preference, (resource, read) in enumerate(READERS.items(), start=1):
        for obj in namespace.get(resource, ()):
            if not _counts(obj, release):
                continue
            name, annotations = objects.name(obj), objects.annotations(obj)
            is_not_primary = annotations.get(PRIMARY_URL_ANNOTATION) != "true"
            # Argo CD allows a title before the URL: "Dashboard|https://...".
            link = objects.text(annotations.get(LINK_ANNOTATION)).rpartition("|")[2].strip()
            yield _Rank(is_not_primary, 0, name, 0), PreviewURL(link, resource.kind, name)
            if annotations.get(IGNORE_DEFAULT_LINKS_ANNOTATION) == "true":
                continue
            for position, url in enumerate(combined(PreviewURL(url, resource.kind, name) for url in read(obj))):
                yield _Rank(is_not_primary, preference, name, position), url


def _counts(obj: Object, release: str) -> bool:
    if objects.is_deleting(obj) or _SOLVER_LABEL in objects.labels(obj):
        return False
    return not release or objects.annotations(obj).get(_HELM_RELEASE) == release


def _filled(environment: Environment, template: str) -> str:
    known = placeholders.values(
        name=environment.name, number=environment.pull_request, release=environment.release_name
    )
    # Without the number of the pull request, for example, the URL would be that of another environment, or of none.
    return "" if any(not known[name] for name in placeholders.used(template)) else placeholders.fill(template, known)
