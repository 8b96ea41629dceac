"""Every reason that a condition can have, with its meaning and remedy: docs/reference.md is generated from this table.

A test compares it with the code. The texts are Markdown, and their links are relative to the folder docs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: what it means, and what to do. The remedy is "" where nothing needs to be done."""

    name: str
    meaning: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Reasons that belong together."""

    title: str
    about: str
    reasons: tuple[Reason, ...]


_REFUSED: Final = Group(
    "The spec is refused",
    "The condition `Stalled` is `True`. The message names the field, its value, and what would allow it.",
    (
        Reason(
            "InvalidSpec",
            "A value has the wrong form. The message names its field, the value, and what would be right.",
            "Change the EP.",
        ),
        Reason(
            "FieldNotAllowed",
            "The release has a field that is never passed to a release engine.",
            "Remove the field. The message names what to use instead.",
        ),
        Reason(
            "NamespaceProtected",
            "The name belongs to a namespace of the cluster itself.",
            "Choose another name, or change `--protected-namespaces`.",
        ),
        Reason(
            "CredentialsInURL",
            "The chart's git URL contains a user or a password.",
            "Remove it from the URL, replace the password, and use `chart.secretRef`.",
        ),
        Reason(
            "RepositoryNotAllowed",
            "Charts may not come from this repository.",
            "Use another repository, or add this one to `--allowed-git-repositories`.",
        ),
        Reason(
            "ReferenceNotAllowed",
            "The release refers to a Secret or ConfigMap in another namespace.",
            "Keep the object in the environment's own namespace, or add the other namespace to"
            " `--allowed-reference-namespaces` ([security.md](security.md#secrets-in-other-namespaces)).",
        ),
        Reason(
            "ExternalValuesNotAllowed",
            "`valuesFrom` names a URL.",
            "Use `values`, or set `--allow-external-values`.",
        ),
        Reason(
            "ExternalValuesNotSupported",
            "`valuesFrom` names a URL, and Flux does not read values from URLs.",
            "Use `values`.",
        ),
        Reason(
            "LabelReserved",
            "`namespaceLabels` has a label by which the controller recognises its namespaces.",
            "Remove the label.",
        ),
        Reason(
            "LabelNotAllowed",
            "`namespaceLabels` has a label that only the platform team may set.",
            "Remove the label, or change `--denied-namespace-labels`. To set a label on every environment, use"
            " `--namespace-labels`.",
        ),
        Reason(
            "LabelValueNotAllowed",
            "A pinned label has a value that this repository may not use.",
            "Use an allowed value, or change `--pinned-namespace-labels`.",
        ),
        Reason(
            "ForkNotAllowed",
            "The code comes from a fork, and the Helm Operator would install it with the rights of cluster-admin.",
            "Use Flux, or set `--allow-forks-on-helm-operator`.",
        ),
        Reason(
            "NamespaceNotOwned",
            "A namespace of this name exists, and the controller did not create it.",
            "Choose another name, or annotate the namespace with `tronador.stakater.com/adopt: NAME`.",
        ),
        Reason(
            "ReleaseNotOwned",
            "A HelmRelease of this name exists, and it belongs to somebody else.",
            "Choose another `releaseName`, or remove the HelmRelease.",
        ),
    ),
)

_UNDER_WAY: Final = Group(
    "All is well, or work is in progress",
    "Nothing has to be done. A suspended environment continues when it is resumed.",
    (
        Reason("ChoosingEngine", "The controller asks which release engines the cluster has."),
        Reason("CountingEnvironments", "The controller has just started, and counts the environments of the cluster."),
        Reason(
            "QuotaExceeded",
            "A limit on the number of environments is reached. The message names the limit and its option.",
            "Wait, or close other pull requests ([lifetime.md](lifetime.md#a-cap-and-a-queue)).",
        ),
        Reason("CreatingNamespace", "The controller asks whether the environment still exists."),
        Reason("CheckingAccess", "The controller looks at the rights in the namespace."),
        Reason("AwaitingRights", "A new RoleBinding is not in force yet."),
        Reason("ApplyingResources", "The controller looks at the shared resources in the namespace."),
        Reason("Progressing", "The release engine is at work. The message repeats what it reports."),
        Reason("UninstallingRelease", "The release is being uninstalled. The message says what is awaited."),
        Reason("DeletingNamespace", "The namespace is being deleted. The message says what remains in it."),
        Reason("Terminating", "The environment is being torn down."),
        Reason("Active", "The namespace is as it should be."),
        Reason("Applied", "The shared resources are as they should be."),
        Reason("Deployed", "The release engine has deployed what the spec asks for."),
        Reason(
            "Suspended",
            "The environment was suspended before its state was known.",
            "Set `spec.suspend: false` to resume it.",
        ),
    ),
)

_WAITING: Final = Group(
    "Something is missing or in the way",
    "The environment continues without further action once the cause is gone.",
    (
        Reason(
            "ReleaseEngineMissing",
            "The cluster does not serve the kinds of a release engine, or a CRD of the engine is being deleted."
            " The message names them.",
            "Install Flux or the Helm Operator with its CRDs.",
        ),
        Reason(
            "NamespaceTerminating",
            "An earlier namespace of this name is still being deleted. The message names what remains in it and which"
            " finalizers hold it.",
            "Wait. If an Event of this reason was posted, see"
            " [what holds it](troubleshooting.md#an-object-is-never-deleted).",
        ),
        Reason(
            "ReleaseTerminating",
            "An earlier HelmRelease or GitRepository of this name is still being deleted.",
            "As for `NamespaceTerminating`.",
        ),
        Reason(
            "ResourceTerminating",
            "An object that is to be applied is still being deleted.",
            "Remove the finalizer that holds it.",
        ),
        Reason(
            "ReferenceForbidden",
            "With Flux: the controller may not read a Secret or ConfigMap in another namespace.",
            "Give the controller a Role with `get` there ([security.md](security.md#secrets-in-other-namespaces)).",
        ),
        Reason(
            "ReferenceMissing",
            "With Flux: a Secret or ConfigMap in another namespace does not exist.",
            "Create it.",
        ),
        Reason(
            "WebhookSilent",
            "An admission webhook that has to agree does not answer, so the API server refuses the write.",
            "Repair the webhook.",
        ),
        Reason(
            "OtherInstallation",
            "The environment belongs to another installation of the controller.",
            "Run one installation for each cluster ([operations.md](operations.md#two-installations)).",
        ),
    ),
)

_FAILED: Final = Group(
    "A failure",
    "The message repeats what the release engine or the API server reports.",
    (
        Reason(
            "ReleaseFailed",
            "The release failed. The reason of `ReleaseReady` says in one word how.",
            "Correct the chart or its values ([helm-operator.md](helm-operator.md), [flux.md](flux.md)).",
        ),
        Reason(
            "Forbidden",
            "The API server refused a request, because a right is missing or an admission policy denies it.",
            "Grant the right that the message names, or change the policy.",
        ),
        Reason(
            "Rejected",
            "The API server refused the content of a write.",
            "Correct what the message names. It may come from an admission webhook or a quota.",
        ),
        Reason(
            "RetryingAfterError",
            "A request to the API server has failed for some seconds. The message names the request, the object and"
            " the answer.",
            "Repair what the message names. The controller keeps retrying.",
        ),
        Reason(
            "InternalError",
            "The controller itself failed, or took longer than `--reconcile-timeout`.",
            "Find the traceback in the controller's log, and report it.",
        ),
    ),
)

_TEARDOWN: Final = Group(
    "The teardown is held up",
    "See [an object is never deleted](troubleshooting.md#an-object-is-never-deleted).",
    (
        Reason(
            "TeardownBlocked",
            "The namespace is not deleted. The message names what remains in it.",
            "Remove what the message names, or ask the owner of its finalizers.",
        ),
        Reason(
            "HeldByOthers",
            "The teardown is over. Finalizers of others hold the EP itself.",
            "Ask the owners of the finalizers that the message names.",
        ),
    ),
)

_LIFETIME: Final = Group(
    "The lifetime of the environment",
    "See [lifetime.md](lifetime.md).",
    (
        Reason(
            "EndsSoon",
            "The lifetime ends at `status.expiresAt`.",
            "Push, or annotate the EP with `tronador.stakater.com/keep`, if the environment is still needed.",
        ),
        Reason(
            "EndsLater",
            "The lifetime is over, and others end first: `--expire-burst` limits how many end in ten minutes.",
            "The same, or wait.",
        ),
        Reason("WouldEnd", "The same as `EndsSoon` with `--expire-mode=report`: the environment will stay."),
        Reason("WouldHaveEnded", "The lifetime is over, and the environment stays: `--expire-mode` is `report`."),
        Reason(
            "Expired",
            "The lifetime is over, so the release and the namespace are removed.",
            "Push, or annotate the EP with `tronador.stakater.com/active-at`, to bring the environment back.",
        ),
        Reason("LifetimeOver", "The same, in the condition `Expired`."),
        Reason("Reviving", "What had expired is removed, and the environment is created again."),
    ),
)

_CONTESTED: Final = Group(
    "Others undo what the controller writes",
    "See [two programs fight over a field](troubleshooting.md#two-programs-fight-over-a-field).",
    (
        Reason(
            "FieldReverted",
            "Somebody sets the field back after each correction. The message names the field manager.",
            "Change what that program or person sets, or what the EP, the TronadorConfig or `--namespace-labels` ask"
            " for.",
        ),
        Reason(
            "FieldOverwritten",
            "The API server stores another value than the one written: a mutating webhook or policy changes it, or the"
            " CRD has a default.",
            "Exempt the object from that policy, or install a version of the release engine that fits.",
        ),
        Reason(
            "FieldDropped",
            "The API server stores the object without the field: its CRD is too old, or a webhook removes the field.",
            "Update the CRDs.",
        ),
        Reason(
            "ObjectDeleted",
            "Somebody deletes the object each time the controller creates it.",
            "Find the program in the audit log of the API server.",
        ),
        Reason(
            "ObjectRecreated",
            "Somebody creates the object again each time the controller deletes it.",
            "Find the program in the audit log of the API server.",
        ),
        Reason(
            "Contested",
            "The finalizer, the namespace or the rights of the release have to be right first, and wait for their next"
            " correction.",
            "See the condition `Contested`.",
        ),
        Reason(
            "AccountNotTaken",
            "The HelmRelease would run with another account than `--release-service-account`, and corrections do not"
            " last. It is suspended until they do.",
            "See the condition `Contested`.",
        ),
    ),
)

_SHARED: Final = Group(
    "Shared resources cannot be applied",
    "These stand in the conditions of the TronadorConfig, in `ResourcesReady` of each environment, or in both"
    " ([tronador-config.md](tronador-config.md#what-is-wrong-with-it)).",
    (
        Reason("Accepted", "Everything in the TronadorConfig can be given to environments."),
        Reason("InvalidConfig", "A field has another form than the schema asks for.", "Correct the field."),
        Reason("InvalidManifest", "A manifest has the wrong form.", "Correct the field that the message names."),
        Reason("InvalidName", "A Secret's name is missing, or cannot be one.", "Correct the name."),
        Reason("InvalidRepository", "A repository is not written as a name or as host/org/name.", "Correct it."),
        Reason(
            "InvalidSecretData",
            "`data` of a Secret is not base64, or does not decode to text where people type text.",
            "Write plain text under `stringData`.",
        ),
        Reason("ClusterScopedKind", "The kind is cluster-scoped.", "Remove the manifest."),
        Reason("UnknownKind", "The cluster does not serve the kind.", "Install its CRD."),
        Reason(
            "KindNotSupported",
            "The manifest is a HelmRelease or a GitRepository, and an environment has its own.",
            "Remove the manifest.",
        ),
        Reason("Duplicate", "Two entries describe the same object.", "Remove one of them."),
        Reason(
            "SecretMissing",
            "A Secret that is to be copied does not exist yet.",
            "Create it in the controller's namespace.",
        ),
        Reason(
            "ImmutableField",
            "A field cannot be changed, and creating the object again could lose data.",
            "Delete the object, or rename the manifest"
            " ([tronador-config.md](tronador-config.md#fields-that-cannot-be-changed)).",
        ),
        Reason(
            "TronadorConfigLost",
            "The TronadorConfig disappeared together with its namespace or its CRD.",
            "Apply it again, or apply an empty one"
            " ([tronador-config.md](tronador-config.md#when-the-tronadorconfig-is-gone)).",
        ),
        Reason(
            "ResourceNotOwned",
            "The environment's namespace already has an object of that name, and the controller did not create it.",
            "Remove the object, or rename the manifest.",
        ),
    ),
)

_OF_ENGINES: Final = Group(
    "How a release failed",
    "The reason of `ReleaseReady` while the release has failed, and the label `reason` of"
    " `tronador_release_failures_total`. Flux may add reasons of its own.",
    (
        Reason(
            "ChartFetchFailed",
            "The chart could not be fetched for longer than `--chart-grace`.",
            "Check the repository, the branch, the path and the credentials"
            " ([troubleshooting.md](troubleshooting.md#chartfetchfailed)).",
        ),
        Reason("GitOperationFailed", "Flux could not read the repository or the branch.", "As for `ChartFetchFailed`."),
        Reason(
            "AuthenticationFailed",
            "Flux could not use the Secret of the repository.",
            "Correct the Secret ([troubleshooting.md](troubleshooting.md#the-repository-secret-is-wrong)).",
        ),
        Reason(
            "ValuesError",
            "Flux could not read the values: an object of `valuesFrom` or a key in it is missing or invalid.",
            "Create what the message names, or set `optional`. Flux then tries again by itself.",
        ),
        Reason(
            "StateError",
            "Flux could not read the release in Helm's storage, mostly because its service account lost its rights.",
            "Read the message. The controller restores the account and its rights, and Flux then tries again.",
        ),
        Reason("InstallFailed", "Flux could not install the release.", "Correct the chart or its values."),
        Reason("UpgradeFailed", "Flux could not upgrade the release.", "Correct the chart or its values."),
        Reason("TestFailed", "A test of the chart failed.", "Correct the test, or set `test.ignoreFailures`."),
        Reason("RollbackFailed", "Rolling back failed, too.", "Read the message. Suspend, repair, and resume."),
        Reason("DeployFailed", "The Helm Operator could not install or upgrade.", "Correct the chart or its values."),
        Reason("Failed", "The Helm Operator reports a failed release.", "Correct the chart or its values."),
        Reason(
            "RolledBack",
            "The Helm Operator rolled back a failed upgrade. The previous version is still running.",
            "Correct the chart or its values.",
        ),
    ),
)

GROUPS: Final = (_REFUSED, _WAITING, _FAILED, _OF_ENGINES, _SHARED, _CONTESTED, _TEARDOWN, _LIFETIME, _UNDER_WAY)
