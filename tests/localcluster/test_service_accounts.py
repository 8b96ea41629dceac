"""Service accounts as users: their tokens, how these are asked for, and when they end."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.apimachinery.errors import NotFound
from hack.localcluster import LocalCluster
from hack.localcluster.auth import Authenticator, Credentials
from hack.localcluster.auth.tokens import TokenSigner
from hack.localcluster.storage.store import Store
from hack.serviceaccounts import write_kubeconfig
from tests.kubectl import Kubectl
from tests.localcluster.rights import (
    ACCOUNTS,
    ROLE_BINDINGS,
    account,
    binding,
    made,
    make_account,
    request_token,
    token_of,
)
from tests.localcluster.samples import CONFIG_MAPS, NAMESPACES, config_map, namespace
from tests.localcluster.support import Api, kubeconfig_for

SECRETS = "/api/v1/namespaces/default/secrets"
IDENTITY = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
GROUPS = ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]


def secret(name: str, account: str) -> dict[str, Any]:
    """Return a Secret for which the server creates a token."""
    metadata = {"name": name, "annotations": {"kubernetes.io/service-account.name": account}}
    kind = "kubernetes.io/service-account-token"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind}


def works(api: Api, token: str) -> bool:
    """Whether the server still accepts the token."""
    code = api.get(ACCOUNTS, token=token).code
    assert code in (401, 403), code
    return code == 403


def test_a_token_makes_its_bearer_the_service_account(api: Api) -> None:
    uid = make_account(api)["metadata"]["uid"]
    who = made(api.post(IDENTITY, REVIEW, token=token_of(api)))["status"]["userInfo"]
    assert who["username"] == "system:serviceaccount:default:robot"
    assert who["uid"] == uid
    assert who["groups"] == GROUPS


def test_kubectl_creates_tokens(api: Api, kubectl: Kubectl) -> None:
    make_account(api)
    token = kubectl("create", "token", "robot", "--duration", "15m")
    who = made(api.post(IDENTITY, REVIEW, token=token))["status"]["userInfo"]
    assert who["username"] == "system:serviceaccount:default:robot"


def test_a_token_request_is_answered_with_what_was_granted(api: Api) -> None:
    make_account(api)
    answer = made(request_token(api))
    assert answer["kind"] == "TokenRequest"
    assert answer["metadata"]["name"] == "robot"
    assert answer["metadata"]["namespace"] == "default"
    audience = "https://kubernetes.default.svc.cluster.local"
    assert answer["spec"] == {"audiences": [audience], "expirationSeconds": 3600, "boundObjectRef": None}
    assert answer["status"]["expirationTimestamp"] > answer["metadata"]["creationTimestamp"]


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        (599, "may not specify a duration less than 10 minutes"),
        (2**32 + 1, "may not specify a duration larger than 2^32 seconds"),
    ],
)
def test_a_token_must_not_last_too_short_or_too_long(api: Api, seconds: int, why: str) -> None:
    make_account(api)
    answer = request_token(api, expirationSeconds=seconds)
    assert answer.code == 422
    assert answer.body["details"]["causes"][0]["field"] == "spec.expirationSeconds"
    assert why in answer.body["message"]


def test_a_token_for_a_missing_account_is_refused(api: Api) -> None:
    answer = request_token(api, "absent")
    assert (answer.code, answer.body["message"]) == (404, 'serviceaccounts "absent" not found')


def test_tokens_can_only_be_created(api: Api) -> None:
    assert api.get(f"{ACCOUNTS}/default/token").code == 405
    resources = {one["name"]: one for one in api.get("/api/v1").body["resources"]}
    assert resources["serviceaccounts/token"]["verbs"] == ["create"]
    assert resources["serviceaccounts/token"]["kind"] == "TokenRequest"


def test_a_token_dies_with_its_account(api: Api) -> None:
    make_account(api)
    token = token_of(api)
    assert works(api, token)
    api.delete(f"{ACCOUNTS}/robot")
    assert not works(api, token)
    make_account(api)
    assert not works(api, token), "another account of the same name"
    assert works(api, token_of(api))


def test_a_token_dies_with_its_namespace(api: Api) -> None:
    made(api.post(NAMESPACES, namespace("brief")))
    api.until("/api/v1/namespaces/brief/serviceaccounts/default", lambda answer: answer.code == 200)
    token = token_of(api, "default", "brief")
    assert works(api, token)
    api.delete(f"{NAMESPACES}/brief")
    api.until(f"{NAMESPACES}/brief", lambda answer: answer.code == 404)
    assert not works(api, token)


def test_a_bound_token_dies_with_what_it_is_bound_to(api: Api) -> None:
    make_account(api)
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "anchor"}}
    made(api.post(SECRETS, body))
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "anchor"}
    token = token_of(api, boundObjectRef=reference)
    assert works(api, token)
    api.delete(f"{SECRETS}/anchor")
    made(api.post(SECRETS, body))
    assert not works(api, token)
    answer = request_token(api, boundObjectRef={**reference, "uid": "of the first one"})
    assert answer.code == 409
    answer = request_token(api, boundObjectRef={**reference, "kind": "ConfigMap"})
    assert answer.body["message"] == "cannot bind token to object of type /v1, Kind=ConfigMap"


def test_a_token_cannot_be_bound_to_a_pod_of_another_account(api: Api) -> None:
    make_account(api)
    spec = {"serviceAccountName": "default", "containers": [{"name": "c", "image": "i"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    made(api.post("/api/v1/namespaces/default/pods", pod))
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
    assert works(api, token_of(api, "default", boundObjectRef=reference))
    answer = request_token(api, boundObjectRef=reference)
    why = 'cannot bind token for serviceaccount "robot" to pod running with serviceaccount "default"'
    assert (answer.code, answer.body["message"]) == (400, why)


@pytest.mark.parametrize("metadata", [{"name": "other"}, {"name": "robot", "namespace": "other"}])
def test_a_token_request_must_be_for_the_account_of_its_path(api: Api, metadata: dict[str, str]) -> None:
    make_account(api)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": metadata, "spec": {}}
    answer = api.post(f"{ACCOUNTS}/robot/token", body)
    assert answer.code == 400
    assert "(other) does not match" in answer.body["message"]


def test_a_terminating_namespace_issues_no_tokens(api: Api) -> None:
    made(api.post(NAMESPACES, namespace("brief")))
    body = {"apiVersion": "v1", "kind": "ServiceAccount"}
    body["metadata"] = {"name": "held", "finalizers": ["tests.example.com/hold"]}
    accounts = "/api/v1/namespaces/brief/serviceaccounts"
    made(api.post(accounts, body))
    api.delete(f"{NAMESPACES}/brief")
    answer = request_token(api, "held", "brief")
    assert answer.code == 403
    assert "because it is being terminated" in answer.body["message"]
    assert api.merge(f"{accounts}/held", {"metadata": {"finalizers": None}}).code == 200


def test_a_token_meant_for_others_opens_nothing(api: Api) -> None:
    make_account(api)
    token = token_of(api, audiences=["vault"])
    assert not works(api, token)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    assert made(api.post(path, review))["status"] == {"user": {}, "error": "[invalid bearer token]"}
    review["spec"]["audiences"] = ["vault", "others"]
    status = made(api.post(path, review))["status"]
    assert status["authenticated"]
    assert status["user"]["username"] == "system:serviceaccount:default:robot"


def test_a_token_ends_when_its_time_is_over() -> None:
    now = [1_000_000.0]
    signer = TokenSigner(now=lambda: now[0])
    token = signer.sign({"sub": "somebody", "exp": 1_000_600})
    assert signer.read(token) is not None
    now[0] = 1_000_600.0
    assert signer.read(token) is None


def test_only_the_server_can_create_a_token(api: Api) -> None:
    make_account(api)
    header, claims, signature = token_of(api).split(".")
    other = base64.urlsafe_b64encode(base64.urlsafe_b64decode(claims + "==").replace(b"robot", b"other")).decode()
    assert not works(api, f"{header}.{other.rstrip('=')}.{signature}")
    assert not works(api, f"{header}.{claims}.{'A' * len(signature)}")
    assert not works(api, "a.b.c")
    assert not works(api, f"{header}.{claims}.")


def test_another_clusters_tokens_are_strange() -> None:
    store = Store(history_limit=10)
    token = Credentials().signer.sign({"iss": "x", "aud": []})
    assert Authenticator(Credentials(), store).user_of(token) is None


def test_a_token_secret_is_filled(api: Api, local_cluster: LocalCluster) -> None:
    uid = make_account(api)["metadata"]["uid"]
    made(api.post(SECRETS, secret("keys", "robot")))
    found = api.until(f"{SECRETS}/keys", lambda answer: "data" in answer.body).body
    assert found["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
    data = {key: base64.b64decode(value).decode() for key, value in found["data"].items()}
    assert data["namespace"] == "default"
    assert data["ca.crt"] == local_cluster.authority
    assert works(api, data["token"])
    api.delete(f"{SECRETS}/keys")
    assert not works(api, data["token"])


def test_a_token_secret_goes_with_its_account_and_cannot_be_without(api: Api) -> None:
    make_account(api)
    made(api.post(SECRETS, secret("keys", "robot")))
    made(api.post(SECRETS, secret("orphan", "absent")))
    api.until(f"{SECRETS}/orphan", lambda answer: answer.code == 404)
    late = secret("late", "robot")
    late["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = "of an earlier account"
    made(api.post(SECRETS, late))
    api.until(f"{SECRETS}/late", lambda answer: answer.code == 404)
    api.delete(f"{ACCOUNTS}/robot")
    api.until(f"{SECRETS}/keys", lambda answer: answer.code == 404)


def test_a_kubeconfig_of_an_account_leads_to_its_rights(local_cluster: LocalCluster, api: Api, tmp_path: Path) -> None:
    make_account(api)
    path = kubeconfig_for(local_cluster, "default", "robot")
    assert path.stat().st_mode & 0o077 == 0
    robot = Kubectl(path, home=tmp_path)
    assert "system:serviceaccount:default:robot" in robot("auth", "whoami")
    assert robot.run("get", "configmaps").returncode == 1
    made(api.post(ROLE_BINDINGS, binding("robot", "ClusterRole/view", account("robot"))))
    assert "No resources found in default namespace." in robot.run("get", "configmaps").stderr


def test_a_kubeconfig_finds_the_clusters_files_from_anywhere(local_cluster: LocalCluster, tmp_path: Path) -> None:
    document = yaml.safe_load(local_cluster.kubeconfig.read_text())
    cluster = document["clusters"][0]["cluster"]
    del cluster["certificate-authority-data"]
    cluster["certificate-authority"] = "authority.pem"
    folder, elsewhere = tmp_path / "admin", tmp_path / "elsewhere"
    for place in (folder, elsewhere):
        place.mkdir()
    (folder / "authority.pem").write_text(local_cluster.authority)
    (folder / "config").write_text(yaml.safe_dump(document))
    path = write_kubeconfig(elsewhere / "config", admin=folder / "config", namespace="default", name="default")
    assert "system:serviceaccount:default:default" in Kubectl(path, home=tmp_path)("auth", "whoami")


def test_a_kubeconfig_for_a_missing_account_is_refused(local_cluster: LocalCluster) -> None:
    with pytest.raises(NotFound):
        kubeconfig_for(local_cluster, "default", "absent")


def test_the_audit_log_records_the_user_and_the_impersonated_user(local_cluster: LocalCluster, api: Api) -> None:
    make_account(api)
    token = token_of(api)
    local_cluster.audit.clear()
    api.post(CONFIG_MAPS, config_map("refused"), token=token)
    api.get(CONFIG_MAPS, token="wrong")
    with Api(local_cluster, headers={"Impersonate-User": "alice"}) as alice:
        alice.get(CONFIG_MAPS)
    seen = [(one.user, one.impersonated_user, one.verb, one.name, one.code) for one in local_cluster.audit.entries()]
    assert seen == [
        ("system:serviceaccount:default:robot", "", "create", "refused", 403),
        ("", "", "list", "", 401),
        ("kubernetes-admin", "alice", "list", "", 403),
    ]
