"""`python -m hack.snapshot`: saves the objects that this version leaves in a cluster, for the tests of later versions.

Run it on the commit of a release. It applies manifests/default to a local cluster, lets the controller create
environments with both engines, and writes all objects to `tests/fixtures/release-VERSION/state.json`. A local cluster
that starts with this file has the same objects, with their UIDs, versions and managed fields.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import conditions
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client
from controller.client.config import load
from hack.demo.programs import Programs
from hack.paths import ROOT
from hack.serviceaccounts import write_kubeconfig
from hack.standins import crds
from hack.yamlfiles import documents

_HERE = Path(__file__).parent
_ENGINES = {"helm-operator": ("engine-double", crds.HELM_OPERATOR), "flux": ("flux-double", crds.FLUX)}
_SECONDS = 60.0
# Events expire anyway, and no test depends on them.
_LEFT_OUT = ("events",)


def main() -> None:
    """Write the snapshot of this version. Raises TimeoutError if the environments do not settle."""
    target = ROOT / "tests" / "fixtures" / f"release-{version('tronador')}" / "state.json"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tronador-snapshot-")))
        with Programs(folder=folder, environ={}) as programs:
            _fill(folder, programs)
        state = json.loads((folder / "state").read_text())
    state["resources"] = [r for r in state["resources"] if r["items"] and r["plural"] not in _LEFT_OUT]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(state, indent=1, sort_keys=True) + "\n")
    print(f"Wrote {target.relative_to(ROOT)}")


def _fill(folder: Path, programs: Programs) -> None:
    admin = folder / "kubeconfig"
    arguments = ["hack.localcluster", "--kubeconfig", str(admin), "--state-file", str(folder / "state")]
    programs.start("cluster", arguments, ready=admin.exists)
    with ExitStack() as stack:
        client = Client(connection=load(kubeconfig=str(admin)), user_agent="snapshot", field_manager="snapshot")
        stack.callback(client.close)
        _kubectl(admin, "-k", str(ROOT / "manifests" / "default"))
        _kubectl(admin, "-f", str(_HERE / "shared.yaml"))
        account = write_kubeconfig(
            folder / "controller", admin=admin, namespace="tronador-system", name="tronador-controller"
        )
        flags = ["--kubeconfig", str(account), "--metrics-address", "0", "--health-address", "0"]
        # The second engine comes when environments of the first one run: they keep theirs.
        for engine, (double, groups) in _ENGINES.items():
            crds.install(client, threading.Event(), groups)
            printed = programs.log_of(double)
            programs.start(
                double,
                ["hack.standins", "--kubeconfig", str(admin), double],
                ready=lambda printed=printed: "ready" in printed.read_text(),  # type: ignore[misc]
            )
            programs.start("controller", ["controller", "run", *flags], ready=programs.log_of("controller").exists)
            for environment in _environments(engine):
                if environment["metadata"]["name"].endswith("-adopted"):
                    client.create(NAMESPACES, _given_away(environment["metadata"]["name"]))
                client.create(ENVIRONMENTS, environment)
            _until_settled(client, programs)
            client.patch(ENVIRONMENTS, f"{engine}-suspended", {"spec": {"suspend": True}})
            _until_settled(client, programs)
            # The next process asks the cluster which engines it has by now.
            programs.stop("controller")


def _environments(engine: str) -> Iterator[dict[str, Any]]:
    for document in documents(_HERE / "environments.yaml"):
        document["metadata"]["name"] = f"{engine}-{document['metadata']['name']}"
        yield document


def _given_away(name: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"owner": "others"}, "annotations": {ADOPT_ANNOTATION: name}}
    return {"apiVersion": NAMESPACES.api_version, "kind": NAMESPACES.kind, "metadata": metadata}


def _until_settled(client: Client, programs: Programs) -> None:
    pause = threading.Event()
    for _ in range(int(_SECONDS / 0.2)):
        programs.check()
        environments = client.list(ENVIRONMENTS)["items"]
        left = [obj for obj in environments if not _is_settled(obj)]
        # The controller updates this count a moment later.
        [config] = client.list(TRONADOR_CONFIGS)["items"]
        counted = (config.get("status") or {}).get("environments")
        if not left and counted == sum(map(_has_what_is_shared, environments)):
            return
        pause.wait(0.2)
    raise TimeoutError(f"not settled within {_SECONDS:g} s: {json.dumps(left, indent=1)}")


def _is_settled(environment: dict[str, Any]) -> bool:
    status = environment.get("status") or {}
    found = conditions.find(status.get("conditions") or (), "Reconciling")
    return status.get("observedGeneration") == environment["metadata"]["generation"] and not found


def _has_what_is_shared(environment: dict[str, Any]) -> bool:
    found = conditions.find(environment["status"].get("conditions") or (), "ResourcesReady")
    return found is not None and found["status"] == conditions.TRUE


def _kubectl(kubeconfig: Path, *what: str) -> None:
    """Run `kubectl apply` as an administrator."""
    kubectl = Path(sys.executable).parent / "kubectl"
    subprocess.run([kubectl, "--kubeconfig", kubeconfig, "apply", *what], check=True, timeout=_SECONDS)


if __name__ == "__main__":
    main()
