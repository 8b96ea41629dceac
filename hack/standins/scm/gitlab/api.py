"""GitLab's API as a whole: which path is whose, who may, and the headers of every answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from hack.standins.scm.access import Token
from hack.standins.scm.caching import with_etag
from hack.standins.scm.exchange import Answer, Refusal, Request, Route, find
from hack.standins.scm.gitlab import environments, notes, statuses
from hack.standins.scm.gitlab.call import Call, refuse
from hack.standins.scm.gitlab.shapes import Shapes
from hack.standins.scm.limits import Meter
from hack.standins.scm.model import Repository
from hack.standins.scm.store import Store

PREFIX: Final = "/api/v4"
_PROJECT: Final = "/projects/{id}"
_NOTES: Final = f"{_PROJECT}/merge_requests/{{iid:d}}/notes"
_REPORTER, _DEVELOPER = ("reporter",), ("developer",)
_LEVELS: Final = {"reporter": 20, "developer": 30}

ROUTES: Final[tuple[Route[Call], ...]] = (
    Route("GET", "/user", notes.me),
    Route("GET", _PROJECT, notes.project),
    Route("GET", f"{_PROJECT}/merge_requests/{{iid:d}}", notes.merge_request),
    Route("GET", _NOTES, notes.notes),
    Route("POST", _NOTES, notes.create, _REPORTER),
    Route("GET", f"{_NOTES}/{{note:d}}", notes.get),
    Route("PUT", f"{_NOTES}/{{note:d}}", notes.edit, _REPORTER),
    Route("DELETE", f"{_NOTES}/{{note:d}}", notes.delete, _REPORTER),
    Route("POST", f"{_PROJECT}/statuses/{{sha}}", statuses.create, _DEVELOPER),
    Route("GET", f"{_PROJECT}/repository/commits/{{sha}}/statuses", statuses.list_of_commit),
    Route("GET", f"{_PROJECT}/environments", environments.list_of_project),
    Route("POST", f"{_PROJECT}/environments", environments.create, _DEVELOPER),
    Route("GET", f"{_PROJECT}/environments/{{environment:d}}", environments.get),
    Route("PUT", f"{_PROJECT}/environments/{{environment:d}}", environments.update, _DEVELOPER),
    Route("DELETE", f"{_PROJECT}/environments/{{environment:d}}", environments.delete, _DEVELOPER),
    Route("POST", f"{_PROJECT}/environments/{{environment:d}}/stop", environments.stop, _DEVELOPER),
    Route("GET", f"{_PROJECT}/deployments", environments.list_of_deployments),
    Route("POST", f"{_PROJECT}/deployments", environments.create_deployment, _DEVELOPER),
    Route("GET", f"{_PROJECT}/deployments/{{deployment:d}}", environments.get_deployment),
    Route("PUT", f"{_PROJECT}/deployments/{{deployment:d}}", environments.update_deployment, _DEVELOPER),
)


class GitLab:
    """Answers the requests of one server. The caller holds the lock of the forge."""

    def __init__(self, store: Store, meter: Meter) -> None:
        self._store = store
        self._meter = meter

    def answer(self, request: Request, now: float) -> tuple[Answer, str]:
        """Return the answer, and the login of the account that asked, or ""."""
        token: Token | None = None
        try:
            token = self._authenticate(request, now)
            answer = with_etag(request, self._limited(request, token, now))
        except Refusal as refusal:
            answer = refusal.answer
        login = token.user.login if token is not None else ""
        self._meter.use(login, now)
        account, limit = self._meter.account(login, now), self._meter.limits.requests
        headers = {
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Limit": str(limit),
            "RateLimit-Observed": str(account.used),
            "RateLimit-Remaining": str(max(0, limit - account.used)),
            "RateLimit-Reset": str(int(account.reset) + 1),
        }
        return answer.with_headers(headers), login

    def _limited(self, request: Request, token: Token | None, now: float) -> Answer:
        login = token.user.login if token is not None else ""
        if self._meter.is_exhausted(login, now):
            wait = int(self._meter.account(login, now).reset - now) + 1
            text = "Retry later\n"
            return Answer(status=HTTPStatus.TOO_MANY_REQUESTS, text=text, headers={"Retry-After": str(wait)})
        if request.writes and token is not None and (wait := int(self._meter.wait_for_content(login, now))):
            words = "This endpoint has been requested too many times. Try again later."
            refuse(HTTPStatus.TOO_MANY_REQUESTS, {"error": words}, {"Retry-After": str(wait + 1)})
        found = find(ROUTES, request.method, request.path.removeprefix(PREFIX))
        if found is None:
            raise Refusal(Answer(status=HTTPStatus.NOT_FOUND, body={"error": "404 Not Found"}))
        route, names = found
        project = self._project(request, names["id"], token) if "id" in names else None
        if project is not None and route.needs:
            self._permit(route, token, project)
        return route.answer(
            Call(
                request=request,
                names=names,
                store=self._store,
                shapes=Shapes(request.root),
                token=token,
                resolved=project,
                now=now,
            )
        )

    def _project(self, request: Request, name: str, token: Token | None) -> Repository:
        if name.isdigit():
            by_id = self._store.repositories.get(int(name))
            found = None if by_id is None else (by_id, False)
        else:
            found = self._store.repository(name)
        if found is None or (found[0].private and (token is None or not token.reaches(found[0]))):
            refuse(HTTPStatus.NOT_FOUND, "404 Project Not Found")
        project, moved = found
        if moved:
            if request.writes:
                refuse(HTTPStatus.METHOD_NOT_ALLOWED, "Non GET methods are not allowed for moved projects")
            path = request.path.replace(quote(name, safe=""), str(project.id), 1)
            where = request.root + path
            words = f"This resource has been moved permanently to {where}"
            refuse(HTTPStatus.MOVED_PERMANENTLY, words, {"Location": where})
        return project

    @staticmethod
    def _permit(route: Route[Call], token: Token | None, project: Repository) -> None:
        if token is None:
            refuse(HTTPStatus.UNAUTHORIZED, "401 Unauthorized")
        if not token.allows("api", write=True):
            words = "The request requires higher privileges than provided by the access token."
            body = {"error": "insufficient_scope", "error_description": words, "scope": "api"}
            raise Refusal(Answer(status=HTTPStatus.FORBIDDEN, body=body))
        if not token.reaches(project) or token.level < _LEVELS[route.needs[0]]:
            refuse(HTTPStatus.FORBIDDEN, "403 Forbidden")

    def _authenticate(self, request: Request, now: float) -> Token | None:
        value = request.headers.get("private-token") or request.headers.get("authorization", "").partition(" ")[2]
        if not value:
            return None
        token = self._store.tokens.get(value)
        if token is None:
            refuse(HTTPStatus.UNAUTHORIZED, "401 Unauthorized")
        if token.expires <= now:
            words = "Token is expired. You can either do re-authorization or token refresh."
            body = {"error": "invalid_token", "error_description": words}
            raise Refusal(Answer(status=HTTPStatus.UNAUTHORIZED, body=body))
        return token
