"""The annotations, labels and finalizers that the controller, its users and other programs exchange."""

from __future__ import annotations

from typing import Final

from controller.api import environment as ours
from controller.api.rbac import AGGREGATE_LABEL
from hack.reference.markdown import code, table

RELEASES: Final = "tronador.stakater.com/aggregate-to-release"

# Name, whether it is an annotation, a label or a finalizer, on which objects, who sets it, and what it means.
MARKS: Final = (
    (ours.FINALIZER, "finalizer", "EP", "the controller", "Holds a deleted environment until its teardown is over."),
    (
        ours.SHARD_LABEL,
        "label",
        "EP",
        "the platform team",
        "The shard that manages the environment ([operations.md](operations.md#scale-out)).",
    ),
    (
        ours.FORK_ANNOTATION,
        "annotation",
        "EP",
        "`tronador render`",
        "`true`: the code comes from a fork. The controller refuses it on the Helm Operator.",
    ),
    (
        ours.REPOSITORY_ANNOTATION,
        "annotation",
        "EP",
        "`tronador render`",
        "URL of the repository of the pull request.",
    ),
    (
        ours.REPOSITORY_ID_ANNOTATION,
        "annotation",
        "EP",
        "`tronador render`",
        "The repository's number at its provider. It stays the same when the repository is renamed or moved.",
    ),
    (
        ours.RECONCILE_AT_ANNOTATION,
        "annotation",
        "EP",
        "you, or `tronador reconcile`",
        "A new value makes the controller reconcile the environment now. `status.lastHandledReconcileAt` records it.",
    ),
    (
        ours.KEEP_ANNOTATION,
        "annotation",
        "EP",
        "you, or `tronador keep`",
        "`true`: the environment does not expire. A time (RFC 3339): it does not expire before.",
    ),
    (
        ours.EXPIRE_AT_ANNOTATION,
        "annotation",
        "EP",
        "you, or `tronador expire`",
        "A time (RFC 3339) at which the environment expires, unless there is activity after it.",
    ),
    (
        ours.ACTIVE_AT_ANNOTATION,
        "annotation",
        "EP",
        "you",
        "A new value counts as activity, like a push: the time until the environment expires begins again.",
    ),
    (
        ours.REPORTED_ANNOTATION,
        "annotation",
        "EP",
        "`tronador report`",
        "Hashes of what the pull request shows, and the generation in which the comment was last written.",
    ),
    (ours.PULL_REQUEST_ANNOTATION, "annotation", "EP", "`tronador render`", "Number of the pull request."),
    (ours.PULL_REQUEST_URL_ANNOTATION, "annotation", "EP", "`tronador render`", "URL of the pull request."),
    (ours.COMMIT_ANNOTATION, "annotation", "EP", "`tronador render`", "Full SHA of the commit that is deployed."),
    (ours.BRANCH_ANNOTATION, "annotation", "EP", "`tronador render`", "Branch of the pull request."),
    (ours.AUTHOR_ANNOTATION, "annotation", "EP", "`tronador render`", "User name of the pull request's author."),
    (
        ours.PREVIEW_URL_ANNOTATION,
        "annotation",
        "EP",
        "`tronador render`",
        "URL of the application, from `preview_url` in the config file ([preview-url.md](preview-url.md)).",
    ),
    (
        ours.URL_SCHEME_ANNOTATION,
        "annotation",
        "HTTPRoute, Service",
        "the chart",
        "Scheme of the object's URL: `http` or `https`.",
    ),
    (
        ours.PRIMARY_URL_ANNOTATION,
        "annotation",
        "HTTPRoute, Ingress, Route, Service",
        "the chart",
        "`true`: the object's URL comes first.",
    ),
    (
        ours.EXPOSE_ANNOTATION,
        "annotation",
        "Service",
        "the chart",
        "`true`: the address of this Service of type LoadBalancer is a URL of the application.",
    ),
    (
        ours.ENVIRONMENT_LABEL,
        "label",
        "Namespace, and every object in it that the controller creates",
        "the controller",
        "Name of the environment that the object belongs to. Never set it yourself: the controller may delete such a"
        " namespace.",
    ),
    (
        ours.REPOSITORY_LABEL,
        "label",
        "Namespace",
        "the controller",
        "Repository of the pull request, such as `github.com_org_shop`. A value that does not fit ends in a hash.",
    ),
    (ours.PULL_REQUEST_LABEL, "label", "Namespace", "the controller", "Number of the pull request."),
    (
        ours.MANAGED_BY_LABEL,
        "label",
        "Namespace, HelmRelease, GitRepository",
        "the controller",
        f"Always `{ours.MANAGED_BY}`.",
    ),
    (ours.INSTANCE_LABEL, "label", "HelmRelease, GitRepository", "the controller", "Name of the release."),
    (
        ours.UID_ANNOTATION,
        "annotation",
        "Namespace, and every object in it that the controller creates",
        "the controller",
        "UID of the EP. A new EP of the same name takes the objects over.",
    ),
    (
        ours.ADOPT_ANNOTATION,
        "annotation",
        "Namespace",
        "the owner of the namespace",
        "Name of the environment that may use this existing namespace.",
    ),
    (
        ours.ADOPTED_ANNOTATION,
        "annotation",
        "Namespace",
        "the controller",
        "The namespace existed before. The teardown does not delete it.",
    ),
    (
        ours.APPLIED_LABELS_ANNOTATION,
        "annotation",
        "Namespace",
        "the controller",
        "The labels that the controller applied, as JSON. Only these are ever removed.",
    ),
    (
        ours.APPLIED_RESOURCES_ANNOTATION,
        "annotation",
        "Namespace",
        "the controller",
        "The shared resources that the controller applied, as JSON. Only these are ever removed.",
    ),
    (
        ours.APPLIED_HASH_ANNOTATION,
        "annotation",
        "Shared resources",
        "the controller",
        "Hash of what was applied. A difference means that the object has to be applied again.",
    ),
    (
        ours.INSTALLATION_ANNOTATION,
        "annotation",
        "Namespace",
        "the controller",
        "Namespace of the installation that the environment belongs to.",
    ),
    (
        AGGREGATE_LABEL,
        "label",
        "ClusterRole",
        "the platform team",
        "`true`: the controller gets these rights inside every environment.",
    ),
    (
        RELEASES,
        "label",
        "ClusterRole",
        "the platform team",
        "`true`: charts that Flux installs get these rights inside their environment.",
    ),
)


def of_controller() -> str:
    """Return the table of all annotations, labels and finalizers."""
    rows = ((code(name), *rest) for name, *rest in MARKS)
    return table(("name", "what", "on", "set by", "meaning"), rows)
