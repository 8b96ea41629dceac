"""Pull requests and their comments."""

from __future__ import annotations

from http import HTTPStatus

from hack.standins.scm.exchange import Answer
from hack.standins.scm.github.call import Call, not_a, refuse, refuse_field, refuse_words
from hack.standins.scm.model import Comment

LONGEST_COMMENT = 65536


def pull(call: Call) -> Answer:
    """One pull request."""
    found = call.pull()
    owners = {repo.id: call.owner_of(repo) for repo in (found.repository, found.head) if repo is not None}
    return Answer(body=call.shapes.pull(found, owners, len(call.store.comments_of(found))))


def comments(call: Call) -> Answer:
    """The comments of a pull request, oldest first."""
    page, headers = call.page(call.store.comments_of(call.pull()))
    return Answer(body=[call.shapes.comment(one, call.store.apps.get(one.app)) for one in page.items], headers=headers)


def create_comment(call: Call) -> Answer:
    """A new comment."""
    found = call.pull()
    body = _body(call)
    if found.locked:
        refuse(HTTPStatus.FORBIDDEN, "Unable to create comment because issue is locked.")
    comment = Comment(
        id=call.store.next_id(),
        pull=found,
        author=call.user,
        body=body,
        created=call.now,
        updated=call.now,
        app=call.writer,
    )
    call.store.comments[comment.id] = comment
    shown = call.shapes.comment(comment, call.store.apps.get(comment.app))
    return Answer(status=HTTPStatus.CREATED, body=shown, headers={"Location": shown["url"]})


def comment(call: Call) -> Answer:
    """One comment, by its id."""
    found = _comment(call)
    return Answer(body=call.shapes.comment(found, call.store.apps.get(found.app)))


def edit_comment(call: Call) -> Answer:
    """Another text; who may write to the repository may edit the comments of others too."""
    found = _comment(call)
    found.body, found.updated = _body(call), call.now
    return comment(call)


def delete_comment(call: Call) -> Answer:
    """No comment any more."""
    del call.store.comments[_comment(call).id]
    return Answer(status=HTTPStatus.NO_CONTENT)


def _comment(call: Call) -> Comment:
    found = call.store.comments.get(int(call.names["id"]))
    if found is None or found.pull.repository is not call.repository:
        refuse(HTTPStatus.NOT_FOUND, "Not Found")
    return found


def _body(call: Call) -> str:
    body = call.request.body.get("body")
    if body is None:
        refuse_words('Invalid request.\n\n"body" wasn\'t supplied.')
    if not isinstance(body, str):
        refuse_words(not_a("body", body))
    if not body.strip():
        refuse_field("IssueComment", "body", "missing_field", "body can't be blank")
    if len(body) > LONGEST_COMMENT:
        refuse_field("IssueComment", "body", "custom", f"body is too long (maximum is {LONGEST_COMMENT} characters)")
    return body
