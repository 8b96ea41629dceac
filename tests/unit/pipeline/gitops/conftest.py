"""Fixtures that publish to a real repository in the process of the test."""

import pytest

from controller.pipeline import gitops
from tests.unit.pipeline.gitops.origin_repository import OriginRepository, environment


@pytest.fixture
def repository(tmp_path):
    """The GitOps repository."""
    return OriginRepository(tmp_path)


UNKNOWN = gitops.Origin()


class Pipeline:
    """A pipeline that publishes and retires. `reports` holds the messages of failed attempts."""

    def __init__(self, repository, **target):
        self.reports = []
        self._target = {
            "remote": gitops.parse_remote(str(repository.path)),
            "branch": "main",
            "credentials": gitops.Credentials(),
            "author": gitops.Author("tronador", "tronador@localhost"),
            "timeout": 30.0,
            **target,
        }

    def publish(self, document=None, *, path="envs", revive=False, time="", rand=lambda: 0.0):
        """Publish an environment. Returns the outcome."""
        document = environment() if document is None else document
        found = gitops.read_environment(document, "environment.yaml")
        places = gitops.places(gitops.folder(path), found.name)
        source = gitops.origin_of(found.obj)
        return self._bring(
            places,
            lambda content: gitops.publish(
                content, places=places, document=document, source=source, revive=revive, time=time
            ),
            rand=rand,
        )

    def retire(self, name="shop-74", *, path="envs", source=UNKNOWN, time=""):
        """Retire an environment. Returns the outcome."""
        places = gitops.places(gitops.folder(path), name)
        return self._bring(
            places, lambda content: gitops.retire(content, places=places, source=source, time=time), kin_of=source
        )

    def _bring(self, places, decide, kin_of=None, rand=lambda: 0.0):
        target = gitops.PushTarget(**self._target)
        change = gitops.bring(
            target,
            places,
            decide,
            subject=f"Change {places.name}",
            kin_of=kin_of,
            report=self.reports.append,
            rand=rand,
        )
        return str(change.outcome)


@pytest.fixture
def pipeline(repository):
    """A pipeline that works on the repository."""
    return Pipeline(repository)
