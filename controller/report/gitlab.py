"""Feedback on GitLab: notes of a merge request, statuses of a commit, and an environment with its deployments.

GitLab takes a line of a note that begins with a slash for a command. No line of ours begins with what an author wrote,
except in a block of code, where GitLab does not look for commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from controller.apimachinery import objects
from controller.report.scm import Comment, Deployed, Place, PullRequest, Session, Status, moment

_STATUSES: Final = {"pending": "pending", "success": "success", "failure": "failed", "error": "canceled"}
_DEPLOYMENTS: Final = {"queued": "running", "in_progress": "running", "success": "success", "failure": "failed"}
# When a merge request was closed, by its state.
_CLOSED_AT: Final = {"closed": "closed_at", "merged": "merged_at"}
_RUNNING: Final = "running"
# Characters. GitLab refuses a status or an environment with a longer URL. The comment has it in any case.
_LONGEST_URL: Final = 255
_STOPPED: Final = ("stopped", "stopping")


class GitLab:
    """See `scm.Scm`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def login(self) -> str:
        """See `Scm.login`."""
        return self._session.auth.login()

    def pull_request(self, place: Place, *, repository_id: str) -> PullRequest:
        """See `Scm.pull_request`."""
        return self._session.pull_request(
            place,
            repository_id,
            by_name=f"{_of(place)}/merge_requests/{place.number}",
            by_id=f"/projects/{repository_id}/merge_requests/{place.number}",
            read=_merge_request,
        )

    def comments(self, place: Place) -> Iterator[Comment]:
        """See `Scm.comments`."""
        query = {"sort": "asc", "order_by": "created_at"}
        for entry in self._session.pages(place.path, _notes(place), query):
            # Notes of the system report what people did.
            if entry.get("system") is not True:
                yield _comment(entry)

    def comment(self, place: Place, number: int) -> Comment | None:
        """See `Scm.comment`."""
        answer = self._session.find(place.path, f"{_notes(place)}/{number}")
        return None if answer is None else _comment(objects.mapping(answer.body))

    def create_comment(self, place: Place, body: str) -> int:
        """See `Scm.create_comment`."""
        return objects.number(self._session.write(place.path, "POST", _notes(place), {"body": body}).get("id"))

    def edit_comment(self, place: Place, number: int, body: str) -> None:
        """See `Scm.edit_comment`."""
        self._session.write(place.path, "PUT", f"{_notes(place)}/{number}", {"body": body})

    def delete_comment(self, place: Place, number: int) -> None:
        """See `Scm.delete_comment`."""
        self._session.write(place.path, "DELETE", f"{_notes(place)}/{number}")

    def set_status(self, place: Place, commit: str, wanted: Status, *, instead_of: str = "") -> bool:
        """See `Scm.set_status`."""
        request = f"{_of(place)}/repository/commits/{commit}/statuses"
        found = self._session.pages(place.path, request, {"name": wanted.context})
        state = next((entry.get("status") for entry in found if entry.get("name") == wanted.context), None)
        word = _STATUSES[wanted.word]
        if state == word or (instead_of and state != _STATUSES[instead_of]):
            return False
        body = {"state": word, "name": wanted.context, "description": wanted.description}
        url = _short(wanted.url)
        body |= {"target_url": url} if url else {}
        body |= {"ref": wanted.branch} if wanted.branch else {}
        self._session.write(place.path, "POST", f"{_of(place)}/statuses/{commit}", body)
        return True

    def set_deployment(self, place: Place, wanted: Deployed) -> bool:
        """See `Scm.set_deployment`."""
        name = f"review/{wanted.environment}"
        environment = self._environment(place, name)
        if wanted.word not in _DEPLOYMENTS:
            return self._stop(place, environment)
        written = False
        number, url = objects.number((environment or {}).get("id")), _short(wanted.url)
        if environment is None:
            body = {"name": name, "tier": "development", **({"external_url": url} if url else {})}
            self._session.write(place.path, "POST", f"{_of(place)}/environments", body)
            written = True
        elif url and environment.get("external_url") != url:
            request = f"{_of(place)}/environments/{number}"
            self._session.write(place.path, "PUT", request, {"external_url": url})
            written = True
        return self._deploy(place, name, wanted) or written

    def _deploy(self, place: Place, name: str, wanted: Deployed) -> bool:
        state = _DEPLOYMENTS[wanted.word]
        last = self._last_deployment(place, name)
        if last is not None and last.get("sha") == wanted.commit:
            if last.get("status") == state:
                return False
            if state != _RUNNING:
                self._end(place, last, state)
                return True
            # One that has ended cannot run again. This is another deployment of the same commit.
        elif last is not None and last.get("status") == _RUNNING:
            # Nothing else would end that of the commit before.
            self._end(place, last, "canceled")
        body = {
            "environment": name,
            "sha": wanted.commit,
            "ref": wanted.branch or wanted.commit,
            "tag": False,
            "status": state,
        }
        self._session.write(place.path, "POST", f"{_of(place)}/deployments", body)
        return True

    def _end(self, place: Place, deployment: Mapping[str, Any], state: str) -> None:
        request = f"{_of(place)}/deployments/{objects.number(deployment.get('id'))}"
        self._session.write(place.path, "PUT", request, {"status": state})

    def _stop(self, place: Place, environment: Mapping[str, Any] | None) -> bool:
        if environment is None or environment.get("state") in _STOPPED:
            return False
        request = f"{_of(place)}/environments/{objects.number(environment.get('id'))}/stop"
        self._session.write(place.path, "POST", request)
        return True

    def _environment(self, place: Place, name: str) -> Mapping[str, Any] | None:
        for entry in self._session.pages(place.path, f"{_of(place)}/environments", {"name": name}):
            if entry.get("name") == name:
                return entry
        return None

    def _last_deployment(self, place: Place, name: str) -> Mapping[str, Any] | None:
        query: dict[str, str | int] = {"environment": name, "order_by": "id", "sort": "desc", "per_page": 1}
        answer = self._session.get(place.path, f"{_of(place)}/deployments", query)
        return next(iter(objects.mappings(answer.body)), None)


def _of(place: Place) -> str:
    return f"/projects/{quote(place.path, safe='')}"


def _short(url: str) -> str:
    return url if len(url) <= _LONGEST_URL else ""


def _notes(place: Place) -> str:
    return f"{_of(place)}/merge_requests/{place.number}/notes"


def _merge_request(found: Mapping[str, Any]) -> PullRequest:
    state = objects.text(found.get("state"))
    # `locked` is the state while it is being merged.
    if state not in ("opened", "locked", *_CLOSED_AT):
        raise ValueError("no state")
    return PullRequest(
        number=objects.number(found.get("iid")),
        repository_id=str(objects.number(found.get("target_project_id"))),
        closed=moment(found, _CLOSED_AT[state]) if state in _CLOSED_AT else None,
    )


def _comment(entry: Mapping[str, Any]) -> Comment:
    author = objects.text(objects.mapping(entry.get("author")).get("username"))
    return Comment(objects.number(entry.get("id")), author, objects.text(entry.get("body")))
