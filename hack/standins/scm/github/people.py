"""Who am I: accounts, Apps, their installations and tokens, and what is left of the limits."""

from __future__ import annotations

from http import HTTPStatus

from hack.standins.scm.access import App, Installation, new_installation_token
from hack.standins.scm.exchange import Answer
from hack.standins.scm.github.call import Call, refuse
from hack.standins.scm.times import iso

_NO_JWT = "A JSON web token could not be decoded"


def me(call: Call) -> Answer:
    """The account of the token; the token of an installation has none."""
    if call.token is not None and call.token.app:
        refuse(HTTPStatus.FORBIDDEN, "Resource not accessible by integration")
    return Answer(body=call.shapes.public_user(call.user))


def user(call: Call) -> Answer:
    """An account by its login, which is `SLUG[bot]` for an App."""
    found = call.store.users.get(call.names["login"].lower())
    if found is None:
        refuse(HTTPStatus.NOT_FOUND, "Not Found")
    return Answer(body=call.shapes.public_user(found))


def app(call: Call) -> Answer:
    """The App whose JWT asks."""
    found = _app(call)
    return Answer(body={**call.shapes.app(found), "installations_count": len(found.installations)})


def installations(call: Call) -> Answer:
    """The installations of the App."""
    found = _app(call)
    page, headers = call.page(list(found.installations.values()))
    return Answer(body=[call.shapes.installation(found, one) for one in page.items], headers=headers)


def installation(call: Call) -> Answer:
    """One installation, by its id."""
    found = _app(call)
    return Answer(body=call.shapes.installation(found, _installation(call, found)))


def installation_of_repository(call: Call) -> Answer:
    """The installation for the owner of a repository."""
    return _installation_of(call, call.repository.owner)


def installation_of_owner(call: Call) -> Answer:
    """The installation for an organisation or a user."""
    return _installation_of(call, call.names["login"])


def new_token(call: Call) -> Answer:
    """A token for an installation, good for an hour; the body may ask for fewer permissions."""
    found = _app(call)
    installed = _installation(call, found)
    asked = call.request.body.get("permissions") or {}
    if not asked.items() <= installed.permissions.items():
        refuse(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The permissions requested are not granted to this installation.",
        )
    token = new_installation_token(found, installed, call.now, asked)
    call.store.tokens[token.value] = token
    return Answer(
        status=HTTPStatus.CREATED,
        body={
            "token": token.value,
            "expires_at": iso(token.expires),
            "permissions": dict(token.permissions),
            "repository_selection": "all",
        },
    )


def repository(call: Call) -> Answer:
    """A repository."""
    return Answer(body=call.shapes.repository(call.repository, call.owner_of(call.repository)))


def _app(call: Call) -> App:
    if call.app is None:
        refuse(HTTPStatus.UNAUTHORIZED, _NO_JWT)
    return call.app


def _installation(call: Call, found: App) -> Installation:
    installed = found.installations.get(int(call.names["id"]))
    if installed is None:
        refuse(HTTPStatus.NOT_FOUND, "Not Found")
    return installed


def _installation_of(call: Call, owner: str) -> Answer:
    found = _app(call)
    installed = next((one for one in found.installations.values() if one.owner.login.lower() == owner.lower()), None)
    if installed is None:
        refuse(HTTPStatus.NOT_FOUND, "Not Found")
    return Answer(body=call.shapes.installation(found, installed))
