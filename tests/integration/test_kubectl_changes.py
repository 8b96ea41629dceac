"""What users do with kubectl: apply, compare, prune, patch, edit and delete environments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.integration.support.clusters import CONFIG_MAPS, Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, manifest
from tests.kubectl import Kubectl
from tests.samples import Json, guide


def written(document: Json) -> str:
    """A document as a user saves it."""
    return str(yaml.safe_dump(document))


def with_ref(ref: str) -> Json:
    """The guide's environment with its chart at another ref."""
    document = guide("environment")
    document["spec"]["application"]["release"]["chart"]["ref"] = ref
    return document


def test_kubectl_diff_shows_changes_of_the_file_and_nothing_else(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    assert kubectl("diff", "-f", "-", stdin=written(guide("environment"))) == ""
    for flags in ((), ("--server-side", "--force-conflicts")):
        other = kubectl.run("diff", *flags, "-f", "-", stdin=written(with_ref("other")))
        assert other.returncode == 1, other.stderr
        changes = [line for line in other.stdout.splitlines() if line.strip("+- ").startswith("ref:")]
        assert changes == ["-        ref: run-pipeline", "+        ref: other"]


def test_applying_it_again_changes_nothing(applied: Environment, kubectl: Kubectl) -> None:
    before = applied.deployed()
    out = kubectl("apply", "-f", "-", stdin=written(guide("environment")))
    assert out.endswith(" unchanged\n")
    assert applied.get() == before


def test_applying_it_again_server_side_changes_nothing(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=written(guide("environment")))
    assert applied.deployed()["metadata"]["generation"] == 1


def test_a_changed_file_is_deployed(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    assert kubectl("apply", "-f", "-", stdin=written(with_ref("other"))).endswith(" configured\n")
    assert applied.deployed()["metadata"]["generation"] == 2
    assert (applied.helm_release() or {})["spec"]["chart"]["ref"] == "other"


@pytest.fixture
def pair(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> tuple[Environment, Environment]:
    """Two environments that do not exist yet."""
    return environments.named(cluster.name("stays")), environments.named(cluster.name("goes"))


def folder(path: Path, *names: str) -> str:
    """A folder with a file for each environment."""
    path.mkdir()
    for name in names:
        document = manifest(name)
        document["metadata"]["labels"] = {"app": "shop"}
        (path / f"{name}.yaml").write_text(written(document))
    return str(path)


@pytest.mark.parametrize("how", ["label", "set"])
def test_kubectl_prunes_what_left_the_folder(
    cluster: Cluster, pair: tuple[Environment, Environment], kubectl: Kubectl, tmp_path: Path, how: str
) -> None:
    stays, goes = pair
    kind = "tronador.stakater.com/v1alpha1/EnvironmentProvisioner"
    parent = cluster.name("shop")
    cluster.will_remove(CONFIG_MAPS, parent, "default")
    flags = {
        "label": ("-l", "app=shop", f"--prune-allowlist={kind}"),
        "set": ("-n", "default", f"--applyset=configmaps/{parent}"),
    }[how]
    env = {"KUBECTL_APPLYSET": "true"}
    kubectl("apply", "--prune", *flags, "-f", folder(tmp_path / "both", stays.name, goes.name), env=env)
    stays.deployed()
    goes.deployed()
    out = kubectl("apply", "--prune", *flags, "-f", folder(tmp_path / "one", stays.name), env=env)
    assert f"{goes.name} pruned" in out
    goes.gone()
    assert goes.namespace() is None
    assert stays.deployed()["metadata"]["generation"] == 1


def test_a_patch_of_the_spec_is_deployed(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    kubectl(
        "patch", "envp", applied.name, "--type=merge", "-p", json.dumps({"spec": {"namespaceLabels": {"team": "b"}}})
    )
    replace = [{"op": "replace", "path": "/spec/application/release/chart/ref", "value": "other"}]
    kubectl("patch", "envp", applied.name, "--type=json", "-p", json.dumps(replace))
    assert applied.deployed()["metadata"]["generation"] == 3
    assert applied.labels()["team"] == "b"
    assert (applied.helm_release() or {})["spec"]["chart"]["ref"] == "other"


def test_a_status_that_somebody_patched_is_corrected(applied: Environment, kubectl: Kubectl) -> None:
    right = applied.deployed()["status"]
    wrong = json.dumps({"status": {"applicationStatus": "failed", "conditions": None}})
    kubectl("patch", "envp", applied.name, "--subresource=status", "--type=merge", "-p", wrong)
    again = applied.deployed()["status"]
    assert again["applicationStatus"] == "deployed"
    assert {c["type"] for c in again["conditions"]} == {c["type"] for c in right["conditions"]}


def test_annotations_and_labels_of_others_stay_and_change_nothing(applied: Environment, kubectl: Kubectl) -> None:
    before = applied.deployed()
    kubectl("annotate", "envp", applied.name, "example.com/note=yes")
    kubectl("label", "envp", applied.name, "example.com/shelf=a")
    after = applied.get()
    assert after["metadata"]["annotations"]["example.com/note"] == "yes"
    assert after["metadata"]["labels"] == {"example.com/shelf": "a"}
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])


def editor(path: Path, change: str) -> dict[str, str]:
    """An editor that changes a file with sed."""
    path.write_text(f'#!/bin/sh\nexec sed -i "{change}" "$1"\n')
    path.chmod(0o755)
    return {"KUBE_EDITOR": str(path)}


def test_an_edit_is_deployed(applied: Environment, kubectl: Kubectl, tmp_path: Path) -> None:
    applied.deployed()
    kubectl("edit", "envp", applied.name, env=editor(tmp_path / "editor", "s/ref: run-pipeline/ref: other/"))
    assert applied.deployed()["metadata"]["generation"] == 2
    assert (applied.helm_release() or {})["spec"]["chart"]["ref"] == "other"


def test_an_edit_that_the_schema_forbids_is_refused(applied: Environment, kubectl: Kubectl, tmp_path: Path) -> None:
    before = applied.deployed()
    env = {**editor(tmp_path / "editor", "s/path: deploy/path: ..\\/x/"), "TMPDIR": str(tmp_path)}
    refused = kubectl.run("edit", "envp", applied.name, env=env)
    assert refused.returncode == 1
    assert f'environmentprovisioners.tronador.stakater.com "{applied.name}" is invalid' in refused.stderr
    assert applied.get()["spec"] == before["spec"]


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_kubectl_delete_returns_when_everything_is_gone(applied: Environment, kubectl: Kubectl, cascade: str) -> None:
    applied.deployed()
    out = kubectl("delete", "envp", applied.name, f"--cascade={cascade}", "--timeout=60s")
    assert out == f'environmentprovisioner.tronador.stakater.com "{applied.name}" deleted\n'
    assert not applied.exists()
    assert applied.namespace() is None


def test_kubectl_wait_returns_when_the_environment_is_gone(applied: Environment, kubectl: Kubectl) -> None:
    applied.deployed()
    kubectl("delete", "envp", applied.name, "--wait=false")
    kubectl("wait", "--for=delete", f"envp/{applied.name}", "--timeout=60s")
    assert not applied.exists()
    assert applied.namespace() is None
