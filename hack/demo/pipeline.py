"""The CI pipeline of a delivery. Each step is a process of the command `tronador`, as in manifests/tekton."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hack.demo import repositories
from hack.demo.webhooks import SECRET, Delivery
from hack.paths import ROOT
from hack.samples import Repo

IMAGE = "nexus-docker-stakater-nexus.apps.binero-test.8sdzwd1l.kubeapp.cloud/stakater-nordmart-inventory"
STEP_SECONDS = 60.0


class PipelineError(Exception):
    """A step failed; the text is what it said."""


class Pipeline:
    """One pipeline's workspace; `show` is called with every command before it runs."""

    def __init__(
        self, *, folder: Path, application: Repo, gitops: Path, kubeconfig: Path, show: Callable[[str], None]
    ) -> None:
        folder.mkdir()
        self._folder = folder
        self._application = application
        self._gitops = gitops
        self._kubeconfig = kubeconfig
        self._show = show
        (folder / "secret").write_bytes(SECRET)

    @property
    def environment(self) -> Path:
        """The file of the environment that was rendered last."""
        return self._folder / "environment.yaml"

    def decide(self, delivery: Delivery) -> dict[str, Any]:
        """Return the decision of `tronador event` about the delivery."""
        body = self._folder / f"{delivery.action}.json"
        body.write_bytes(delivery.body)
        answer = self._run(
            "event",
            *(f"--body={body}", f"--event-type={delivery.event}"),
            *(f"--signature={delivery.signature}", f"--secret-file={self._folder / 'secret'}"),
        )
        decision: dict[str, Any] = json.loads(answer)
        return decision

    def render(self, parameters: dict[str, Any], image_tag: str) -> str:
        """Check the code out, and write its environment; gives the environment's name."""
        source = repositories.clone(self._application.path, parameters["git_ref"], self._folder / "source")
        base = repositories.clone(self._application.path, parameters["base_ref"], self._folder / "base")
        return self._run(
            "render",
            *(f"--config={source / '.tronador.yaml'}", f"--base-config={base / '.tronador.yaml'}"),
            *(f"--repo-name={parameters['repo_name']}", f"--pr-number={parameters['pr_number']}"),
            f"--repository-id={parameters['repository_id']}",
            *(f"--git-url={parameters['git_url']}", f"--git-ref={parameters['git_ref']}"),
            *(f"--commit={parameters['commit']}", f"--branch={parameters['branch']}"),
            *(f"--author={parameters['author']}", f"--pull-request-url={parameters['pull_request_url']}"),
            *(f"--image-repository={IMAGE}", f"--image-tag={image_tag}", f"--output={self.environment}"),
        ).strip()

    def publish(self, parameters: dict[str, Any]) -> str:
        """Put the environment into the GitOps repository; gives the outcome."""
        return self._run("publish", f"--file={self.environment}", *self._place(parameters)).strip()

    def retire(self, parameters: dict[str, Any]) -> str:
        """Take the environment out of the GitOps repository; gives the outcome."""
        return self._run(
            "retire",
            *(f"--name={parameters['name']}", f"--repository-url={parameters['repository_url']}"),
            *(f"--pr-number={parameters['pr_number']}", f"--repository-id={parameters['repository_id']}"),
            *self._place(parameters),
        ).strip()

    def start_waiting(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `tronador wait`; its words are on its stderr."""
        command = self._command("wait", *arguments, f"--kubeconfig={self._kubeconfig}")
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    def _place(self, parameters: dict[str, Any]) -> tuple[str, ...]:
        return (
            f"--repository={self._gitops}",
            f"--path={repositories.ENVIRONMENTS}",
            f"--event-time={parameters['event_time']}",
        )

    def _run(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            self._command(command, *arguments),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        if done.returncode:
            raise PipelineError(f"tronador {command}: {done.stderr.strip()}")
        return done.stdout

    def _command(self, command: str, *arguments: str) -> list[str]:
        self._show(f"$ tronador {command} {_short(arguments, self._folder)}")
        return [sys.executable, "-m", "controller", command, *arguments]


def _short(arguments: Sequence[str], folder: Path) -> str:
    """For the eye: without the folder's path, and without most of a signature or a long name."""
    shown = [argument.replace(f"{folder}/", "").replace(f"{folder.parent}/", "") for argument in arguments]
    return " ".join(text if len(text) <= 48 else f"{text[:45]}..." for text in shown)
