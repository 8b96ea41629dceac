"""The statuses of commits. One that is pending or running is changed by its author; a finished one gets a successor."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from hack.standins.scm.exchange import Answer
from hack.standins.scm.gitlab.call import Call, check_length, check_url, refuse, refuse_parameter
from hack.standins.scm.model import CommitStatus

# What the state machine calls the way into each state, and the states from which that way exists.
_EVENTS: Final = {
    "pending": ("enqueue", ("created",)),
    "running": ("run", ("created", "pending")),
    "success": ("success", ("created", "pending", "running")),
    "failed": ("drop", ("created", "pending", "running")),
    "canceled": ("cancel", ("created", "pending", "running")),
    "skipped": ("skip", ("created", "pending")),
}


def create(call: Call) -> Answer:
    """A new status of a commit, or another state of the one that is not finished."""
    sha, state = call.names["sha"], call.required("state")
    if state not in _EVENTS:
        refuse_parameter("state does not have a valid value")
    if sha not in call.project.commits:
        refuse(HTTPStatus.NOT_FOUND, "404 Commit Not Found")
    name = call.text("name") or call.text("context") or "default"
    ref = call.text("ref") or call.project.commits[sha]
    description, target = call.text("description"), call.text("target_url")
    check_length("description", description)
    check_length("target_url", target)
    check_url("target_url", target)
    open_one = next(
        (
            one
            for one in call.store.statuses_of(call.project, sha)
            if one.context == name
            and one.ref == ref
            and one.author is call.user
            and one.state in ("pending", "running")
        ),
        None,
    )
    event, sources = _EVENTS[state]
    if open_one is not None and open_one.state not in sources:
        reason = f'Status cannot transition via "{event}"'
        words = f"Cannot transition status via :{event} from :{open_one.state} (Reason(s): {reason})"
        refuse(HTTPStatus.BAD_REQUEST, words)
    status = open_one or CommitStatus(
        id=call.store.next_id(),
        repository=call.project,
        sha=sha,
        context=name,
        state="created",
        author=call.user,
        created=call.now,
        updated=call.now,
        ref=ref,
    )
    status.state, status.updated = state, call.now
    status.description = description if description is not None else status.description
    status.target_url = target if target is not None else status.target_url
    if open_one is None:
        call.store.statuses.append(status)
    return Answer(status=HTTPStatus.CREATED, body=call.shapes.status(status))


def list_of_commit(call: Call) -> Answer:
    """The statuses of a commit; the newest of each name unless the query says `all`."""
    sha = call.project.commit_of(call.names["sha"])
    if not sha:
        refuse(HTTPStatus.NOT_FOUND, "404 Commit Not Found")
    found = call.store.statuses_of(call.project, sha)
    if call.request.query.get("all") != "true":
        found = list({(one.context, one.ref): one for one in reversed(found)}.values())
    wanted = call.request.query.get("name")
    return call.listed([call.shapes.status(one) for one in found if wanted in (None, one.context)])
