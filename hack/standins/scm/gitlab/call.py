"""One request to GitLab's API with what it was resolved to, and the answers that refuse one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NoReturn

from hack.standins.scm.access import Token
from hack.standins.scm.exchange import Answer, Refusal, Request, page_of
from hack.standins.scm.gitlab.shapes import Shapes
from hack.standins.scm.model import PullRequest, Repository, User
from hack.standins.scm.store import Store

DEFAULT_PAGE: Final = 20
LONGEST: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request; `resolved` is the project for paths below one. `now` is Unix time."""

    request: Request
    names: Mapping[str, str]
    store: Store
    shapes: Shapes
    token: Token | None
    resolved: Repository | None
    now: float

    @property
    def project(self) -> Repository:
        """The project of a path below one."""
        assert self.resolved is not None
        return self.resolved

    @property
    def user(self) -> User:
        """The account; 401 if there is none."""
        if self.token is None:
            refuse(HTTPStatus.UNAUTHORIZED, "401 Unauthorized")
        return self.token.user

    def pull(self) -> PullRequest:
        """Return the merge request of the path; 404 if there is none."""
        found = self.store.pull(self.project, int(self.names["iid"]))
        return found if found is not None else refuse(HTTPStatus.NOT_FOUND, "404 Not found")

    def text(self, field: str) -> str | None:
        """Return a text field of the body; None if it is missing or null."""
        value = self.request.body.get(field)
        if value is not None and not isinstance(value, str):
            refuse_parameter(f"{field} is invalid")
        return value

    def required(self, field: str) -> str:
        """Return a text field of the body; 400 if it is missing."""
        value = self.text(field)
        if value is None:
            refuse_parameter(f"{field} is missing")
        if not value:
            refuse_parameter(f"{field} is empty")
        return value

    def listed(self, items: Sequence[Any]) -> Answer:
        """Return the page of a list that the request asks for."""
        page = page_of(items, self.request, size=DEFAULT_PAGE)
        headers = {
            "X-Page": str(page.number),
            "X-Per-Page": str(page.size),
            "X-Prev-Page": str(page.number - 1) if page.number > 1 else "",
            "X-Next-Page": str(page.number + 1) if page.number < page.last else "",
            "X-Total": str(page.total),
            "X-Total-Pages": str(page.last),
        }
        return Answer(body=list(page.items), headers={**headers, **page.links(self.request)})


def refuse(status: HTTPStatus, message: object, headers: Mapping[str, str] | None = None) -> NoReturn:
    """End the request with an error in GitLab's form."""
    raise Refusal(Answer(status=status, body={"message": message}, headers=headers or {}))


def refuse_parameter(words: str) -> NoReturn:
    """End the request because a parameter is missing or wrong."""
    raise Refusal(Answer(status=HTTPStatus.BAD_REQUEST, body={"error": words}))


def check_length(field: str, value: str | None, longest: int = LONGEST) -> None:
    """Refuse a text that does not fit."""
    if value is not None and len(value) > longest:
        refuse(HTTPStatus.BAD_REQUEST, {field: [f"is too long (maximum is {longest} characters)"]})


def check_url(field: str, value: str | None) -> None:
    """Refuse a link that is not http or https."""
    if value and not value.lower().startswith(("http://", "https://")):
        refuse(HTTPStatus.BAD_REQUEST, {field: ["is blocked: Only allowed schemes are http, https"]})
