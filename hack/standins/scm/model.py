"""What a forge holds: people, repositories with pull requests, and what programs write to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account; a bot belongs to a GitHub App."""

    id: int
    login: str
    is_bot: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Repository:
    """A repository (GitLab: a project).

    Attributes:
        path: `owner/name`; on GitLab with any number of groups.
        former: the paths that it had before it was renamed.
        commits: the SHA of each commit -> the branch that it is on.
    """

    id: int
    path: str
    created: float
    private: bool = False
    default_branch: str = "main"
    former: set[str] = field(default_factory=set)
    commits: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The path of the owner or group."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def commit_of(self, ref: str) -> str:
        """Return the SHA that a SHA or a branch names, or ""."""
        if ref in self.commits:
            return ref
        return next((sha for sha, branch in reversed(self.commits.items()) if branch == ref), "")


@dataclass(slots=True, kw_only=True, eq=False)
class PullRequest:
    """A pull request (GitLab: a merge request). `head` is the repository of its branch, None if that was deleted."""

    id: int
    repository: Repository
    number: int
    title: str
    author: User
    branch: str
    sha: str
    head: Repository | None
    created: float
    updated: float
    closed: float | None = None
    merged: bool = False
    locked: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Comment:
    """A comment (GitLab: a note) on a pull request."""

    id: int
    pull: PullRequest
    author: User
    body: str
    created: float
    updated: float
    app: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class CommitStatus:
    """The status of a commit under a context; GitHub never changes one, and the newest counts."""

    id: int
    repository: Repository
    sha: str
    context: str
    state: str
    author: User
    created: float
    updated: float
    ref: str = ""
    target_url: str | None = None
    description: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class DeploymentStatus:
    """One status of a GitHub deployment."""

    id: int
    state: str
    author: User
    created: float
    environment: str
    description: str = ""
    target_url: str = ""
    environment_url: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Deployment:
    """A deployment on GitHub."""

    id: int
    repository: Repository
    ref: str
    sha: str
    task: str
    environment: str
    transient: bool
    production: bool
    description: str | None
    payload: Mapping[str, Any] | str
    author: User
    created: float
    updated: float
    app: int = 0
    statuses: list[DeploymentStatus] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The newest status; a new deployment is pending."""
        return self.statuses[-1].state if self.statuses else "pending"


@dataclass(slots=True, kw_only=True, eq=False)
class Environment:
    """An environment on GitLab."""

    id: int
    repository: Repository
    name: str
    slug: str
    tier: str
    created: float
    updated: float
    external_url: str | None = None
    state: str = "available"


@dataclass(slots=True, kw_only=True, eq=False)
class EnvironmentDeployment:
    """A deployment to an environment on GitLab."""

    id: int
    iid: int
    environment: Environment
    ref: str
    sha: str
    status: str
    author: User
    created: float
    updated: float
