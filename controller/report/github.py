"""Feedback on GitHub: comments of an issue, statuses of a commit, and deployments.

The name of a deployment's environment is the same for all, because GitHub keeps each name for ever. The task names the
environment that a deployment is about, and GitHub lists deployments by task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from controller.apimachinery import objects
from controller.report.outcomes import Rejected, message
from controller.report.scm import Comment, Deployed, Place, PullRequest, Session, Status, moment

ENVIRONMENT: Final = "preview"
INACTIVE: Final = "inactive"


class GitHub:
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
            by_name=f"{_of(place)}/pulls/{place.number}",
            by_id=f"/repositories/{repository_id}/pulls/{place.number}",
            read=_pull_request,
        )

    def comments(self, place: Place) -> Iterator[Comment]:
        """See `Scm.comments`."""
        for entry in self._session.pages(place.path, f"{_of(place)}/issues/{place.number}/comments", {}):
            yield _comment(entry)

    def comment(self, place: Place, number: int) -> Comment | None:
        """See `Scm.comment`."""
        answer = self._session.find(place.path, f"{_of(place)}/issues/comments/{number}")
        return None if answer is None else _comment(objects.mapping(answer.body))

    def create_comment(self, place: Place, body: str) -> int:
        """See `Scm.create_comment`."""
        request = f"{_of(place)}/issues/{place.number}/comments"
        return objects.number(self._session.write(place.path, "POST", request, {"body": body}).get("id"))

    def edit_comment(self, place: Place, number: int, body: str) -> None:
        """See `Scm.edit_comment`."""
        self._session.write(place.path, "PATCH", f"{_of(place)}/issues/comments/{number}", {"body": body})

    def delete_comment(self, place: Place, number: int) -> None:
        """See `Scm.delete_comment`."""
        self._session.write(place.path, "DELETE", f"{_of(place)}/issues/comments/{number}")

    def set_status(self, place: Place, commit: str, wanted: Status, *, instead_of: str = "") -> bool:
        """See `Scm.set_status`."""
        found = self._session.pages(place.path, f"{_of(place)}/commits/{commit}/statuses", {})
        # The newest comes first.
        state = next((entry.get("state") for entry in found if entry.get("context") == wanted.context), None)
        if state == wanted.word or instead_of not in ("", state):
            return False
        body = {"state": wanted.word, "context": wanted.context, "description": wanted.description}
        body |= {"target_url": wanted.url} if wanted.url else {}
        self._session.write(place.path, "POST", f"{_of(place)}/statuses/{commit}", body)
        return True

    def set_deployment(self, place: Place, wanted: Deployed) -> bool:
        """See `Scm.set_deployment`."""
        is_over = wanted.word == INACTIVE
        own, others = None, []
        for position, deployment in enumerate(self._deployments(place, wanted)):
            # Only the newest is used again, so that an active one is never older than one that has ended.
            if position == 0 and not is_over and deployment.get("sha") == wanted.commit:
                own = deployment
                continue
            # They are ended from the oldest to the newest. So all that are older than this one have ended, too.
            if self._state(place, deployment).get("state") == INACTIVE:
                break
            others.append(deployment)
        written = False
        if not is_over:
            written = own is None
            own = own or self._create(place, wanted)
            state = {} if written else self._state(place, own)
            if (state.get("state"), objects.text(state.get("environment_url"))) != (wanted.word, wanted.url):
                self._set_state(place, own, wanted.word, text=wanted.description, url=wanted.url)
                written = True
        for deployment in reversed(others):
            self._set_state(place, deployment, INACTIVE, text="Replaced" if not is_over else wanted.description)
            written = True
        return written

    def _deployments(self, place: Place, wanted: Deployed) -> Iterator[Mapping[str, Any]]:
        task = _task(wanted)
        query = {"environment": ENVIRONMENT, "task": task}
        for entry in self._session.pages(place.path, f"{_of(place)}/deployments", query):
            if entry.get("task") == task and entry.get("environment") == ENVIRONMENT:
                yield entry

    def _create(self, place: Place, wanted: Deployed) -> Mapping[str, Any]:
        body = {
            "ref": wanted.commit,
            "task": _task(wanted),
            "environment": ENVIRONMENT,
            "description": f"Preview environment {wanted.environment}",
            "payload": {"environment": wanted.environment, "cluster": wanted.cluster},
            "transient_environment": True,
            "production_environment": False,
            "auto_merge": False,
            "required_contexts": [],
        }
        made = self._session.write(place.path, "POST", f"{_of(place)}/deployments", body)
        if not objects.number(made.get("id")):
            raise Rejected(f"POST deployments: {message(made)}")
        return made

    def _state(self, place: Place, deployment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the newest status of a deployment, or {}."""
        request = f"{_of(place)}/deployments/{objects.number(deployment.get('id'))}/statuses"
        answer = self._session.get(place.path, request, {"per_page": 1})
        return next(iter(objects.mappings(answer.body)), {})

    def _set_state(self, place: Place, deployment: Mapping[str, Any], word: str, *, text: str, url: str = "") -> None:
        # GitHub would also end deployments of others in the same environment.
        body = {"state": word, "description": text, "auto_inactive": False}
        if url:
            body["environment_url"] = url
        request = f"{_of(place)}/deployments/{objects.number(deployment.get('id'))}/statuses"
        self._session.write(place.path, "POST", request, body)


def _of(place: Place) -> str:
    if place.path.count("/") != 1:
        raise Rejected("a repository on GitHub is org/name")
    return f"/repos/{quote(place.path)}"


def _task(wanted: Deployed) -> str:
    return f"tronador:{wanted.cluster}/{wanted.environment}"


def _pull_request(found: Mapping[str, Any]) -> PullRequest:
    state = found.get("state")
    if state not in ("open", "closed"):
        raise ValueError("no state")
    base = objects.mapping(objects.mapping(found.get("base")).get("repo"))
    return PullRequest(
        number=objects.number(found.get("number")),
        repository_id=str(objects.number(base.get("id"))),
        # A merged one is closed, too.
        closed=moment(found, "closed_at") if state == "closed" else None,
    )


def _comment(entry: Mapping[str, Any]) -> Comment:
    author = objects.text(objects.mapping(entry.get("user")).get("login"))
    return Comment(objects.number(entry.get("id")), author, objects.text(entry.get("body")))
