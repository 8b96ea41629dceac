"""One request to GitHub's API with what it was resolved to, and the answers that refuse one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NoReturn

from hack.standins.scm.access import App, Token
from hack.standins.scm.exchange import Answer, Page, Refusal, Request, page_of
from hack.standins.scm.github.shapes import Shapes
from hack.standins.scm.model import PullRequest, Repository, User
from hack.standins.scm.store import Store

DOCUMENTATION: Final = "https://docs.github.com/rest"
DEFAULT_PAGE: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request.

    Attributes:
        names: the decoded names in its path.
        token: of the account; None: the request is anonymous, or from an App.
        app: the App whose JWT proved it, or None.
        resolved: the repository, for paths below one.
        now: Unix time.
    """

    request: Request
    names: Mapping[str, str]
    store: Store
    shapes: Shapes
    token: Token | None
    app: App | None
    resolved: Repository | None
    now: float

    @property
    def repository(self) -> Repository:
        """The repository of a path below one."""
        assert self.resolved is not None
        return self.resolved

    @property
    def user(self) -> User:
        """The account; 401 if there is none."""
        if self.token is None:
            refuse(HTTPStatus.UNAUTHORIZED, "Requires authentication")
        return self.token.user

    @property
    def writer(self) -> int:
        """The id of the App whose installation asks, or 0."""
        return self.token.app if self.token is not None else 0

    def pull(self) -> PullRequest:
        """Return the pull request of the path; 404 if there is none."""
        found = self.store.pull(self.repository, int(self.names["number"]))
        return found if found is not None else refuse(HTTPStatus.NOT_FOUND, "Not Found")

    def owner_of(self, repository: Repository) -> User:
        """Return the account that owns a repository."""
        return self.store.user(repository.owner)

    def text(self, field: str, default: str | None = None) -> str:
        """Return a text field of the body; 422 if it is missing without a default, or no text."""
        value = self.request.body.get(field, default)
        if value is None and default is not None:
            value = default
        if not isinstance(value, str):
            refuse_words(f'Invalid request.\n\n"{field}" wasn\'t supplied.' if value is None else not_a(field, value))
        return value

    def flag(self, field: str, default: bool) -> bool:
        """Return a boolean field of the body; 422 if it is something else."""
        value = self.request.body.get(field, default)
        if not isinstance(value, bool):
            refuse_words(f"Invalid request.\n\nFor 'properties/{field}', {value!r} is not a boolean.")
        return value

    def page(self, items: list[Any]) -> tuple[Page, dict[str, str]]:
        """Return the page of a list that the request asks for, and its headers."""
        page = page_of(items, self.request, size=DEFAULT_PAGE)
        return page, page.links(self.request)


def not_a(field: str, value: object) -> str:
    """Return what GitHub says of a field that should be text."""
    return f"Invalid request.\n\nFor 'properties/{field}', {value!r} is not a string."


def refuse(status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> NoReturn:
    """End the request with an error in GitHub's form."""
    body = {"message": message, **more, "documentation_url": DOCUMENTATION, "status": str(int(status))}
    raise Refusal(Answer(status=status, body=body, headers=headers or {}))


def refuse_words(words: str) -> NoReturn:
    """End the request because its body does not fit the schema."""
    refuse(HTTPStatus.UNPROCESSABLE_ENTITY, words)


def refuse_field(resource: str, field: str, code: str, message: str = "") -> NoReturn:
    """End the request because of the value of a field."""
    error = {"resource": resource, "code": code, "field": field, **({"message": message} if message else {})}
    refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation Failed", errors=[error])


def check_url(resource: str, field: str, url: str) -> None:
    """Refuse a link that is not http or https; "" is allowed."""
    if url and not url.lower().startswith(("http://", "https://")):
        refuse_field(resource, field, "custom", f"{field} must use http(s) scheme")
