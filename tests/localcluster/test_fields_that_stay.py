"""Fields that cannot be changed in an object that exists, and the causes that a refusal names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcluster.support import Api

NAMESPACED = "/namespaces/default"
OF_STATEFUL_SETS = (
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
OF_CLAIMS = (
    "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
    "claims"
)


def _workload(**spec: Any) -> dict[str, Any]:
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "x:1"}]}}
    return {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": labels}, "template": template, **spec}}


def _job() -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "x", "image": "x:1"}], "restartPolicy": "Never"}}
    return {"metadata": {"name": "x"}, "spec": {"template": template}}


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
CASES = {
    "StatefulSet": (
        "/apis/apps/v1",
        "statefulsets",
        _workload(serviceName="one"),
        {"serviceName": "two"},
        ("spec", OF_STATEFUL_SETS),
    ),
    "PersistentVolumeClaim": (
        "/api/v1",
        "persistentvolumeclaims",
        {"metadata": {"name": "x"}, "spec": CLAIM},
        {"accessModes": ["ReadWriteMany"]},
        ("spec", OF_CLAIMS),
    ),
    "Service": (
        "/api/v1",
        "services",
        {"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}]}},
        {"clusterIP": "None"},
        ("spec.clusterIPs[0]", 'Invalid value: ["None"]: may not change once set'),
    ),
}


@pytest.mark.parametrize(("group", "plural", "body", "change", "cause"), CASES.values(), ids=CASES)
def test_a_change_of_what_stays_is_refused_with_the_field(
    api: Api, group: str, plural: str, body: dict[str, Any], change: dict[str, Any], cause: tuple[str, str]
) -> None:
    path = f"{group}{NAMESPACED}/{plural}"
    assert api.post(path, body).code == 201
    answer = api.merge(f"{path}/x", {"spec": change})
    assert answer.code == 422
    assert [(found["field"], found["message"]) for found in answer.body["details"]["causes"]] == [cause]
    assert api.merge(f"{path}/x", {"metadata": {"labels": {"a": "b"}}}).code == 200


def test_the_template_of_a_job_stays(api: Api) -> None:
    path = f"/apis/batch/v1{NAMESPACED}/jobs"
    assert api.post(path, _job()).code == 201
    answer = api.merge(f"{path}/x", {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    [cause] = answer.body["details"]["causes"]
    assert (answer.code, cause["field"]) == (422, "spec.template")
    assert cause["message"].endswith(": field is immutable")
    assert api.merge(f"{path}/x", {"spec": {"suspend": True}}).code == 200


@pytest.mark.parametrize(("options", "orphaned"), [(None, True), ({"propagationPolicy": "Background"}, False)])
def test_a_job_that_is_deleted_without_a_policy_leaves_its_pods_behind(
    api: Api, options: dict[str, str] | None, orphaned: bool
) -> None:
    jobs, pods = f"/apis/batch/v1{NAMESPACED}/jobs", f"/api/v1{NAMESPACED}/pods"
    job = api.post(jobs, _job()).body["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": job["uid"]}
    spec = {"containers": [{"name": "x", "image": "x:1"}]}
    assert api.post(pods, {"metadata": {"name": "p", "ownerReferences": [owner]}, "spec": spec}).code == 201
    api.delete(f"{jobs}/x", options)
    api.until(f"{jobs}/x", lambda found: found.code == 404)
    if orphaned:
        pod = api.until(f"{pods}/p", lambda found: not found.body["metadata"].get("ownerReferences"))
        assert pod.code == 200
    else:
        api.until(f"{pods}/p", lambda found: found.code == 404)
