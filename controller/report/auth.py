"""Who we are at GitHub or GitLab: the header that proves it, and the name under which our comments appear."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote

import jwt

from controller.apimachinery import objects
from controller.apimachinery.timestamps import from_time
from controller.report.folders import GITHUB, Secrets, is_token
from controller.report.outcomes import Answer, Unauthorized, Unavailable, check
from controller.report.web import Web

# Seconds. GitHub accepts tokens of at most ten minutes from an App, and its clock may be behind ours.
_JWT_SECONDS: Final = 540
_CLOCK_SKEW: Final = 60
# Seconds before its end at which a token is replaced.
_MARGIN: Final = 300
# What GitHub asks every client to send.
_GITHUB: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class Auth(Protocol):
    """The identity that one folder gives us. Thread-safe. The methods raise a `Problem` of `outcomes`."""

    def headers(self, path: str) -> Mapping[str, str]:
        """Return the headers of a request about the repository `path` (`org/name`)."""
        ...

    def renew(self) -> bool:
        """Forget what was refused with 401. Returns whether another try may succeed."""
        ...

    def login(self) -> str:
        """Return the user name under which our comments appear."""
        ...


def of(secrets: Secrets, web: Web) -> Auth:
    """Return the identity that the content of a folder gives."""
    return App(secrets, web) if secrets.app_id else Token(secrets, web)


class Token:
    """A token of a user, of a project or of a group."""

    def __init__(self, secrets: Secrets, web: Web) -> None:
        self._web = web
        self._login = secrets.login
        token, is_github = secrets.token, secrets.provider == GITHUB
        self._headers = {**_GITHUB, "Authorization": f"Bearer {token}"} if is_github else {"PRIVATE-TOKEN": token}
        self._name = "login" if is_github else "username"

    def headers(self, path: str) -> Mapping[str, str]:
        """See `Auth.headers`."""
        return self._headers

    def renew(self) -> bool:
        """The file may have another token now, but then this object is replaced."""
        return False

    def login(self) -> str:
        """See `Auth.login`."""
        if not self._login:
            answer = check(self._web.send("GET", "/user", headers=self._headers), "GET /user")
            self._login = _word(answer, self._name, "GET /user")
        return self._login


@dataclass(frozen=True, slots=True)
class _Lent:
    """A token of an installation, and when it ends in seconds since 1970."""

    token: str
    ends: float


class App:
    """A GitHub App. It gets a token of an hour for each organisation or user that has installed it."""

    def __init__(self, secrets: Secrets, web: Web, *, now: Callable[[], float] = time.time) -> None:
        self._id = secrets.app_id
        self._key = secrets.app_key
        self._login = secrets.login
        self._web = web
        self._now = now
        self._lock = threading.Lock()
        self._installations: dict[str, int] = {}
        self._lent: dict[int, _Lent] = {}

    def headers(self, path: str) -> Mapping[str, str]:
        """See `Auth.headers`."""
        with self._lock:
            installation = self._installation_locked(path)
            lent = self._lent.get(installation)
            if lent is None or lent.ends - _MARGIN < self._now():
                lent = self._lent[installation] = self._borrow(installation)
        return {**_GITHUB, "Authorization": f"Bearer {lent.token}"}

    def renew(self) -> bool:
        """See `Auth.renew`. The App may have been installed again."""
        with self._lock:
            had, self._lent = bool(self._lent), {}
            self._installations.clear()
        return had

    def login(self) -> str:
        """See `Auth.login`."""
        if not self._login:
            answer = check(self._web.send("GET", "/app", headers=self._proof()), "GET /app")
            self._login = f"{_word(answer, 'slug', 'GET /app')}[bot]"
        return self._login

    def _installation_locked(self, path: str) -> int:
        owner = path.partition("/")[0].lower()
        if owner not in self._installations:
            what = f"/repos/{quote(path)}/installation"
            answer = check(self._web.send("GET", what, headers=self._proof()), f"GET {what}")
            self._installations[owner] = objects.number(objects.mapping(answer.body).get("id"))
        return self._installations[owner]

    def _borrow(self, installation: int) -> _Lent:
        what = f"/app/installations/{installation}/access_tokens"
        answer = check(self._web.send("POST", what, headers=self._proof()), f"POST {what}")
        ends = from_time(objects.mapping(answer.body).get("expires_at"))
        return _Lent(_word(answer, "token", f"POST {what}"), ends.timestamp() if ends else self._now() + _MARGIN + 60)

    def _proof(self) -> Mapping[str, str]:
        now = int(self._now())
        claims = {"iat": now - _CLOCK_SKEW, "exp": now + _JWT_SECONDS, "iss": self._id}
        try:
            proof = jwt.encode(claims, self._key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            # The text of the error may quote the key.
            raise Unauthorized("app-key: the file has to hold the private key of the App in PEM") from None
        return {**_GITHUB, "Authorization": f"Bearer {proof}"}


def _word(answer: Answer, field: str, what: str) -> str:
    """Return a field that an answer must have, a token or a user name. Raises Unavailable if it has not."""
    found = objects.text(objects.mapping(answer.body).get(field))
    if not is_token(found):
        raise Unavailable(f"{what}: the answer has no {field}")
    return found
