"""GitHub's API as a whole: which path is whose, who may, and the headers of every answer."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from hack.standins.scm.access import App, Token, issuer
from hack.standins.scm.caching import with_etag
from hack.standins.scm.exchange import Answer, Refusal, Request, Route, find
from hack.standins.scm.github import deployments, people, pulls, statuses
from hack.standins.scm.github.call import Call, refuse
from hack.standins.scm.github.shapes import Shapes
from hack.standins.scm.limits import Meter
from hack.standins.scm.model import Repository
from hack.standins.scm.store import Store

ENTERPRISE: Final = "/api/v3"
_VERSIONS: Final = ("2022-11-28", "2026-03-10")
_ANONYMOUS_REQUESTS: Final = 60
_REPO: Final = "/repos/{owner}/{repo}"
_COMMENTS: Final = ("issues", "pull_requests")

ROUTES: Final[tuple[Route[Call], ...]] = (
    Route("GET", "/user", people.me),
    Route("GET", "/users/{login}", people.user),
    Route("GET", "/app", people.app),
    Route("GET", "/app/installations", people.installations),
    Route("GET", "/app/installations/{id:d}", people.installation),
    Route("POST", "/app/installations/{id:d}/access_tokens", people.new_token),
    Route("GET", "/orgs/{login}/installation", people.installation_of_owner),
    Route("GET", "/users/{login}/installation", people.installation_of_owner),
    Route("GET", f"{_REPO}/installation", people.installation_of_repository),
    Route("GET", _REPO, people.repository, ("metadata",)),
    Route("GET", f"{_REPO}/pulls/{{number:d}}", pulls.pull, ("pull_requests",)),
    Route("GET", f"{_REPO}/issues/{{number:d}}/comments", pulls.comments, _COMMENTS),
    Route("POST", f"{_REPO}/issues/{{number:d}}/comments", pulls.create_comment, _COMMENTS),
    Route("GET", f"{_REPO}/issues/comments/{{id:d}}", pulls.comment, _COMMENTS),
    Route("PATCH", f"{_REPO}/issues/comments/{{id:d}}", pulls.edit_comment, _COMMENTS),
    Route("DELETE", f"{_REPO}/issues/comments/{{id:d}}", pulls.delete_comment, _COMMENTS),
    Route("POST", f"{_REPO}/statuses/{{sha}}", statuses.create, ("statuses",)),
    Route("GET", f"{_REPO}/commits/{{ref}}/statuses", statuses.list_of_commit, ("statuses",)),
    Route("GET", f"{_REPO}/deployments", deployments.list_of_repository, ("deployments",)),
    Route("POST", f"{_REPO}/deployments", deployments.create, ("deployments",)),
    Route("GET", f"{_REPO}/deployments/{{id:d}}", deployments.get, ("deployments",)),
    Route("DELETE", f"{_REPO}/deployments/{{id:d}}", deployments.delete, ("deployments",)),
    Route("GET", f"{_REPO}/deployments/{{id:d}}/statuses", deployments.statuses, ("deployments",)),
    Route("POST", f"{_REPO}/deployments/{{id:d}}/statuses", deployments.create_status, ("deployments",)),
)


class GitHub:
    """Answers the requests of one server. The caller holds the lock of the forge."""

    def __init__(self, store: Store, meter: Meter) -> None:
        self._store = store
        self._meter = meter

    def answer(self, request: Request, now: float) -> tuple[Answer, str]:
        """Return the answer, and the login of the account that asked, or ""."""
        token: Token | None = None
        try:
            token, app = self._authenticate(request, now)
            answer = with_etag(request, self._limited(request, token, app, now))
        except Refusal as refusal:
            answer = refusal.answer
        login = token.user.login if token is not None else ""
        # GitHub counts what it sends, and a 304 is free for an account.
        if answer.status != HTTPStatus.NOT_MODIFIED and request.path != "/rate_limit":
            self._meter.use(login, now)
        return answer.with_headers(self._headers(login, now)), login

    def _limited(self, request: Request, token: Token | None, app: App | None, now: float) -> Answer:
        path = request.path.removeprefix(ENTERPRISE)
        login = token.user.login if token is not None else ""
        if path == "/rate_limit":
            return Answer(body=self._overview(login, now))
        if self._remaining(login, now) <= 0:
            whose = f"user ID {token.user.id}" if token is not None else "127.0.0.1"
            refuse(HTTPStatus.FORBIDDEN, f"API rate limit exceeded for {whose}.")
        wait = self._meter.wait_for_content(login, now) if request.writes and token is not None else 0.0
        if wait:
            words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            refuse(HTTPStatus.FORBIDDEN, words, {"Retry-After": str(int(wait) + 1)})
        return self._routed(request, path, token, app, now)

    def _routed(self, request: Request, path: str, token: Token | None, app: App | None, now: float) -> Answer:
        prefix = ENTERPRISE if request.path.startswith(ENTERPRISE) else ""
        by_id = re.fullmatch(r"/repositories/([0-9]+)(/.*)?", path)
        repository = self._store.repositories.get(int(by_id[1])) if by_id else None
        if by_id and repository is not None:
            path = f"/repos/{repository.path}{by_id[2] or ''}"
        found = find(ROUTES, request.method, path)
        if found is None:
            refuse(HTTPStatus.NOT_FOUND, "Not Found")
        route, names = found
        if "repo" in names:
            repository = self._repository(request, prefix, names, token, app)
            self._permit(route, request, token, repository)
        api = request.root + prefix
        call = Call(
            request=request,
            names=names,
            store=self._store,
            shapes=Shapes(api=api, web=request.root),
            token=token,
            app=app,
            resolved=repository,
            now=now,
        )
        return route.answer(call)

    def _repository(
        self, request: Request, prefix: str, names: Mapping[str, str], token: Token | None, app: App | None
    ) -> Repository:
        found = self._store.repository(f"{names['owner']}/{names['repo']}")
        if found is None:
            refuse(HTTPStatus.NOT_FOUND, "Not Found")
        repository, moved = found
        if repository.private and app is None and (token is None or not token.reaches(repository)):
            refuse(HTTPStatus.NOT_FOUND, "Not Found")
        if moved:
            rest = request.path.removeprefix(prefix).split("/", 4)[4:]
            where = "/".join((f"{request.root}{prefix}/repositories/{repository.id}", *rest))
            status = HTTPStatus.TEMPORARY_REDIRECT if request.writes else HTTPStatus.MOVED_PERMANENTLY
            refuse(status, "Moved Permanently", {"Location": where}, url=where)
        return repository

    @staticmethod
    def _permit(route: Route[Call], request: Request, token: Token | None, repository: Repository) -> None:
        if not route.needs:
            return
        if token is None:
            if request.writes:
                refuse(HTTPStatus.UNAUTHORIZED, "Requires authentication")
            return
        reaches = token.reaches(repository) or not request.writes
        if reaches and any(token.allows(one, write=request.writes) for one in route.needs):
            return
        level = "write" if request.writes else "read"
        accepted = "; ".join(f"{one}={level}" for one in route.needs)
        kind = "integration" if token.app else "personal access token"
        headers = {"X-Accepted-GitHub-Permissions": accepted}
        refuse(HTTPStatus.FORBIDDEN, f"Resource not accessible by {kind}", headers)

    def _authenticate(self, request: Request, now: float) -> tuple[Token | None, App | None]:
        if not request.headers.get("user-agent"):
            words = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
            raise Refusal(Answer(status=HTTPStatus.FORBIDDEN, text=f"{words}.\n"))
        if (version := request.headers.get("x-github-api-version", _VERSIONS[0])) not in _VERSIONS:
            refuse(HTTPStatus.BAD_REQUEST, f"{version} is not a supported version.")
        value = _credentials(request.headers.get("authorization", ""))
        if not value:
            return None, None
        if value.count(".") == 2:
            app = next(
                (app for app in self._store.apps.values() if issuer(value) in (str(app.id), app.client_id)), None
            )
            wrong = "Integration not found" if app is None else app.proves(value, now)
            if wrong:
                refuse(HTTPStatus.UNAUTHORIZED, wrong)
            return None, app
        token = self._store.tokens.get(value)
        if token is None or token.expires <= now:
            refuse(HTTPStatus.UNAUTHORIZED, "Bad credentials")
        return token, None

    def _remaining(self, login: str, now: float) -> int:
        return self._limit(login) - self._meter.account(login, now).used

    def _limit(self, login: str) -> int:
        return self._meter.limits.requests if login else min(_ANONYMOUS_REQUESTS, self._meter.limits.requests)

    def _headers(self, login: str, now: float) -> dict[str, str]:
        account = self._meter.account(login, now)
        return {
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Request-Id": f"{self._store.next_id():X}",
            "X-RateLimit-Limit": str(self._limit(login)),
            "X-RateLimit-Remaining": str(max(0, self._remaining(login, now))),
            "X-RateLimit-Used": str(account.used),
            "X-RateLimit-Reset": str(int(account.reset) + 1),
            "X-RateLimit-Resource": "core",
        }

    def _overview(self, login: str, now: float) -> dict[str, object]:
        account = self._meter.account(login, now)
        core = {
            "limit": self._limit(login),
            "remaining": max(0, self._remaining(login, now)),
            "reset": int(account.reset) + 1,
            "used": account.used,
        }
        return {"resources": {"core": core, "search": {**core, "limit": 30, "remaining": 30, "used": 0}}, "rate": core}


def _credentials(header: str) -> str:
    kind, _, value = header.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return value
    return value.strip()
