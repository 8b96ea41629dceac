"""Accounts, projects, merge requests and the notes on them."""

from __future__ import annotations

import re
from http import HTTPStatus

from hack.standins.scm.exchange import Answer
from hack.standins.scm.gitlab.call import Call, check_length, refuse
from hack.standins.scm.model import Comment, PullRequest

LONGEST_NOTE = 1_000_000
_COMMAND = re.compile(r"^/(close|merge|approve|label|assign)\b.*$", re.MULTILINE)
_MAINTAINER = 40


def me(call: Call) -> Answer:
    """The account of the token."""
    return Answer(body=call.shapes.me(call.user))


def project(call: Call) -> Answer:
    """A project."""
    return Answer(body=call.shapes.project(call.project))


def merge_request(call: Call) -> Answer:
    """One merge request."""
    return Answer(body=call.shapes.merge_request(call.pull()))


def notes(call: Call) -> Answer:
    """The notes on a merge request, newest first unless the query says otherwise."""
    found = call.store.comments_of(call.pull())
    query = call.request.query
    found.sort(key=lambda note: (note.updated if query.get("order_by") == "updated_at" else note.created, note.id))
    if query.get("sort", "desc") == "desc":
        found.reverse()
    return call.listed([call.shapes.note(note) for note in found])


def create(call: Call) -> Answer:
    """A new note. A line that begins with a quick action is carried out and left out."""
    pull = call.pull()
    body = _without_commands(call.required("body"), pull, call.now)
    check_length("note", body, LONGEST_NOTE)
    if not body.strip():
        return Answer(status=HTTPStatus.ACCEPTED, body={"commands_changes": {}, "summary": ["Commands applied"]})
    note = Comment(id=call.store.next_id(), pull=pull, author=call.user, body=body, created=call.now, updated=call.now)
    call.store.comments[note.id] = note
    return Answer(status=HTTPStatus.CREATED, body=call.shapes.note(note))


def get(call: Call) -> Answer:
    """One note."""
    return Answer(body=call.shapes.note(_note(call)))


def edit(call: Call) -> Answer:
    """Another text; only the author and maintainers may."""
    note = _own(call)
    note.body, note.updated = _without_commands(call.required("body"), note.pull, call.now), call.now
    return Answer(body=call.shapes.note(note))


def delete(call: Call) -> Answer:
    """No note any more; only the author and maintainers may."""
    del call.store.comments[_own(call).id]
    return Answer(status=HTTPStatus.NO_CONTENT)


def _note(call: Call) -> Comment:
    found = call.store.comments.get(int(call.names["note"]))
    if found is None or found.pull is not call.pull():
        refuse(HTTPStatus.NOT_FOUND, "404 Note Not Found")
    return found


def _own(call: Call) -> Comment:
    note = _note(call)
    assert call.token is not None
    if note.author is not call.user and call.token.level < _MAINTAINER:
        refuse(HTTPStatus.FORBIDDEN, "403 Forbidden")
    return note


def _without_commands(body: str, pull: PullRequest, now: float) -> str:
    # GitLab looks for quick actions outside of code only.
    outside = re.sub(r"^```.*?^```|`[^`\n]*`|<!--.*?-->", "", body, flags=re.MULTILINE | re.DOTALL)
    commands = [match[0] for match in _COMMAND.finditer(outside)]
    for command in commands:
        body = body.replace(command, "", 1)
        if command.startswith(("/close", "/merge")):
            pull.closed, pull.merged, pull.updated = now, command.startswith("/merge"), now
    return body
