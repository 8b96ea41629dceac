"""The contract of GitHub and GitLab, and how both send requests.

Each method makes one thing as it should be, and writes only what differs. So it can be repeated after any failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from controller.apimachinery import objects
from controller.apimachinery.timestamps import from_time
from controller.report.auth import Auth
from controller.report.outcomes import Answer, Rejected, check
from controller.report.web import Web

PAGE: Final = 100
# A pull request with more comments than these is not searched any further.
_PAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A pull request: the path of its repository (`org/name`), and its number."""

    path: str
    number: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: its number at the provider, its author's user name, and its text."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the status of a commit should say.

    Attributes:
        context: which of the commit's statuses it is.
        branch: that of the commit, or "".
        word: GitHub's word for the state.
        description: one line of text.
        url: where it leads, or "".
    """

    context: str
    branch: str
    word: str
    description: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request as its provider describes it.

    Attributes:
        repository_id: the number of its repository.
        closed: since when it is closed or merged; None while it is open.
    """

    number: int
    repository_id: str
    closed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What a deployment should say.

    Attributes:
        environment: the name of the environment; with `cluster`, it names whose deployment it is.
        commit: the commit that is deployed; "" if nothing is any more.
        branch: that of the commit, or "".
        word: GitHub's word for the state.
        url: where it can be seen, or "".
    """

    environment: str
    cluster: str
    commit: str
    branch: str
    word: str
    url: str
    description: str


class Scm(Protocol):
    """One provider. Every method raises a `Problem` of `outcomes`."""

    def login(self) -> str:
        """Return the user name under which our comments appear."""
        ...

    def pull_request(self, place: Place, *, repository_id: str) -> PullRequest:
        """Return a pull request.

        `repository_id` is the number of its repository, or "" if that is not known. With it, the pull request is also
        found in a repository that was renamed, and never in another one that has taken its name. Raises Refused if it
        does not exist, and Rejected for an answer that is not certain.
        """
        ...

    def comments(self, place: Place) -> Iterator[Comment]:
        """Yield the comments on a pull request, the oldest first."""
        ...

    def comment(self, place: Place, number: int) -> Comment | None:
        """Return a comment, or None if it does not exist any more."""
        ...

    def create_comment(self, place: Place, body: str) -> int:
        """Write a comment. Returns its number."""
        ...

    def edit_comment(self, place: Place, number: int, body: str) -> None:
        """Change the text of a comment."""
        ...

    def delete_comment(self, place: Place, number: int) -> None:
        """Delete a comment."""
        ...

    def set_status(self, place: Place, commit: str, wanted: Status, *, instead_of: str = "") -> bool:
        """Set the status of a commit, unless its state is that already. Returns whether something was written.

        `instead_of`: the word of the only state that may be replaced; "": any.
        """
        ...

    def set_deployment(self, place: Place, wanted: Deployed) -> bool:
        """Make the deployment as it should be. Returns whether something was written."""
        ...


class Session:
    """Sends requests with one identity.

    Args:
        permit: called before each write. Raises NotNow if it has to wait.
    """

    def __init__(self, *, web: Web, auth: Auth, permit: Callable[[], None]) -> None:
        self._web = web
        self._permit = permit
        self.auth = auth

    def get(self, path: str, request: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """Return the answer to a GET about the repository `path`."""
        return check(self._send(path, "GET", request, query, None), f"GET {request}")

    def find(self, path: str, request: str) -> Answer | None:
        """Return the answer to a GET, or None for something that does not exist."""
        answer = self._send(path, "GET", request, None, None)
        return None if answer.status == 404 else check(answer, f"GET {request}")

    def pull_request(
        self,
        place: Place,
        repository_id: str,
        *,
        by_name: str,
        by_id: str,
        read: Callable[[Mapping[str, Any]], PullRequest],
    ) -> PullRequest:
        """Return what `Scm.pull_request` does. `by_name` and `by_id` are the requests, `read` understands an answer."""
        answer = self.find(place.path, by_name) if repository_id else self.get(place.path, by_name)
        found = None if answer is None else _certain(answer, by_name, read)
        if repository_id and (found is None or found.repository_id != repository_id):
            # The name belongs to another repository now, or to none.
            found = _certain(self.get(place.path, by_id), by_id, read)
        if found is None or found.number != place.number or repository_id not in ("", found.repository_id):
            raise Rejected(f"GET {by_name}: the answer is about another pull request")
        return found

    def pages(self, path: str, request: str, query: Mapping[str, str | int]) -> Iterator[Mapping[str, Any]]:
        """Yield the entries of a list, page by page."""
        answer = self.get(path, request, {**query, "per_page": PAGE})
        for _ in range(_PAGES):
            yield from objects.mappings(answer.body)
            following = next_page(answer.headers.get("link", ""))
            if not following:
                return
            try:
                answer = self.get(path, self._web.below(following))
            except ValueError:
                raise Rejected(f"GET {request}: the link to the next page leads to another host") from None

    def write(self, path: str, method: str, request: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a write, and return the object in the answer."""
        self._permit()
        return objects.mapping(check(self._send(path, method, request, None, body), f"{method} {request}").body)

    def _send(
        self,
        path: str,
        method: str,
        request: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        answer = self._web.send(method, request, headers=self.auth.headers(path), query=query, body=body)
        if answer.status == 401 and self.auth.renew():
            answer = self._web.send(method, request, headers=self.auth.headers(path), query=query, body=body)
        return answer


def _certain(answer: Answer, request: str, read: Callable[[Mapping[str, Any]], PullRequest]) -> PullRequest:
    try:
        if answer.status != HTTPStatus.OK:
            raise ValueError(f"{answer.status}")
        return read(objects.mapping(answer.body))
    except ValueError as error:
        raise Rejected(f"GET {request}: the answer is incomplete: {error}") from None


def moment(found: Mapping[str, Any], name: str) -> datetime:
    """Return the time in a field. Raises ValueError if it has none."""
    value = from_time(found.get(name))
    if value is None:
        raise ValueError(f"no {name}")
    return value


def next_page(link: str) -> str:
    """Return the URL of the next page that a header Link names, or ""."""
    for part in link.split(","):
        address, *parameters = part.split(";")
        if any(parameter.strip().replace('"', "") == "rel=next" for parameter in parameters):
            return address.strip().removeprefix("<").removesuffix(">")
    return ""
