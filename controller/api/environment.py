"""EnvironmentProvisioner (`tronador.stakater.com/v1alpha1`): its constants, and a typed view to read it through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from controller.api import problems
from controller.api.problems import Problem
from controller.apimachinery import conditions, giturls, names, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.apimachinery.timestamps import from_time

GROUP = "tronador.stakater.com"
ENVIRONMENTS = Resource(GROUP, "v1alpha1", "environmentprovisioners", "EnvironmentProvisioner", namespaced=False)

FINALIZER = f"{GROUP}/teardown"
# The Lease with which the replicas of an installation elect their leader, in the controller's namespace.
LEASE_NAME = "tronador-controller"
# On an environment, set by the platform team: the set of replicas that it belongs to (`--watch-label-selector`).
SHARD_LABEL = f"{GROUP}/shard"
# The name under which the API server records our writes in `metadata.managedFields`.
FIELD_MANAGER = "tronador"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = GROUP
INSTANCE_LABEL = "app.kubernetes.io/instance"
# The name of the environment that an object belongs to. An object without this label is not ours.
ENVIRONMENT_LABEL = f"{GROUP}/environment"
# The UID of the environment that made an object. A later environment of the same name takes the object over.
UID_ANNOTATION = f"{GROUP}/environment-uid"
# On a namespace, set by its owner: the environment that may adopt it.
ADOPT_ANNOTATION = f"{GROUP}/adopt"
# On a namespace, set by us: the namespace was adopted, so it is kept when its environment is deleted.
ADOPTED_ANNOTATION = f"{GROUP}/adopted"
# On a namespace, set by us in the same patch as the labels: the labels that we applied, as JSON {name: value}.
APPLIED_LABELS_ANNOTATION = f"{GROUP}/applied-labels"
# On a namespace, set by us in the same patch: the namespace of the installation that it belongs to.
INSTALLATION_ANNOTATION = f"{GROUP}/installation"
# On a namespace, set by us before anything is applied in it: what is applied, as JSON (`resources/memory.py`).
APPLIED_RESOURCES_ANNOTATION = f"{GROUP}/applied-resources"
# On each object that we applied there: a hash of it.
APPLIED_HASH_ANNOTATION = f"{GROUP}/applied-hash"
# On an environment, set by the pipeline: "true" if its code comes from a fork of the repository.
FORK_ANNOTATION = f"{GROUP}/fork"
# On an environment, set by the pipeline: its repository and the number of its pull request.
REPOSITORY_ANNOTATION = f"{GROUP}/repository"
PULL_REQUEST_ANNOTATION = f"{GROUP}/pull-request"
# On a namespace, set by us: the same two, as values of labels.
REPOSITORY_LABEL = REPOSITORY_ANNOTATION
PULL_REQUEST_LABEL = PULL_REQUEST_ANNOTATION
# The repository's number at its provider. It stays the same if the repository is renamed or moved to another owner.
REPOSITORY_ID_ANNOTATION = f"{GROUP}/repository-id"

# On an environment, set by the pipeline, about the commit that is deployed: its full SHA, its branch, and the author
# (user name) and the URL of its pull request. An author chooses the name of a branch: it is text, and never a command.
COMMIT_ANNOTATION = f"{GROUP}/commit"
BRANCH_ANNOTATION = f"{GROUP}/branch"
AUTHOR_ANNOTATION = f"{GROUP}/author"
PULL_REQUEST_URL_ANNOTATION = f"{GROUP}/pull-request-url"
# On an environment, set by the pipeline: the URL under which the application can be seen.
PREVIEW_URL_ANNOTATION = f"{GROUP}/preview-url"
# On an object of a chart that leads to a URL, set by its author: the scheme of the URL (http or https); "true" on the
# one whose URL comes first; and "true" on a Service of type LoadBalancer that is to be shown at all.
URL_SCHEME_ANNOTATION = f"{GROUP}/url-scheme"
PRIMARY_URL_ANNOTATION = f"{GROUP}/primary-url"
EXPOSE_ANNOTATION = f"{GROUP}/expose"
# On an environment, set by the reporter: hashes of what the pull request shows.
REPORTED_ANNOTATION = f"{GROUP}/reported"

# On an environment, set by anybody to request a reconcile now. As with Flux, every new value is a request.
RECONCILE_AT_ANNOTATION = f"{GROUP}/reconcile-at"
# On an environment, set by anybody: "true" to keep it from expiring, or a time (RFC 3339) to keep it until then.
KEEP_ANNOTATION = f"{GROUP}/keep"
# On an environment, set by anybody: a new value counts as activity, which puts off its expiry.
ACTIVE_AT_ANNOTATION = f"{GROUP}/active-at"
# On an environment, set by anybody: it expires at this time (RFC 3339), unless there is activity after that time.
EXPIRE_AT_ANNOTATION = f"{GROUP}/expire-at"
# The condition while an environment has ended because its lifetime is over.
EXPIRED_CONDITION = "Expired"
# The values of `status.applicationStatus` with which no environment has that condition.
_LIVING = frozenset({"pending", "queued", "deploying", "deployed", "failed"})
# The limit of the CRD for status.lastHandledReconcileAt and status.lastHandledActiveAt.
_REQUEST_LIMIT = 256
# The most characters in one of the pipeline's annotations. A URL is the longest of them.
_ANNOTATION_LIMIT = 4096
_URL_FIELDS = ("url", "kind", "name")
# The most URLs in the status.
URLS_LIMIT = 10


@dataclass(frozen=True, slots=True)
class PreviewURL:
    """A URL in the status, and the kind and the name of the object that leads to it."""

    url: str
    kind: str
    name: str


# It has no slots, because what is read many times in one reconcile is cached.
@dataclass(frozen=True)
class Environment:
    """A read view of one EnvironmentProvisioner. `None` counts as absent everywhere, because pipelines write nulls.

    A value of the wrong type counts as absent too: the policy refuses it, and it must not block a teardown.
    """

    obj: Object

    @cached_property
    def name(self) -> str:
        return objects.name(self.obj)

    @property
    def uid(self) -> str:
        return objects.uid(self.obj)

    @cached_property
    def generation(self) -> int:
        return objects.generation(self.obj)

    @cached_property
    def is_deleting(self) -> bool:
        return objects.is_deleting(self.obj)

    @property
    def has_finalizer(self) -> bool:
        return FINALIZER in objects.finalizers(self.obj)

    @property
    def is_let_go(self) -> bool:
        """Whether our part of the teardown is complete, and only finalizers of others keep the environment."""
        return self.is_deleting and not self.has_finalizer

    @cached_property
    def namespace_name(self) -> str:
        """The name of the environment's namespace, which is that of the environment."""
        return self.name

    @property
    def is_of_fork(self) -> bool:
        """Whether the pipeline marked it as code from a fork. An invalid value of the mark counts as true."""
        return objects.annotations(self.obj).get(FORK_ANNOTATION, "") not in ("", "false")

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        return objects.mapping(self.obj.get("spec"))

    @cached_property
    def suspended(self) -> bool:
        return self.spec.get("suspend") is True

    @cached_property
    def namespace_labels(self) -> Mapping[str, str]:
        labels = objects.mapping(self.spec.get("namespaceLabels"))
        return {name: value for name, value in labels.items() if value is not None}

    @cached_property
    def release(self) -> Mapping[str, Any]:
        """`spec.application.release`."""
        return objects.mapping(objects.mapping(self.spec.get("application")).get("release"))

    @cached_property
    def chart(self) -> Mapping[str, Any]:
        """`chart` of the release."""
        return objects.mapping(self.release.get("chart"))

    @cached_property
    def release_name(self) -> str:
        """`releaseName`, or the environment's name shortened to Helm's limit."""
        return str(self.release.get("releaseName") or names.shorten(self.name, limit=names.RELEASE_NAME_LIMIT))

    @cached_property
    def status(self) -> Mapping[str, Any]:
        return objects.mapping(self.obj.get("status"))

    @cached_property
    def recorded_release(self) -> str:
        """The name of the release that we created last, as recorded in the status, or ""."""
        return objects.text(objects.mapping(self.status.get("release")).get("name"))

    @cached_property
    def recorded_engine(self) -> str:
        """The name of the engine of that release, or ""."""
        return objects.text(objects.mapping(self.status.get("release")).get("engine"))

    @cached_property
    def reconcile_at(self) -> str:
        """The latest request for a reconcile, or "". A new value is a new request; it has no other meaning."""
        return objects.text(objects.annotations(self.obj).get(RECONCILE_AT_ANNOTATION))[:_REQUEST_LIMIT]

    @property
    def handled_reconcile_at(self) -> str:
        """The last request that was handled, as recorded in the status, or ""."""
        return objects.text(self.status.get("lastHandledReconcileAt"))

    @property
    def requested_at(self) -> str:
        """The request that has not been handled yet, or ""."""
        return self.reconcile_at if self.reconcile_at != self.handled_reconcile_at else ""

    @cached_property
    def expire_after(self) -> str:
        """`spec.lifecycle.expireAfter`, or "". It may be of any form; the policy refuses bad ones."""
        lifecycle = self.spec.get("lifecycle")
        return objects.text(lifecycle.get("expireAfter")) if isinstance(lifecycle, Mapping) else ""

    @cached_property
    def keep(self) -> str:
        """The annotation `keep`, or "". It may be of any form; the policy refuses bad ones."""
        return objects.text(objects.annotations(self.obj).get(KEEP_ANNOTATION))

    @property
    def expire_at(self) -> str:
        """The annotation `expire-at`, or "". It may be of any form; the policy refuses bad ones."""
        return objects.text(objects.annotations(self.obj).get(EXPIRE_AT_ANNOTATION))

    @property
    def active_at(self) -> str:
        """The latest sign that somebody uses the environment, or "". A new value is a new sign."""
        return objects.text(objects.annotations(self.obj).get(ACTIVE_AT_ANNOTATION))[:_REQUEST_LIMIT]

    @property
    def handled_active_at(self) -> str:
        """The last such sign that was seen, as recorded in the status, or ""."""
        return objects.text(self.status.get("lastHandledActiveAt"))

    @property
    def last_activity(self) -> datetime | None:
        """When somebody used the environment last, as recorded in the status."""
        return from_time(self.status.get("lastActivityTime"))

    @property
    def expires_at(self) -> datetime | None:
        """When the environment ends, as recorded in the status."""
        return from_time(self.status.get("expiresAt"))

    @cached_property
    def has_expired(self) -> bool:
        """Whether the status records that its lifetime is over, so that it was or is being taken down.

        An environment that is deleted does not expire any more.
        """
        if self.status.get("applicationStatus") in _LIVING or self.is_deleting:
            return False
        found = conditions.find(self.conditions, EXPIRED_CONDITION)
        return found is not None and found.get("status") == conditions.TRUE

    @cached_property
    def preview_url(self) -> str:
        """The URL that the pipeline has set, or "". It may be of any form and length; the policy refuses bad ones."""
        return objects.text(objects.annotations(self.obj).get(PREVIEW_URL_ANNOTATION))

    @property
    def repository(self) -> str:
        """The repository of the pull request, or else of the chart, as `host/org/repository`; "" if it is invalid."""
        chart = objects.mapping(self.release.get("chart"))
        texts = (self._annotation(REPOSITORY_ANNOTATION), objects.text(chart.get("git")))
        return next((found.location for found in map(giturls.find, texts) if found), "")

    @property
    def pull_request(self) -> str:
        """The number of the pull request, or "" if the pipeline did not set it."""
        return self._annotation(PULL_REQUEST_ANNOTATION)

    @property
    def commit(self) -> str:
        """The full SHA of the commit that is deployed, or "" if the pipeline did not set it."""
        return self._annotation(COMMIT_ANNOTATION)

    @property
    def branch(self) -> str:
        """The branch of that commit, or ""."""
        return self._annotation(BRANCH_ANNOTATION)

    @property
    def author(self) -> str:
        """The user name of the author of the pull request, or ""."""
        return self._annotation(AUTHOR_ANNOTATION)

    @property
    def url(self) -> str:
        """The URL of the application, as recorded in the status, or ""."""
        return objects.text(self.status.get("url"))

    @property
    def urls(self) -> tuple[PreviewURL, ...]:
        """All URLs of the application, as recorded in the status. The first one is `url`."""
        entries = objects.mappings(self.status.get("urls"))
        return tuple([PreviewURL(*[objects.text(entry.get(field)) for field in _URL_FIELDS]) for entry in entries])

    def _annotation(self, name: str) -> str:
        value = objects.text(objects.annotations(self.obj).get(name))
        return value if len(value) <= _ANNOTATION_LIMIT else ""

    @cached_property
    def conditions(self) -> tuple[Mapping[str, Any], ...]:
        return objects.mappings(self.status.get("conditions"))

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Why the environment does not run, the most useful first; empty if it runs, or if nothing was found."""
        return problems.of_status(self.status)
