"""ETags: a client that names the one it has gets 304 and no body."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from hack.standins.scm.exchange import Answer, Request


def with_etag(request: Request, answer: Answer) -> Answer:
    """Return the answer to a read with its ETag, or 304 if the client has it already."""
    if request.writes or answer.status != HTTPStatus.OK:
        return answer
    tag = f'W/"{hashlib.sha256(answer.raw()).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
    asked = (part.strip() for part in request.headers.get("if-none-match", "").split(","))
    # The comparison is the weak one.
    if tag.removeprefix("W/") in (part.removeprefix("W/") for part in asked):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return answer.with_headers(headers)
