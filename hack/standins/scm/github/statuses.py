"""The statuses of commits: never changed, and the newest of a context counts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from hack.standins.scm.exchange import Answer
from hack.standins.scm.github.call import Call, check_url, refuse, refuse_field, refuse_words
from hack.standins.scm.model import CommitStatus

STATES: Final = ("error", "failure", "pending", "success")
LONGEST_DESCRIPTION: Final = 140
MOST_OF_A_CONTEXT: Final = 1000


def create(call: Call) -> Answer:
    """A new status of a commit."""
    sha, state = call.names["sha"], call.text("state")
    context, description = call.text("context", "default"), call.text("description", "")
    target = call.text("target_url", "")
    if state not in STATES:
        refuse_words(f"Invalid request.\n\nFor 'properties/state', {state!r} is not a member of {list(STATES)}.")
    if sha not in call.repository.commits:
        refuse(HTTPStatus.UNPROCESSABLE_ENTITY, f"No commit found for SHA: {sha}")
    check_url("Status", "target_url", target)
    if len(description) > LONGEST_DESCRIPTION:
        words = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        refuse_field("Status", "description", "custom", words)
    earlier = [one for one in call.store.statuses_of(call.repository, sha) if one.context == context]
    if len(earlier) >= MOST_OF_A_CONTEXT:
        words = "This SHA and context has reached the maximum number of statuses."
        refuse_field("Status", "context", "custom", words)
    status = CommitStatus(
        id=call.store.next_id(),
        repository=call.repository,
        sha=sha,
        context=context,
        state=state,
        author=call.user,
        created=call.now,
        updated=call.now,
        target_url=target or None,
        description=description or None,
    )
    call.store.statuses.append(status)
    shown = call.shapes.status(status)
    return Answer(status=HTTPStatus.CREATED, body=shown, headers={"Location": shown["url"]})


def list_of_commit(call: Call) -> Answer:
    """All statuses of a commit, newest first."""
    sha = call.repository.commit_of(call.names["ref"])
    if not sha:
        refuse(HTTPStatus.NOT_FOUND, "Not Found")
    page, headers = call.page(call.store.statuses_of(call.repository, sha))
    return Answer(body=[call.shapes.status(one) for one in page.items], headers=headers)
