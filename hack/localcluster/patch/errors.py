"""The error of a refused patch."""

from __future__ import annotations


class PatchError(Exception):
    """A patch that cannot be read (400) or cannot be applied to this object (422).

    Attributes:
        code: HTTP status code, which also decides the Status' reason (`BadRequest`, `Invalid`, `InternalError`).
        message: the Status message.
        with_details: whether the Status carries an empty `details` object (the server's generic 422 does).
    """

    def __init__(self, code: int, message: str, *, with_details: bool = False) -> None:
        self.code = code
        self.message = message
        self.with_details = with_details
        super().__init__(f"{code}: {message}")


def rejected() -> PatchError:
    """The server's generic answer to a well-formed patch that does not fit the object."""
    return PatchError(422, "the server rejected our request due to an error in our request", with_details=True)


def unreadable(document: object, go_type: str) -> PatchError:
    """The document is valid JSON of the wrong form; the message is the decoder's."""
    return PatchError(
        400, f"error decoding patch: json: cannot unmarshal {json_kind(document)} into Go value of type {go_type}"
    )


def json_kind(value: object) -> str:
    """The name of a JSON value's form in Go's decoding errors."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
