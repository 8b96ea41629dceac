"""What Helm, as the real library, makes of `manifests/chart`."""

from __future__ import annotations

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
_CONFIG = """
import json, sys, helm_python
kubeconfig, action, *arguments = sys.argv[1:]
with helm_python.Config(kubeconfig_path=kubeconfig, namespace=arguments[0]) as config:
    values = json.loads(arguments[2]) if len(arguments) > 2 else None
    if action == "uninstall":
        print(config.uninstall(arguments[1], timeout=60)["info"])
    elif action == "install":
        config.install(CHART, arguments[1], values, namespace=arguments[0], create_namespace=True, timeout=60)
    else:
        config.upgrade(CHART, arguments[1], values, namespace=arguments[0], timeout=60)
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


def helm(kubeconfig: Path, action: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`install` or `upgrade` NAMESPACE NAME [VALUES as JSON], or `uninstall` NAMESPACE NAME, by the real Helm."""
    script = _CONFIG.replace("CHART", repr(str(CHART)))
    return run(script, str(kubeconfig), action, *arguments)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python program with Helm in it, run to its end."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
