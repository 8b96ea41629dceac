"""Pods that no node takes, that lack a volume, or that may not be created."""

import pytest

from tests.unit.environment.support.pods import (
    FORBIDDEN,
    HASH,
    POD,
    RS,
    container,
    event,
    explain,
    pod,
    unscheduled,
    waiting,
)

# By name: the Pods, the Events, and the problem as one line.
CASES = {
    # Nodes
    "no room and a taint": (
        [
            pod(
                container(),
                scheduled=unscheduled(
                    "0/3 nodes are available: 1 node(s) had untolerated taint "
                    "{node-role.kubernetes.io/control-plane: }, 2 "
                    "Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for "
                    "scheduling, 2 No "
                    "preemption victims found for incoming pod."
                ),
            )
        ],
        [],
        "Unschedulable: Deployment web: No node is available: Insufficient cpu; had untolerated taint "
        "{node-role.kubernetes.io/control-plane: }.",
    ),
    "a scheduling gate": (
        [
            pod(
                container(),
                scheduled=unscheduled(
                    "Scheduling is blocked due to non-empty scheduling gates", reason="SchedulingGated"
                ),
            )
        ],
        [],
        "Unschedulable: Deployment web: The Pod waits until its scheduling gates are removed.",
    ),
    "an eviction": (
        [pod(container(), phase="Failed", reason="Evicted", message="The node was low on resource: memory. ")],
        [],
        "Unschedulable: Deployment web: Evicted: The node was low on resource: memory.",
    ),
    "a kubelet that refuses": (
        [pod(container(), phase="Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu")],
        [],
        "Unschedulable: Deployment web: OutOfcpu: Node didn't have enough resource: cpu.",
    ),
    # Volumes
    "a claim without a volume": (
        [
            pod(
                container(),
                scheduled=unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
            )
        ],
        [],
        "VolumePending: Deployment web: No node is available: pod has unbound immediate PersistentVolumeClaims.",
    ),
    "a claim that does not exist": (
        [pod(container(), scheduled=unscheduled('persistentvolumeclaim "data" not found'))],
        [],
        'VolumePending: Deployment web: Persistentvolumeclaim "data" not found.',
    ),
    "a ConfigMap that is mounted": (
        [pod(container(state=waiting("ContainerCreating")))],
        [
            event(
                POD,
                "FailedMount",
                "Unable to attach or mount volumes: unmounted volumes=[config], unattached "
                "volumes=[config kube-api-access-x2x7z]: timed out waiting for the condition",
            ),
            event(
                POD, "FailedMount", 'MountVolume.SetUp failed for volume "config" : configmap "app-config" not found'
            ),
        ],
        'VolumePending: Deployment web: A volume cannot be mounted: volume config: configmap "app-config" not found.',
    ),
    "a volume that another Pod uses": (
        [pod(container(state=waiting("ContainerCreating")))],
        [
            event(
                POD,
                "FailedAttachVolume",
                'Multi-Attach error for volume "pvc-1b4e28ba-2fa1-11d2-883f-0016d3cca427" Volume '
                f"is already used by pod(s) web-{HASH}-x2x7z",
            )
        ],
        'VolumePending: Deployment web: A volume cannot be mounted: Multi-Attach error for volume "pvc-…" Volume '
        "is already "
        "used by pod(s) web.",
    ),
    "a Secret in the environment of a container": (
        [pod(container("web", state=waiting("CreateContainerConfigError", 'secret "web-db" not found')))],
        [],
        'VolumePending: Deployment web: Container web cannot be created: secret "web-db" not found.',
    ),
    "a key in a ConfigMap": (
        [
            pod(
                container(
                    "web", state=waiting("CreateContainerConfigError", "couldn't find key URL in ConfigMap shop-74/web")
                )
            )
        ],
        [],
        "VolumePending: Deployment web: Container web cannot be created: couldn't find key URL in ConfigMap "
        "shop-74/web.",
    ),
    # What is refused
    "a container that would run as root": (
        [
            pod(
                container(
                    "web",
                    state=waiting(
                        "CreateContainerConfigError", "container has runAsNonRoot and image will run as root"
                    ),
                )
            )
        ],
        [],
        "PodSecurity: Deployment web: Container web cannot be created: container has runAsNonRoot and image will "
        "run as root.",
    ),
    "Pod Security": (
        [],
        [
            event(
                RS,
                "FailedCreate",
                FORBIDDEN + 'violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or '
                'container "web" must set securityContext.runAsNonRoot=true)',
            )
        ],
        'PodSecurity: Deployment web: Its Pods cannot be created: violates PodSecurity "restricted:latest": '
        "runAsNonRoot != "
        'true (pod or container "web" must set securityContext.runAsNonRoot=true).',
    ),
    "a policy that names the Pod": (
        [],
        [
            event(
                RS,
                "FailedCreate",
                'Error creating: admission webhook "validate.kyverno.svc-fail" denied the request: resource '
                f"Pod/shop-74/web-{HASH}-abcde was blocked",
            )
        ],
        'PodSecurity: Deployment web: Its Pods cannot be created: admission webhook "validate.kyverno.svc-fail" '
        "denied the "
        "request: resource Pod/shop-74/web was blocked.",
    ),
    "a webhook that does not answer": (
        [],
        [
            event(
                RS,
                "FailedCreate",
                'Error creating: Internal error occurred: failed calling webhook "inject.example.com": '
                'Post "https://inject.mesh.svc:443/mutate?timeout=10s": dial tcp 10.0.0.9:443: connect: connection '
                "refused",
            )
        ],
        'PodSecurity: Deployment web: Its Pods cannot be created: failed calling webhook "inject.example.com": Post '
        '"https://inject.mesh.svc:443/mutate": dial tcp IP:443: connect: connection refused.',
    ),
    "an account that does not exist": (
        [],
        [
            event(
                "Job/migrate",
                "FailedCreate",
                'Error creating: pods "migrate-abcde" is forbidden: error looking up service '
                'account shop-74/migrate: serviceaccount "migrate" not found',
            )
        ],
        "PodSecurity: Job migrate: Its Pods cannot be created: error looking up service account shop-74/migrate: "
        'serviceaccount "migrate" not found.',
    ),
    "a quota that is used up": (
        [],
        [
            event(
                RS,
                "FailedCreate",
                FORBIDDEN + "exceeded quota: preview, requested: requests.cpu=500m, used: "
                "requests.cpu=1800m, limited: requests.cpu=2",
            )
        ],
        "QuotaExceeded: Deployment web: Its Pods cannot be created: exceeded quota: preview, requested: "
        "requests.cpu=500m, "
        "limited: requests.cpu=2.",
    ),
    "a quota that asks for limits": (
        [],
        [
            event(
                "Job/migrate",
                "FailedCreate",
                'Error creating: pods "migrate-abcde" is forbidden: failed quota: preview: must '
                "specify limits.memory for: migrate",
            )
        ],
        "QuotaExceeded: Job migrate: Its Pods cannot be created: failed quota: preview: must specify limits.memory "
        "for: migrate.",
    ),
    "a quota for a StatefulSet": (
        [],
        [
            event(
                "StatefulSet/db",
                "FailedCreate",
                'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: '
                "exceeded quota: preview, requested: pods=1, used: pods=4, limited: pods=4",
            )
        ],
        "QuotaExceeded: StatefulSet db: Its Pods cannot be created: exceeded quota: preview, requested: pods=1, "
        "limited: pods=4.",
    ),
    "a quota for the claim of a StatefulSet": (
        [],
        [
            event(
                "StatefulSet/db",
                "FailedCreate",
                "create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: "
                'persistentvolumeclaims "data-db-0" is forbidden: exceeded quota: preview, requested: '
                "requests.storage=10Gi, used: requests.storage=0, limited: requests.storage=5Gi",
            )
        ],
        "QuotaExceeded: StatefulSet db: Its Pods cannot be created: exceeded quota: preview, requested: "
        "requests.storage=10Gi, limited: requests.storage=5Gi.",
    ),
    "a LimitRange": (
        [],
        [
            event(
                "DaemonSet/agent",
                "FailedCreate",
                'Error creating: pods "agent-abcde" is forbidden: maximum cpu usage per '
                "Container is 500m, but limit is 1",
            )
        ],
        "QuotaExceeded: DaemonSet agent: Its Pods cannot be created: maximum cpu usage per Container is 500m, but "
        "limit is 1.",
    ),
}


@pytest.mark.parametrize(("pods", "events", "expected"), CASES.values(), ids=CASES)
def test_a_failure_is_explained(pods, events, expected):
    assert explain(pods, events) == [expected]
