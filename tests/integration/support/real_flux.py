"""The real Flux of a cluster that has one: TRONADOR_TEST_FLUX says so, and at which address Flux reaches this machine.

It runs before the tests and after them. They serve it the charts, and can neither stop it nor slow it down.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest

from controller.api import flux
from controller.apimachinery.errors import NotFound
from controller.client import Client
from hack.samples import Repo, make_application_repository
from hack.standins.crds import FLUX
from hack.standins.git.server import GitServer
from tests.integration.support.ports import free_port
from tests.integration.support.variables import FLUX_ADDRESS

_PORT = free_port(FLUX_ADDRESS) if FLUX_ADDRESS else 0
_PATH = "stakater-lab/stakater-nordmart-inventory"
# Where the chart of nearly every environment lies.
GIT_URL = f"http://{FLUX_ADDRESS}:{_PORT}/{_PATH}" if FLUX_ADDRESS else f"https://github.com/{_PATH}"
_VALUES = "deploy/values.yaml"


def is_its(definition: Mapping[str, Any]) -> bool:
    """Whether a CustomResourceDefinition is one of Flux's."""
    return definition["spec"]["group"] in FLUX


def cannot(what: str) -> NoReturn:
    """Skip a test that asks for something that only the stand-in does."""
    pytest.skip(f"Flux is real: the tests cannot {what}")


class RealFlux:
    """What a test has to do with it.

    Args:
        client: of the cluster.
        stack: ends the serving of charts.
    """

    def __init__(self, client: Client, stack: ExitStack) -> None:
        self._client = client
        self._stack = stack
        self._root: Path | None = None

    def make_repository(self, path: Path) -> Repo:
        """Make the sample application in the folder `path`, for a Flux that waits until every pod is ready.

        No cluster can pull its image, so its Deployment has no pods.
        """
        repo = make_application_repository(path)
        values = (path / _VALUES).read_text()
        repo.commit("Start no pods", {_VALUES: values.replace("replicas: 1", "replicas: 0")})
        return _PushedRepo(path, pushed=self._notify)

    def serve(self, repository: Path | None = None) -> None:
        """Let GIT_URL lead to a repository, the sample application's if None, until the end of the test."""
        root = self._folder()
        if repository is None:
            repository = root / "sample"
            self.make_repository(repository)
        link = root / _PATH
        link.unlink(missing_ok=True)
        link.symlink_to(repository, target_is_directory=True)

    def _folder(self) -> Path:
        """The folder that is served."""
        if self._root is None:
            self._root = Path(self._stack.enter_context(TemporaryDirectory(prefix="charts-")))
            (self._root / _PATH).parent.mkdir(parents=True)
            self._stack.enter_context(GitServer(root=self._root, host=FLUX_ADDRESS, port=_PORT))
        return self._root

    def _notify(self) -> None:
        """Have Flux look at the repository now, for every environment that comes from it."""
        body = {"metadata": {"annotations": {flux.REQUESTED_AT: secrets.token_hex(8)}}}
        for source in self._client.list(flux.GIT_REPOSITORIES)["items"]:
            if source["spec"]["url"] == GIT_URL:
                name, namespace = source["metadata"]["name"], source["metadata"]["namespace"]
                with suppress(NotFound):
                    self._client.patch(flux.GIT_REPOSITORIES, name, body, namespace=namespace)


@dataclass(frozen=True, slots=True)
class _PushedRepo(Repo):
    """A repository that notifies Flux of every push, as Flux's Receiver does: by itself Flux asks once a minute."""

    pushed: Callable[[], None]

    def commit(self, message: str, files: Mapping[str, str | None], *, branch: str = "") -> str:
        sha = Repo.commit(self, message, files, branch=branch)
        self.pushed()
        return sha

    def delete_branch(self, branch: str) -> None:
        Repo.delete_branch(self, branch)
        self.pushed()
