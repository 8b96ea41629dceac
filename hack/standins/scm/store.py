"""Everything that one forge holds, found by the names that requests use. The caller holds the lock of the forge."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hack.standins.scm.access import App, Token
from hack.standins.scm.model import (
    Comment,
    CommitStatus,
    Deployment,
    Environment,
    EnvironmentDeployment,
    PullRequest,
    Repository,
    User,
)


class Store:
    """The objects; ids count up from one number for all kinds, so that none fits another kind."""

    def __init__(self) -> None:
        self._ids = itertools.count(1001)
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.apps: dict[int, App] = {}
        self.repositories: dict[int, Repository] = {}
        self.pulls: list[PullRequest] = []
        self.comments: dict[int, Comment] = {}
        self.statuses: list[CommitStatus] = []
        self.deployments: dict[int, Deployment] = {}
        self.environments: dict[int, Environment] = {}
        self.environment_deployments: dict[int, EnvironmentDeployment] = {}

    def next_id(self) -> int:
        """Return a number that was never given."""
        return next(self._ids)

    def user(self, login: str, *, is_bot: bool = False) -> User:
        """Return an account, made if it is new."""
        key = login.lower()
        if key not in self.users:
            self.users[key] = User(id=self.next_id(), login=login, is_bot=is_bot)
        return self.users[key]

    def repository(self, path: str) -> tuple[Repository, bool] | None:
        """Return the repository at a path in any case, and whether the path is a former one; None: there is none."""
        wanted = path.lower()
        for repository in self.repositories.values():
            if repository.path.lower() == wanted:
                return repository, False
        for repository in self.repositories.values():
            if wanted in (former.lower() for former in repository.former):
                return repository, True
        return None

    def pull(self, repository: Repository, number: int) -> PullRequest | None:
        """Return a pull request of a repository."""
        return next((pull for pull in self.pulls if pull.repository is repository and pull.number == number), None)

    def comments_of(self, pull: PullRequest) -> list[Comment]:
        """Return the comments of a pull request, oldest first."""
        return [comment for comment in self.comments.values() if comment.pull is pull]

    def statuses_of(self, repository: Repository, sha: str) -> list[CommitStatus]:
        """Return the statuses of a commit, newest first."""
        found = [status for status in self.statuses if status.repository is repository and status.sha == sha]
        return found[::-1]

    def deployments_of(self, repository: Repository) -> list[Deployment]:
        """Return the deployments of a repository, newest first."""
        return [found for found in reversed(self.deployments.values()) if found.repository is repository]

    def environments_of(self, repository: Repository) -> list[Environment]:
        """Return the environments of a project, oldest first."""
        return [found for found in self.environments.values() if found.repository is repository]

    def deployments_to(self, environments: Iterable[Environment]) -> list[EnvironmentDeployment]:
        """Return the deployments to environments, oldest first."""
        wanted = {environment.id for environment in environments}
        return [found for found in self.environment_deployments.values() if found.environment.id in wanted]
