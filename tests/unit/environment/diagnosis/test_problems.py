"""Jobs and owners, and how findings with the same cause become one problem."""

import time
from datetime import timedelta

import pytest

from controller.environment.diagnosis.problems import find
from tests.unit.environment.support.pods import (
    FORBIDDEN,
    HASH,
    HTTP,
    INIT_WAITS,
    NOW,
    POD,
    PULL,
    RS,
    container,
    crash,
    ended,
    event,
    explain,
    job,
    pod,
    running,
    unscheduled,
    waiting,
)

# By name: the Pods, the Events, and the problem as one line.
CASES = {
    # Jobs and hooks
    "a Job that fails": (
        [job(container("migrate", state=ended(1)))],
        [event("Job/migrate", "BackoffLimitExceeded", "Job has reached the specified backoff limit")],
        "HookFailed: Job migrate: Container migrate exits with code 1.",
    ),
    "a Job whose Pods were removed": (
        [],
        [event("Job/migrate", "BackoffLimitExceeded", "Job has reached the specified backoff limit")],
        "HookFailed: Job migrate: All its attempts failed.",
    ),
    "a Job that takes too long": (
        [],
        [event("Job/migrate", "DeadlineExceeded", "Job was active longer than specified deadline")],
        "HookFailed: Job migrate: It took longer than its deadline.",
    ),
    "a Pod that is a hook": (
        [
            pod(
                container("test", state=ended(1)),
                workload="Pod/web-test",
                phase="Failed",
                annotations={"helm.sh/hook": "test"},
            )
        ],
        [],
        "HookFailed: Pod web-test: Container test exits with code 1.",
    ),
    # Owners
    "a Pod of a ReplicaSet without a Deployment": (
        [pod(crash(1), workload="ReplicaSet/web")],
        [],
        "CrashLoop: ReplicaSet web: Container web exits with code 1.",
    ),
    "a Pod of a StatefulSet": (
        [pod(crash(1), workload="StatefulSet/db", suffix="0")],
        [],
        "CrashLoop: StatefulSet db: Container web exits with code 1.",
    ),
    "a Pod of a CronJob": (
        [pod(container("x", **PULL), workload="Job/report-29123456")],
        [],
        'ImagePullFailed: CronJob report: Container x: image "registry.example.com/web:1" cannot be pulled: not found.',
    ),
    "a Pod without an owner": (
        [pod(crash(1), workload="Pod/debug")],
        [],
        "CrashLoop: Pod debug: Container web exits with code 1.",
    ),
}

WELL = {
    "a Pod that runs": [pod(container(state=running(), ready=True, started=True), phase="Running")],
    "a Pod that has recovered": [
        pod(container(state=running(61), last=ended(1), ready=True, restarts=3), phase="Running")
    ],
    "a Pod that ended well": [pod(container(state=ended(0, "Completed")), workload="Job/migrate", phase="Succeeded")],
    "a Pod that is being deleted": [pod(crash(1), deleting=True)],
    "an init container that has just begun": [pod(INIT_WAITS, init=[container("wait", state=running(5))])],
    "an init container that ended well": [pod(INIT_WAITS, init=[container("wait", state=ended(0, "Completed"))])],
    "a container that is being created": [pod(container(state=waiting("ContainerCreating")))],
    "a Pod without a status": [pod({"spec": {"name": "web"}, "status": {}}, scheduled={})],
    "a Job that runs": [job(container("migrate", state=running()), phase="Running")],
    "a Job that succeeded in its second attempt": [
        job(container("migrate", state=ended(1))),
        job(container("migrate", state=ended(0, "Completed")), phase="Succeeded", suffix="fghij"),
    ],
    "a container without a readiness probe that is not ready yet": [pod(container(state=running(1)), phase="Running")],
}


@pytest.mark.parametrize(("pods", "events", "expected"), CASES.values(), ids=CASES)
def test_a_failure_is_explained(pods, events, expected):
    assert explain(pods, events) == [expected]


@pytest.mark.parametrize("pods", WELL.values(), ids=WELL)
def test_what_runs_or_may_still_run_has_no_problem(pods):
    assert explain(pods) == []


def test_replicas_with_the_same_failure_are_one_problem():
    replicas = [pod(crash(1), suffix=suffix, phase="Running") for suffix in ("aaaaa", "bbbbb", "ccccc")]

    assert explain(replicas) == ["CrashLoop: Deployment web: Container web exits with code 1."]


def test_replicas_in_different_moments_of_a_loop_are_one_problem():
    replicas = [
        pod(crash(1, readinessProbe=HTTP), suffix="aaaaa", phase="Running"),
        pod(container("web", state=running(), started=True, readinessProbe=HTTP), suffix="bbbbb", phase="Running"),
    ]

    assert explain(replicas) == ["CrashLoop: Deployment web: Container web exits with code 1."]


def test_of_replicas_the_one_whose_kubelet_says_more_is_quoted():
    vague = container("web", "web:2", state=waiting("ImagePullBackOff"))
    replicas = [pod(vague, suffix="aaaaa"), pod(container("web", "web:2", **PULL), suffix="bbbbb")]

    [found] = explain(replicas)

    assert found.endswith("not found.")


def test_only_the_newest_revision_of_a_deployment_counts():
    before = pod(crash(1), revision="bbbbbbbbbb", created=4000, phase="Running")

    assert explain([before, pod(container("web", "web:2", **PULL))]) == [
        'ImagePullFailed: Deployment web: Container web: image "web:2" cannot be pulled: not found.'
    ]


def test_a_pod_that_was_replaced_after_its_eviction_does_not_count():
    evicted = pod(container(), phase="Failed", reason="Evicted", suffix="aaaaa", created=900)

    assert explain([evicted, pod(container(state=running(), ready=True), phase="Running")]) == []


def test_the_most_useful_problem_comes_first_whatever_the_order_of_the_lists():
    pods = [
        pod(container("web", state=running(), started=True, readinessProbe=HTTP), phase="Running"),
        pod(crash(1), workload="StatefulSet/queue", suffix="0", phase="Running"),
        pod(
            container(),
            workload="StatefulSet/db",
            suffix="0",
            scheduled=unscheduled("0/1 nodes are available: 1 Insufficient cpu."),
        ),
    ]
    reasons = [found.partition(":")[0] for found in explain(pods)]

    assert reasons == ["Unschedulable", "CrashLoop", "ProbeFailed"]
    assert explain(pods[::-1]) == explain(pods)


def test_what_only_waits_comes_after_what_fails():
    waits = pod(INIT_WAITS, init=[container("wait", state=running(90))])
    fails = pod(
        container("db", state=running(), started=True, readinessProbe=HTTP), workload="StatefulSet/db", suffix="0"
    )

    assert [found.partition(":")[0] for found in explain([waits, fails])] == ["ProbeFailed", "InitFailed"]


def test_nothing_waits_for_a_cron_job():
    cron = pod(container("x", **PULL), workload="Job/report-29123456")

    assert [found.split()[1] for found in explain([cron, pod(crash(1), phase="Running")])] == ["Deployment", "CronJob"]


def test_at_most_five_problems_are_shown():
    pods = [pod(crash(1), workload=f"StatefulSet/db-{number}", suffix="0") for number in range(9)]

    assert [found.split()[2] for found in explain(pods)] == [f"db-{number}:" for number in range(5)]


def test_each_container_has_a_problem_of_its_own():
    both = pod(crash(1), container("proxy", "proxy:1", **PULL), phase="Running")

    assert [found.partition(":")[0] for found in explain([both])] == ["ImagePullFailed", "CrashLoop"]


def test_why_a_claim_has_no_volume_is_said_while_a_pod_waits_for_it():
    claim = event("PersistentVolumeClaim/data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    waits = pod(
        container(), scheduled=unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    )

    assert (
        'VolumePending: PersistentVolumeClaim data: It has no volume: storageclass.storage.k8s.io "fast" not found.'
        in (explain([waits], [claim]))
    )
    assert explain([], [claim]) == []


@pytest.mark.parametrize(
    ("at", "pods"),
    [
        (700, []),
        (90, [pod(container(state=running(), ready=True), phase="Running", created=60)]),
    ],
    ids=["before the release was changed", "before the Pod was created after all"],
)
def test_an_event_about_the_past_does_not_count(at, pods):
    refused = event(
        RS,
        "FailedCreate",
        FORBIDDEN + "exceeded quota: preview, requested: pods=1, used: pods=4, limited: pods=4",
        at=at,
    )

    assert explain(pods, [refused]) == []


def test_an_event_that_would_have_been_repeated_does_not_count():
    refused = event(RS, "FailedCreate", FORBIDDEN + "exceeded quota: preview", at=1500)

    assert explain([], [refused], since=7200) == []


def test_an_error_of_the_api_server_does_not_count():
    assert explain([], [event(RS, "FailedCreate", "Error creating: etcdserver: request timed out")]) == []


def test_a_loop_gives_the_same_text_at_each_moment():
    moments = [
        container("web", last=ended(1, at=5), state=waiting("CrashLoopBackOff", "back-off 10s"), restarts=1),
        container("web", last=ended(1, at=200), state=waiting("CrashLoopBackOff", "back-off 5m0s"), restarts=9),
        container("web", state=ended(1), restarts=9),
        container("web", state=running(1), last=ended(1), ready=True, restarts=10),
    ]
    texts = {tuple(explain([pod(moment, suffix=suffix)])) for moment, suffix in zip(moments, "abcd", strict=True)}

    assert len(texts) == 1


@pytest.mark.parametrize("hostile", [None, 7, "x", [], {}, [None], {"a": [1]}])
def test_objects_of_any_form_are_read(hostile):
    broken = [
        {"metadata": {"name": "x", "ownerReferences": hostile, "labels": {}}, "status": hostile, "spec": hostile},
        {
            "metadata": {"name": "y"},
            "status": {"containerStatuses": hostile, "conditions": hostile},
            "spec": {"containers": hostile},
        },
        {
            "metadata": {"name": "z"},
            "status": {"containerStatuses": [{"name": "a", "state": hostile}]},
            "spec": {"containers": [{"name": "a"}]},
        },
    ]
    events = [
        {"involvedObject": hostile},
        {"involvedObject": {"kind": "ReplicaSet"}, "reason": hostile, "lastTimestamp": hostile},
    ]

    assert explain(broken, events) == []


def test_a_message_has_at_most_480_characters():
    said = waiting("ImagePullBackOff", "denied " * 500)

    [found] = find([pod(container("web", "x" * 3000, state=said))], [], since=NOW, now=NOW)

    assert len(found.message) == 480
    assert found.message.endswith("…")


def test_an_owner_of_any_name_is_shown_in_one_line():
    found = pod(container(state=ended(1)), workload="Evil\x1b[31m\nKind/a\u202eb")

    [problem] = find([found], [], since=NOW, now=NOW)

    assert (problem.kind, problem.name) == ("Evil [31m Kind", "a b")


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "said", ["a:" * MEGABYTE, ", used: " * MEGABYTE, "Error: " * MEGABYTE, "Internal error occurred: " * MEGABYTE]
)
def test_a_gigantic_message_takes_no_noticeable_time(said):
    pods = [pod(container(state=waiting("ImagePullBackOff", said)))]
    events = [
        event(RS, "FailedCreate", f"{said} forbidden"),
        event(POD, "Failed", said, path="containers{web}"),
        event("Job/migrate", "FailedCreate", f"forbidden {said}"),
    ]
    started = time.process_time()

    assert find(pods, events, since=NOW, now=NOW)
    assert time.process_time() - started < 1


OTHERS = {"app.kubernetes.io/instance": "other"}
OURS = {"app.kubernetes.io/instance": "shop"}


def test_in_a_shared_namespace_another_release_is_not_blamed():
    ours, theirs = pod(crash(1)), pod(crash(2), workload="Deployment/their", suffix="aaaaa")
    ours["metadata"]["labels"] |= OURS
    theirs["metadata"]["labels"] |= OTHERS
    refused = event(f"ReplicaSet/their-{HASH}", "FailedCreate", f"{FORBIDDEN}exceeded quota: q", at=1)

    def blamed(release):
        found = find([ours, theirs], [refused], since=NOW - timedelta(hours=1), now=NOW, release=release)
        return {problem.name for problem in found}

    assert blamed("shop") == {"web"}
    assert blamed("") == {"web", "their"}


def test_in_a_shared_namespace_a_pod_that_names_no_release_counts():
    assert find([pod(crash(1))], [], since=NOW, now=NOW, release="shop")
