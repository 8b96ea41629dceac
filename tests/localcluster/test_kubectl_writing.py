"""kubectl as a client: apply, patch, label, replace, wait, delete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kubectl import Kubectl
from tests.localcluster.samples import CONFIG_MAPS, CRDS, WIDGET_DEFINITION, WIDGETS, config_map, owner, widget
from tests.localcluster.support import Api

_FINALIZER = "tests.example.com/hold"


@pytest.fixture
def widgets(api: Api) -> Api:
    assert api.post(CRDS, WIDGET_DEFINITION).code == 201
    return api


def _apply(kubectl: Kubectl, *objects: object, flags: tuple[str, ...] = ()) -> str:
    return kubectl("apply", *flags, "-f", "-", stdin="\n---\n".join(json.dumps(one) for one in objects))


def test_apply_creates_then_configures_then_leaves_alone(widgets: Api, kubectl: Kubectl) -> None:
    name = "widget.tests.example.com/one"
    assert _apply(kubectl, widget("one", 1)) == f"{name} created\n"
    assert _apply(kubectl, widget("one", 2)) == f"{name} configured\n"
    assert _apply(kubectl, widget("one", 2)) == f"{name} unchanged\n"
    assert widgets.get(f"{WIDGETS}/one").body["metadata"]["generation"] == 2


def test_apply_removes_what_left_the_file_and_keeps_what_others_added(api: Api, kubectl: Kubectl) -> None:
    _apply(kubectl, config_map("c", {"mine": "1", "also": "1"}))
    api.merge(f"{CONFIG_MAPS}/c", {"data": {"theirs": "1"}})
    _apply(kubectl, config_map("c", {"mine": "2"}))
    assert api.get(f"{CONFIG_MAPS}/c").body["data"] == {"mine": "2", "theirs": "1"}


def deployment(*containers: dict[str, str]) -> dict[str, object]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers)}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_apply_merges_containers_by_name(api: Api, kubectl: Kubectl) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    _apply(kubectl, deployment({"name": "web", "image": "web:1"}))
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "proxy", "image": "proxy:1"}]}}}}
    kubectl("patch", "deployment", "web", "-p", json.dumps(sidecar))
    _apply(kubectl, deployment({"name": "web", "image": "web:2"}))
    containers = api.get(path).body["spec"]["template"]["spec"]["containers"]
    assert {one["name"]: one["image"] for one in containers} == {"proxy": "proxy:1", "web": "web:2"}


def test_apply_refuses_unknown_fields(widgets: Api, kubectl: Kubectl) -> None:
    bad = widget("one")
    bad["spec"]["sise"] = 1
    result = kubectl.run("apply", "-f", "-", stdin=json.dumps(bad))
    assert result.returncode == 1
    assert 'strict decoding error: unknown field "spec.sise"' in result.stderr
    assert widgets.get(f"{WIDGETS}/one").code == 404


def test_apply_shows_the_schemas_objections(widgets: Api, kubectl: Kubectl) -> None:
    result = kubectl.run("apply", "-f", "-", stdin=json.dumps(widget("one", 0)))
    text = "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
    assert result.stderr == f'The Widget "one" is invalid: {text}\n'


def test_server_side_apply_conflicts_until_forced(widgets: Api, kubectl: Kubectl) -> None:
    assert "serverside-applied" in _apply(kubectl, widget("one", 1), flags=("--server-side", "--field-manager=a"))
    arguments = ("apply", "--server-side", "--field-manager=b", "-f", "-")
    conflict = kubectl.run(*arguments, stdin=json.dumps(widget("one", 2)))
    assert conflict.returncode == 1
    assert 'conflict with "a": .spec.size' in conflict.stderr
    kubectl(*arguments, "--force-conflicts", stdin=json.dumps(widget("one", 2)))
    assert widgets.get(f"{WIDGETS}/one").body["spec"]["size"] == 2


def test_apply_takes_a_kustomization(api: Api, kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("namePrefix: pre-\nresources: [cm.yaml]\n")
    (tmp_path / "cm.yaml").write_text(json.dumps(config_map("c")))
    assert kubectl("apply", "-k", str(tmp_path)) == "configmap/pre-c created\n"


def test_a_dry_run_on_the_server_stores_nothing(api: Api, kubectl: Kubectl) -> None:
    assert _apply(kubectl, config_map("c"), flags=("--dry-run=server",)) == "configmap/c created (server dry run)\n"
    assert api.get(f"{CONFIG_MAPS}/c").code == 404


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge", '{"data": {"b": "2"}}'),
        ("strategic", '{"data": {"b": "2"}}'),
        ("json", '[{"op": "add", "path": "/data/b", "value": "2"}]'),
    ],
)
def test_patch_of_each_type(api: Api, kubectl: Kubectl, kind: str, patch: str) -> None:
    api.post(CONFIG_MAPS, config_map("c"))
    kubectl("patch", "cm", "c", f"--type={kind}", "-p", patch)
    assert api.get(f"{CONFIG_MAPS}/c").body["data"] == {"a": "1", "b": "2"}


def test_label_and_annotate(api: Api, kubectl: Kubectl) -> None:
    api.post(CONFIG_MAPS, config_map("c"))
    kubectl("label", "cm", "c", "tier=a")
    kubectl("annotate", "cm", "c", "note=b")
    metadata = api.get(f"{CONFIG_MAPS}/c").body["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == ({"tier": "a"}, {"note": "b"})
    kubectl("label", "cm", "c", "tier-")
    assert "labels" not in api.get(f"{CONFIG_MAPS}/c").body["metadata"]


def test_replace_puts_the_whole_object(api: Api, kubectl: Kubectl) -> None:
    api.post(CONFIG_MAPS, config_map("c", {"a": "1", "b": "1"}))
    kubectl("replace", "-f", "-", stdin=json.dumps(config_map("c", {"a": "2"})))
    assert api.get(f"{CONFIG_MAPS}/c").body["data"] == {"a": "2"}


def test_wait_for_a_condition_returns_when_it_becomes_true(widgets: Api, kubectl: Kubectl) -> None:
    widgets.post(WIDGETS, widget("one"))
    with kubectl.start("wait", "widget/one", "--for=condition=Ready", "--timeout=10s") as process:
        widgets.until("/_test/watches?resource=widgets.tests.example.com", lambda answer: answer.body == 1)
        widgets.merge(f"{WIDGETS}/one/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
        out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "widget.tests.example.com/one condition met\n")


def test_wait_for_a_field(widgets: Api, kubectl: Kubectl) -> None:
    widgets.post(WIDGETS, widget("one"))
    widgets.merge(f"{WIDGETS}/one/status", {"status": {"phase": "Done"}})
    kubectl("wait", "widget/one", "--for=jsonpath={.status.phase}=Done", "--timeout=10s")


def test_wait_for_creation(widgets: Api, kubectl: Kubectl) -> None:
    if kubectl.version < (1, 31):
        pytest.skip("kubectl waits for a creation since 1.31")
    widgets.post(WIDGETS, widget("one"))
    kubectl("wait", "widget/one", "--for=create", "--timeout=10s")


def test_wait_times_out_in_known_words(widgets: Api, kubectl: Kubectl) -> None:
    widgets.post(WIDGETS, widget("one"))
    result = kubectl.run("wait", "widget/one", "--for=condition=Ready", "--timeout=100ms")
    assert result.returncode == 1
    assert result.stderr == "error: timed out waiting for the condition on widgets/one\n"


def test_wait_for_deletion_returns_when_the_last_finalizer_goes(widgets: Api, kubectl: Kubectl) -> None:
    widgets.post(WIDGETS, widget("one", finalizers=[_FINALIZER]))
    kubectl("delete", "widget", "one", "--wait=false")
    with kubectl.start("wait", "widget/one", "--for=delete", "--timeout=10s") as process:
        widgets.until("/_test/watches?resource=widgets.tests.example.com", lambda answer: answer.body == 1)
        widgets.merge(f"{WIDGETS}/one", {"metadata": {"finalizers": None}})
        process.communicate(timeout=10)
    assert process.returncode == 0
    assert widgets.get(f"{WIDGETS}/one").code == 404


def test_wait_for_workloads_and_definitions(api: Api, kubectl: Kubectl) -> None:
    _apply(kubectl, deployment({"name": "web", "image": "web:1"}))
    kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=10s")
    kubectl("rollout", "status", "deployment/web", "--timeout=10s")
    _apply(kubectl, WIDGET_DEFINITION)
    kubectl("wait", "crd/widgets.tests.example.com", "--for=condition=Established", "--timeout=10s")


@pytest.mark.parametrize(
    ("cascade", "dependent_stays"), [("foreground", False), ("background", False), ("orphan", True)]
)
def test_delete_cascades_as_asked(widgets: Api, kubectl: Kubectl, cascade: str, *, dependent_stays: bool) -> None:
    parent = widgets.post(WIDGETS, widget("parent")).body
    widgets.post(CONFIG_MAPS, config_map("child", ownerReferences=[owner(parent, block=True)]))
    kubectl("delete", "widget", "parent", f"--cascade={cascade}", "--timeout=10s")
    child = widgets.until(f"{CONFIG_MAPS}/child", lambda answer: (answer.code == 200) == dependent_stays)
    assert widgets.get(f"{WIDGETS}/parent").code == 404
    if dependent_stays:
        assert "ownerReferences" not in child.body["metadata"]


def test_deleting_a_namespace_waits_until_it_is_gone(api: Api, kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "brief")
    kubectl("create", "configmap", "c", "-n", "brief", "--from-literal=a=1")
    kubectl("delete", "namespace", "brief", "--timeout=10s")
    assert api.get("/api/v1/namespaces/brief").code == 404
    assert api.get("/api/v1/namespaces/brief/configmaps").body["items"] == []


def test_manifests_of_kinds_that_are_not_installed_are_refused_in_known_words(kubectl: Kubectl) -> None:
    result = kubectl.run("apply", "-f", "-", stdin=json.dumps(widget("one")))
    assert 'no matches for kind "Widget" in version "tests.example.com/v1"' in result.stderr


def test_scaling_goes_through_the_subresource(api: Api, kubectl: Kubectl) -> None:
    _apply(kubectl, deployment({"name": "web", "image": "web:1"}))
    kubectl("scale", "deployment", "web", "--replicas=3")
    assert api.get("/apis/apps/v1/namespaces/default/deployments/web").body["spec"]["replicas"] == 3
