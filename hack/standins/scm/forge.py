"""One forge: what it holds, who may ask, what goes wrong, and which requests came. Safe to call from any thread."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from hack.standins.scm.access import App, Installation, Token
from hack.standins.scm.exchange import Answer, Request
from hack.standins.scm.faults import Fault, Faults
from hack.standins.scm.github.api import GitHub
from hack.standins.scm.gitlab.api import PREFIX as GITLAB
from hack.standins.scm.gitlab.api import GitLab
from hack.standins.scm.ledger import Entry, Ledger
from hack.standins.scm.limits import Limits, Meter
from hack.standins.scm.model import (
    Comment,
    CommitStatus,
    Deployment,
    Environment,
    EnvironmentDeployment,
    PullRequest,
    Repository,
)
from hack.standins.scm.store import Store

T = TypeVar("T")
ALL = {"*": "write"}


class Forge:
    """A GitHub and a GitLab with the same repositories; each object is seen through both APIs where both have it."""

    def __init__(self, *, limits: Limits | None = None, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives Unix time."""
        self._clock = clock
        self._lock = threading.RLock()
        self._healed = threading.Event()
        self._store = Store()
        self._meter = Meter(limits or Limits())
        self._faults = Faults()
        self._ledger = Ledger()
        self._github = GitHub(self._store, self._meter)
        self._gitlab = GitLab(self._store, self._meter)

    # What the server asks.

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to a request of one of the APIs; None: close the connection without one."""
        arrived = self._clock()
        with self._lock:
            fault, healed = self._faults.take(request), self._healed
        if fault is not None and fault.delay:
            healed.wait(fault.delay)
        real: Answer | None = None
        login = ""
        with self._lock:
            if fault is None or fault.carry_out or fault.only_late:
                api = self._gitlab if request.path.startswith(f"{GITLAB}/") else self._github
                real, login = api.answer(request, self._clock())
            answer = real if fault is None or fault.only_late else fault.answer
            self._ledger.add(
                Entry(
                    time=arrived,
                    method=request.method,
                    path=request.target,
                    login=login,
                    status=0 if real is None and answer is None else (real or answer or Answer()).status,
                    body=request.body,
                    faulty=fault is not None,
                )
            )
        return answer

    # What a test or the demonstration does.

    def add_repository(
        self,
        path: str,
        *,
        private: bool = False,
        default_branch: str = "main",
        commits: Mapping[str, str] | None = None,
    ) -> int:
        """Make a repository (a project); `commits` are SHA -> branch. Returns its id."""
        with self._lock:
            repository = Repository(
                id=self._store.next_id(),
                path=path,
                created=self._clock(),
                private=private,
                default_branch=default_branch,
                commits=dict(commits or {"0" * 40: default_branch}),
            )
            self._store.repositories[repository.id] = repository
            return repository.id

    def rename(self, path: str, to: str) -> None:
        """Move a repository; its former path answers with redirects."""
        with self._lock:
            repository = self._repository(path)
            repository.former.add(repository.path)
            repository.path = to

    def open_pull(
        self,
        path: str,
        number: int,
        *,
        sha: str,
        title: str = "A change",
        author: str = "author",
        branch: str = "change",
        head: str | None = "",
    ) -> None:
        """Open a pull request. `head`: the path of the fork that has the branch; "": no fork; None: a deleted fork."""
        with self._lock:
            repository, now = self._repository(path), self._clock()
            source = None if head is None else self._repository(head) if head else repository
            repository.commits[sha] = branch
            self._store.pulls.append(
                PullRequest(
                    id=self._store.next_id(),
                    repository=repository,
                    number=number,
                    title=title,
                    author=self._store.user(author),
                    branch=branch,
                    sha=sha,
                    head=source,
                    created=now,
                    updated=now,
                )
            )

    def push(self, path: str, number: int, *, sha: str) -> None:
        """Give the pull request another head."""
        with self._lock:
            pull = self._pull(path, number)
            pull.sha, pull.updated = sha, self._clock()
            pull.repository.commits[sha] = pull.branch

    def close(self, path: str, number: int, *, merged: bool = True) -> None:
        """Close the pull request."""
        with self._lock:
            pull = self._pull(path, number)
            pull.closed = pull.updated = self._clock()
            pull.merged = merged

    def reopen(self, path: str, number: int) -> None:
        """Reopen the pull request."""
        with self._lock:
            pull = self._pull(path, number)
            pull.closed, pull.merged, pull.updated = None, False, self._clock()

    def lock_conversation(self, path: str, number: int) -> None:
        """Refuse further comments on the pull request."""
        with self._lock:
            self._pull(path, number).locked = True

    def add_token(
        self,
        value: str,
        *,
        login: str = "tronador",
        permissions: Mapping[str, str] | None = None,
        owners: Iterable[str] | None = None,
        expires_in: float = float("inf"),
        level: int = 30,
        app: int = 0,
    ) -> None:
        """Let a token in; see `access.Token`. `owners`: None for all; `expires_in`: seconds."""
        with self._lock:
            self._store.tokens[value] = Token(
                value=value,
                user=self._store.user(login, is_bot=app != 0),
                permissions=ALL if permissions is None else permissions,
                owners=None if owners is None else frozenset(owner.lower() for owner in owners),
                expires=self._clock() + expires_in,
                app=app,
                level=level,
            )

    def revoke_token(self, value: str) -> None:
        """Refuse the token from now on."""
        with self._lock:
            self._store.tokens.pop(value, None)

    def revoke_installation_tokens(self) -> None:
        """Refuse every token that an App was given so far."""
        with self._lock:
            for value in [token.value for token in self._store.tokens.values() if token.app]:
                del self._store.tokens[value]

    def add_app(
        self,
        number: int,
        *,
        slug: str,
        public_key: str,
        owner: str,
        permissions: Mapping[str, str],
        installed_for: Iterable[str] = (),
    ) -> None:
        """Register a GitHub App, installed for some owners. `public_key`: PEM."""
        with self._lock:
            now = self._clock()
            app = App(
                id=number,
                slug=slug,
                client_id=f"Iv1.{number:016x}",
                public_key=public_key,
                bot=self._store.user(f"{slug}[bot]", is_bot=True),
                owner=self._store.user(owner),
                permissions=permissions,
                created=now,
            )
            for one in installed_for:
                installation = Installation(
                    id=self._store.next_id(), owner=self._store.user(one), permissions=permissions, created=now
                )
                app.installations[installation.id] = installation
            self._store.apps[number] = app

    def comment(self, path: str, number: int, *, login: str, body: str) -> int:
        """Let somebody comment on a pull request; returns the comment's id."""
        with self._lock:
            now = self._clock()
            comment = Comment(
                id=self._store.next_id(),
                pull=self._pull(path, number),
                author=self._store.user(login),
                body=body,
                created=now,
                updated=now,
            )
            self._store.comments[comment.id] = comment
            return comment.id

    def edit_comment(self, number: int, *, body: str) -> None:
        """Let a human edit anybody's comment. Raises KeyError if it is gone."""
        with self._lock:
            comment = self._store.comments[number]
            comment.body, comment.updated = body, self._clock()

    def delete_comment(self, number: int) -> None:
        """Let a human remove a comment. Raises KeyError if it is gone."""
        with self._lock:
            del self._store.comments[number]

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Set other faults. Without any, everything works, and frozen requests continue."""
        with self._lock:
            self._faults.replace(faults)
            self._healed.set()
            self._healed = threading.Event()

    def clear_ledger(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._ledger.clear()

    # What there is now: copies, which do not change.

    def requests(self, method: str = "*", path: str = "*") -> Sequence[Entry]:
        """Return the requests whose method and path (with the query) match the globs, in order."""
        with self._lock:
            return self._ledger.entries(method, path)

    def writes(self) -> Sequence[Entry]:
        """Return the requests that changed what people see, in order."""
        with self._lock:
            return self._ledger.writes()

    def pull(self, path: str, number: int) -> PullRequest:
        """Return a pull request."""
        return self._copy(lambda: self._pull(path, number))

    def comments(self, path: str, number: int) -> list[Comment]:
        """Return the comments of a pull request, oldest first."""
        return self._copies(lambda: self._store.comments_of(self._pull(path, number)))

    def statuses(self, path: str, sha: str) -> list[CommitStatus]:
        """Return the statuses of a commit, oldest first."""
        return self._copies(lambda: self._store.statuses_of(self._repository(path), sha)[::-1])

    def deployments(self, path: str) -> list[Deployment]:
        """Return the deployments on GitHub, oldest first."""
        return self._copies(lambda: self._store.deployments_of(self._repository(path))[::-1])

    def environments(self, path: str) -> list[Environment]:
        """Return the environments on GitLab, oldest first."""
        return self._copies(lambda: self._store.environments_of(self._repository(path)))

    def environment_deployments(self, path: str) -> list[EnvironmentDeployment]:
        """Return the deployments on GitLab, oldest first."""
        return self._copies(lambda: self._store.deployments_to(self._store.environments_of(self._repository(path))))

    def _copy(self, get: Callable[[], T]) -> T:
        with self._lock:
            return copy.deepcopy(get())

    def _copies(self, get: Callable[[], list[T]]) -> list[T]:
        with self._lock:
            return copy.deepcopy(get())

    def _repository(self, path: str) -> Repository:
        found = self._store.repository(path)
        if found is None:
            raise ValueError(f"there is no repository {path}")
        return found[0]

    def _pull(self, path: str, number: int) -> PullRequest:
        found = self._store.pull(self._repository(path), number)
        if found is None:
            raise ValueError(f"{path} has no pull request {number}")
        return found
