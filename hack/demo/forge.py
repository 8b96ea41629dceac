"""The stand-in of GitHub: the demonstration's pull request, and what it shows about the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import urllib3

from hack.demo import webhooks
from hack.demo.repositories import APPLICATION_URL, BRANCH

OWNER, NAME = APPLICATION_URL.split("/")[-2:]
PATH: Final = f"{OWNER}/{NAME}"
_TOKEN: Final = "the-token-of-the-demonstration"  # noqa: S105 - opens nothing but the stand-in
# The permissions that docs/feedback.md names, and no others.
_RIGHTS: Final = {"metadata": "read", "pull_requests": "write", "statuses": "write", "deployments": "write"}
_SHORT: Final = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """What the pull request shows.

    Attributes:
        comments: the first sentence of each, and the reason that follows it.
        statuses: state and description of our status of each commit.
        deployments: the state of that of each commit.
    """

    comments: tuple[str, ...]
    statuses: Mapping[str, str]
    deployments: Mapping[str, str]

    @property
    def active(self) -> Mapping[str, str]:
        """The deployments that are not inactive."""
        return {sha: state for sha, state in self.deployments.items() if state != "inactive"}

    @property
    def news(self) -> Mapping[str, str]:
        """Every fact under a name that stays the same while the fact changes."""
        comments = {f"comment {number}": f"comment: {text}" for number, text in enumerate(self.comments)}
        statuses = {f"status {sha}": f"status of {sha[:_SHORT]}: {text}" for sha, text in self.statuses.items()}
        deployments = {
            f"deployment {sha}": f"deployment of {sha[:_SHORT]}: {state}" for sha, state in self.deployments.items()
        }
        return {**comments, **statuses, **deployments}


class PullRequest:
    """The pull request in a running stand-in at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = urllib3.PoolManager(timeout=10.0)

    @property
    def page(self) -> str:
        """Where people see it."""
        return f"{self._url}/{PATH}/pull/{webhooks.NUMBER}"

    def prepare(self, folder: Path) -> Path:
        """Make the repository, and write the reporter's credentials for it; gives their folder."""
        self._do("add_repository", path=PATH)
        self._do("add_token", value=_TOKEN, permissions=_RIGHTS, owners=[OWNER])
        folder.mkdir()
        (folder / "token").write_text(_TOKEN)
        (folder / "api").write_text(f"{self._url}/api/v3")
        return folder

    def follow(self, action: str, *, sha: str) -> None:
        """Change it as the action of a webhook says."""
        which = {"path": PATH, "number": webhooks.NUMBER}
        match action:
            case "opened":
                self._do("open_pull", **which, sha=sha, title="Sell more", author=webhooks.USER, branch=BRANCH)
            case "synchronize":
                self._do("push", **which, sha=sha)
            case _:
                self._do("close", **which)

    def look(self) -> Shown:
        """Return what it shows now; nothing before it was opened."""
        answer = self._http.request("GET", f"{self._url}/_scm/pull?path={PATH}&number={webhooks.NUMBER}")
        if answer.status != 200:
            return Shown((), {}, {})
        seen = answer.json()
        return Shown(
            tuple(_words(comment["body"]) for comment in seen["comments"]),
            # The newest comes last.
            {one["sha"]: f"{one['state']}: {one['description']}" for one in seen["statuses"]},
            {one["sha"]: (one["states"] or ["pending"])[-1] for one in seen["deployments"]},
        )

    def writes(self) -> Sequence[Mapping[str, Any]]:
        """Return the writes of the reporter, in order."""
        entries = self._http.request("GET", f"{self._url}/_scm/ledger").json()
        return [entry for entry in entries if entry["method"] not in ("GET", "HEAD") and entry["status"] < 300]

    def _do(self, verb: str, **body: Any) -> None:
        answer = self._http.request("POST", f"{self._url}/_scm/{verb}", json=body)
        if answer.status != 200:
            raise RuntimeError(f"{verb}: {answer.data.decode()}")


def repetitions(writes: Iterable[Mapping[str, Any]]) -> int:
    """Return how many writes say what the one before about the same thing said."""
    last: dict[str, Mapping[str, Any]] = {}
    count = 0
    for entry in writes:
        # There is one comment: it is created at one path, and edited at another.
        about = "comment" if "/comments" in entry["path"] else entry["path"]
        # Another description alone is not news.
        said = {key: value for key, value in entry["body"].items() if key != "description"}
        count += last.get(about) == said
        last[about] = said
    return count


def _words(body: str) -> str:
    text = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL).strip()
    sentence = re.sub(r"[*`]", "", text.partition("\n")[0])
    reason = re.search(r"^```text\n(.*?)\n```$", text, flags=re.DOTALL | re.MULTILINE)
    return f"{sentence} {' '.join(reason[1].split())}" if reason else sentence
