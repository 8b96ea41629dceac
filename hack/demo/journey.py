"""The steps of the journey. Each does one thing as a user would, and ends when the cluster shows its outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from controller.client import Client
from hack.demo import world
from hack.demo.programs import Programs
from hack.demo.report import StepTime
from hack.demo.world import World

STEP_SECONDS = 120.0
_LOOK_SECONDS = 0.1


class JourneyError(Exception):
    """A step did not come to its end; the text says how far it came."""


class Journey:
    """One environment's way through the cluster, shown line by line."""

    def __init__(
        self, *, name: str, kubeconfig: Path, client: Client, programs: Programs, console: Console, manifest: Path
    ) -> None:
        self._name = name
        self._kubeconfig = kubeconfig
        self._client = client
        self._programs = programs
        self._console = console
        self._manifest = manifest
        self._pause = threading.Event()
        self.steps: list[StepTime] = []

    def deploy(self, image_tag: str) -> None:
        """Apply the environment, as Argo CD would, and wait for the pull request's image to run."""
        self._step(
            "deployed",
            f"kubectl apply -f {self._manifest.name}",
            lambda: world.kubectl(self._kubeconfig, "apply", "-f", str(self._manifest)),
            lambda seen: _runs(seen, image_tag),
        )

    def update(self, image_tag: str) -> None:
        """Move the image's tag, as a push to the pull request does, and wait for it to roll out."""
        values = f'{{"application":{{"deployment":{{"image":{{"tag":"{image_tag}"}}}}}}}}'
        patch = f'{{"spec":{{"application":{{"release":{{"values":{values}}}}}}}}}'
        self._step(
            "updated",
            f"kubectl patch envp {self._name}: a new image tag, {image_tag}",
            lambda: world.kubectl(self._kubeconfig, "patch", "envp", self._name, "--type=merge", "-p", patch),
            lambda seen: _runs(seen, image_tag),
        )

    def tear_down(self) -> None:
        """Delete the environment, as pruning does when the pull request closes, and wait until all of it is gone."""
        self._step(
            "torn down",
            f"kubectl delete envp {self._name} --cascade=foreground",
            lambda: world.kubectl(
                self._kubeconfig, "delete", "envp", self._name, "--cascade=foreground", "--wait=false"
            ),
            lambda seen: not seen.exists,
        )

    def _step(self, name: str, title: str, act: Callable[[], str], done: Callable[[World], bool]) -> None:
        self._console.print(f"\n[bold]$ {title}[/bold]")
        begin, started, shown = time.time(), time.monotonic(), ""
        act()
        while True:
            seen = world.look(self._client, self._name)
            line = f"{seen.state:<13}{seen.phase:<38}{', '.join(seen.exists) or 'nothing is left'}"
            if line != shown:
                self._console.print(f"[dim]{time.monotonic() - started:5.1f}s[/dim]  {line}", highlight=False)
                shown = line
            if done(seen):
                break
            self._programs.check()
            if time.monotonic() - started > STEP_SECONDS:
                message = seen.status.get("applicationStatusMsg", "")
                raise JourneyError(f"not {name} after {STEP_SECONDS:g}s: {seen.state}, {seen.phase}. {message}")
            self._pause.wait(_LOOK_SECONDS)
        for image in seen.images:
            self._console.print(f"        image {image}", highlight=False)
        self.steps.append(StepTime(name, time.monotonic() - started, begin, time.time()))


def _runs(seen: World, image_tag: str) -> bool:
    deployed = seen.state == "deployed" and seen.is_current
    return deployed and bool(seen.images) and all(image.endswith(f":{image_tag}") for image in seen.images)
