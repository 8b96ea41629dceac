"""What the status of a container says: images, crashes, memory, init containers and probes."""

import pytest

from tests.unit.environment.support.pods import (
    CRASHED,
    HTTP,
    INIT_WAITS,
    LIMITED,
    POD,
    PULL,
    REFUSED,
    container,
    crash,
    ended,
    event,
    explain,
    job,
    pod,
    running,
    waiting,
)

# By name: the Pods, the Events, and the problem as one line.
CASES = {
    # Images
    "an image that does not exist": (
        [pod(container("web", "web:2", **PULL))],
        [],
        'ImagePullFailed: Deployment web: Container web: image "web:2" cannot be pulled: not found.',
    ),
    "an old kubelet gives the cause only in an Event": (
        [pod(container("web", "web:2", state=waiting("ImagePullBackOff", 'Back-off pulling image "web:2"')))],
        [
            event(
                POD,
                "Failed",
                'Failed to pull image "web:2": rpc error: code = Unknown desc = denied',
                path="containers{web}",
            ),
            event(POD, "Failed", "Error: ImagePullBackOff", path="containers{web}"),
        ],
        'ImagePullFailed: Deployment web: Container web: image "web:2" cannot be pulled: denied.',
    ),
    "an Event about another container": (
        [pod(container("web", "web:2", state=waiting("ImagePullBackOff")))],
        [event(POD, "Failed", 'Failed to pull image "web:2": denied', path="containers{other}")],
        'ImagePullFailed: Deployment web: Container web: image "web:2" cannot be pulled.',
    ),
    "an invalid name of an image": (
        [
            pod(
                container(
                    "web",
                    "Web:1",
                    state=waiting(
                        "InvalidImageName",
                        'Failed to apply default image tag "Web:1": '
                        'couldn\'t parse image name "Web:1": invalid reference format: repository name (Web) must '
                        "be lowercase",
                    ),
                )
            )
        ],
        [],
        'ImagePullFailed: Deployment web: Container web: image "Web:1" cannot be pulled: invalid reference format: '
        "repository name (Web) must be lowercase.",
    ),
    "an image that may never be pulled": (
        [pod(container("web", "web:1", state=waiting("ErrImageNeverPull")))],
        [],
        'ImagePullFailed: Deployment web: Container web: image "web:1" cannot be pulled: the node does not have the '
        "image, and the pull policy is Never.",
    ),
    "the image of an init container": (
        [pod(INIT_WAITS, init=[container("migrate", "migrate:2", **PULL)])],
        [],
        'ImagePullFailed: Deployment web: Init container migrate: image "migrate:2" cannot be pulled: not found.',
    ),
    "credentials in the name of an image": (
        [pod(container("web", "jane:hunter2@registry.example.com/web:1", state=waiting("InvalidImageName")))],
        [],
        'ImagePullFailed: Deployment web: Container web: image "***@registry.example.com/web:1" cannot be pulled: '
        "the "
        "name of the image is invalid.",
    ),
    # Ends of containers
    "a crash loop": (
        [pod(crash(1), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web exits with code 1.",
    ),
    "a crash between two pauses": (
        [pod(container("web", state=ended(2), restarts=1), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web exits with code 2.",
    ),
    "a crash just before the next start": (
        [pod(container("web", state=running(3), last=ended(1), ready=True, restarts=2), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web exits with code 1.",
    ),
    "a command that does not exist": (
        [pod(crash(127), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web exits with code 127 (its command was not found).",
    ),
    "a program that ends although it should not": (
        [pod(crash(0, "Completed"), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web exits with code 0, but it has to keep running.",
    ),
    "the output of a program stays out": (
        [pod(crash(1, "Error", "FATAL: password is hunter2"), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web exits with code 1.",
    ),
    "a container that the runtime cannot start": (
        [
            pod(
                crash(128, "StartError", 'failed to create containerd task: exec: "/app": no such file'),
                phase="Running",
            )
        ],
        [],
        "CrashLoop: Deployment web: Container web cannot be started: failed to create containerd task: exec: "
        '"/app": no '
        "such file.",
    ),
    "a container that cannot be run": (
        [pod(container("web", state=waiting("RunContainerError", 'exec: "x": executable file not found in $PATH')))],
        [],
        'CrashLoop: Deployment web: Container web cannot be started: exec: "x": executable file not found in $PATH.',
    ),
    "a crash loop without its cause": (
        [pod(container("web", **CRASHED), phase="Running")],
        [],
        "CrashLoop: Deployment web: Container web ends again and again.",
    ),
    # Memory
    "too much memory before": (
        [pod(crash(137, "OOMKilled", **LIMITED), phase="Running")],
        [],
        "OOMKilled: Deployment web: Container web used too much memory: its limit is 128Mi.",
    ),
    "too much memory now": (
        [pod(container("web", state=ended(137, "OOMKilled")), phase="Running")],
        [],
        "OOMKilled: Deployment web: Container web used too much memory: it has no limit, so its node had no memory "
        "left.",
    ),
    "too much memory in an init container": (
        [pod(INIT_WAITS, init=[container("migrate", state=ended(137, "OOMKilled"), **LIMITED)])],
        [],
        "OOMKilled: Deployment web: Init container migrate used too much memory: its limit is 128Mi.",
    ),
    "too much memory in a Job": (
        [job(container("migrate", state=ended(137, "OOMKilled"), **LIMITED))],
        [],
        "OOMKilled: Job migrate: Container migrate used too much memory: its limit is 128Mi.",
    ),
    # Init containers
    "an init container that fails": (
        [pod(INIT_WAITS, init=[container("migrate", last=ended(3), state=waiting("CrashLoopBackOff"))])],
        [],
        "InitFailed: Deployment web: Init container migrate exits with code 3.",
    ),
    "an init container that does not end": (
        [pod(INIT_WAITS, init=[container("wait", state=running(90))])],
        [],
        "InitFailed: Deployment web: Init container wait still runs, and the other containers wait for its end.",
    ),
    "a sidecar that fails": (
        [
            pod(
                INIT_WAITS,
                init=[container("proxy", restartPolicy="Always", last=ended(1), state=waiting("CrashLoopBackOff"))],
            )
        ],
        [],
        "CrashLoop: Deployment web: Sidecar container proxy exits with code 1.",
    ),
    "a sidecar that does not start": (
        [
            pod(
                INIT_WAITS,
                init=[container("proxy", restartPolicy="Always", state=running(), started=False, startupProbe=HTTP)],
            )
        ],
        [event(POD, "Unhealthy", f"Startup probe failed: {REFUSED}", path="initContainers{proxy}")],
        "ProbeFailed: Deployment web: Sidecar container proxy: its startup probe fails: dial tcp IP:8080: connect: "
        "connection refused.",
    ),
    # Probes
    "a readiness probe": (
        [pod(container("web", state=running(), started=True, readinessProbe=HTTP), phase="Running")],
        [
            event(
                POD,
                "Unhealthy",
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
                path="containers{web}",
            )
        ],
        "ProbeFailed: Deployment web: Container web: its readiness probe fails: HTTP probe failed with statuscode: "
        "503.",
    ),
    "a readiness probe whose Event has expired": (
        [pod(container("web", state=running(), started=True, readinessProbe=HTTP), phase="Running")],
        [],
        "ProbeFailed: Deployment web: Container web: its readiness probe does not succeed.",
    ),
    "a command as a probe": (
        [
            pod(
                container("web", state=running(), started=True, readinessProbe={"exec": {"command": ["psql"]}}),
                phase="Running",
            )
        ],
        [event(POD, "Unhealthy", "Readiness probe failed: password is hunter2", path="containers{web}")],
        "ProbeFailed: Deployment web: Container web: its readiness probe fails: its command fails.",
    ),
    "a startup probe": (
        [
            pod(
                container("web", state=running(), started=False, startupProbe=HTTP, readinessProbe=HTTP),
                phase="Running",
            )
        ],
        [event(POD, "Unhealthy", f"Startup probe failed: {REFUSED}", path="containers{web}")],
        "ProbeFailed: Deployment web: Container web: its startup probe fails: dial tcp IP:8080: connect: "
        "connection refused.",
    ),
    "a liveness probe that ends the container": (
        [pod(crash(137, livenessProbe=HTTP), phase="Running")],
        [
            event(
                POD,
                "Unhealthy",
                "Liveness probe failed: HTTP probe failed with statuscode: 500",
                path="containers{web}",
            )
        ],
        "ProbeFailed: Deployment web: Container web is restarted: its liveness probe fails: HTTP probe failed with "
        "statuscode: 500.",
    ),
    "a program that crashes has no problem with its probe": (
        [pod(crash(1, livenessProbe=HTTP), phase="Running")],
        [event(POD, "Unhealthy", f"Liveness probe failed: {REFUSED}", path="containers{web}")],
        "CrashLoop: Deployment web: Container web exits with code 1.",
    ),
}


@pytest.mark.parametrize(("pods", "events", "expected"), CASES.values(), ids=CASES)
def test_a_failure_is_explained(pods, events, expected):
    assert explain(pods, events) == [expected]
