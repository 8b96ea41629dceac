"""What Helm, as the real library, makes of `manifests/chart`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.app.options import Options
from hack.chart.files import CHART
from hack.standins.helm.engine import HelmEngine

Object = dict[str, Any]
# Helm's Go runtime gets a process of its own, as in hack/standins/helm.
_ACTION = """
import json, sys, helm_python
chart, kubeconfig, action, namespace, name, values = sys.argv[1:]
with helm_python.Config(kubeconfig_path=kubeconfig, namespace=namespace) as config:
    if action == "uninstall":
        config.uninstall(name, timeout=60)
    elif action == "install":
        config.install(chart, name, json.loads(values), namespace=namespace, create_namespace=True, timeout=60)
    else:
        config.upgrade(chart, name, json.loads(values), namespace=namespace, timeout=60)
"""


class Chart:
    """The chart, rendered by `engine`."""

    def __init__(self, engine: HelmEngine) -> None:
        self._engine = engine

    def render(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        namespace: str = Options().namespace,
        name: str = "tronador",
    ) -> list[Object]:
        """Every object of a release. Raises HelmError with Helm's own words."""
        done = self._engine.render(
            CHART, name=name, namespace=namespace, revision=1, is_upgrade=False, values=values or {}
        )
        assert (done.crds, done.hooks) == ((), ())
        return [dict(manifest.object) for manifest in done.manifests]

    def one(self, kind: str, values: Mapping[str, Any] | None = None, **release: str) -> Object:
        """The only object of that kind."""
        [found] = [obj for obj in self.render(values, **release) if obj["kind"] == kind]
        return found

    def container(self, values: Mapping[str, Any] | None = None, **release: str) -> Object:
        """The controller's container."""
        [found] = self.one("Deployment", values, **release)["spec"]["template"]["spec"]["containers"]
        return dict(found)


def helm(
    kubeconfig: Path,
    action: str,
    *,
    namespace: str = Options().namespace,
    name: str = "tronador",
    values: Mapping[str, Any] | None = None,
    chart: Path = CHART,
) -> subprocess.CompletedProcess[str]:
    """`helm install`, `upgrade` or `uninstall`, by the real Helm."""
    return run(_ACTION, str(chart), str(kubeconfig), action, namespace, name, json.dumps(values or {}))


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python program with Helm in it, run to its end."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
