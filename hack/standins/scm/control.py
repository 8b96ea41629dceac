"""A running forge over HTTP, below /_scm: what a test or the demonstration does to it from another process.

`POST /_scm/VERB` calls the method of `Forge` of that name with the fields of the body: `open_pull`, `close`,
`add_token`, … `PUT /_scm/faults` with `{"faults": [...]}` sets the faults. `GET /_scm/ledger` shows every request,
`DELETE` forgets them. `GET /_scm/pull?path=OWNER/NAME&number=N` shows what stands at a pull request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final

from hack.standins.scm import faults
from hack.standins.scm.exchange import Answer, Request
from hack.standins.scm.forge import Forge

NAME: Final = "_scm"
_VERBS: Final = (
    *("add_repository", "rename", "open_pull", "push", "close", "lock_conversation"),
    *("add_token", "revoke_token", "revoke_installation_tokens", "add_app"),
    *("comment", "edit_comment", "delete_comment"),
)


def answer(forge: Forge, request: Request) -> Answer:
    """Do what the request says; 400 with the reason if it cannot be done."""
    verb = request.path.removeprefix(f"/{NAME}/")
    try:
        return _do(forge, request, verb)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return Answer(status=HTTPStatus.BAD_REQUEST, body={"error": f"{type(error).__name__}: {error}"})


def _do(forge: Forge, request: Request, verb: str) -> Answer:
    match request.method, verb:
        case "PUT", "faults":
            forge.set_faults([faults.from_json(one) for one in request.body["faults"]])
            return Answer(body={})
        case "GET", "ledger":
            return Answer(body=[asdict(entry) for entry in forge.requests()])
        case "DELETE", "ledger":
            forge.clear_ledger()
            return Answer(body={})
        case "GET", "pull":
            return Answer(body=_pull(forge, request.query["path"], int(request.query["number"])))
        case "POST", _ if verb in _VERBS:
            return Answer(body={"result": getattr(forge, verb)(**request.body)})
        case _:
            return Answer(status=HTTPStatus.NOT_FOUND, body={"error": f"unknown: {request.method} {request.path}"})


def _pull(forge: Forge, path: str, number: int) -> Mapping[str, Any]:
    pull = forge.pull(path, number)
    return {
        "state": "open" if pull.closed is None else "closed",
        "sha": pull.sha,
        "comments": [
            {"id": one.id, "login": one.author.login, "body": one.body} for one in forge.comments(path, number)
        ],
        "statuses": [
            {"context": one.context, "state": one.state, "description": one.description, "sha": one.sha}
            for sha in pull.repository.commits
            for one in forge.statuses(path, sha)
        ],
        "deployments": [
            {
                "id": one.id,
                "sha": one.sha,
                "environment": one.environment,
                "states": [status.state for status in one.statuses],
                "url": one.statuses[-1].environment_url if one.statuses else "",
            }
            for one in forge.deployments(path)
        ],
        "environments": [
            {"name": one.name, "state": one.state, "url": one.external_url} for one in forge.environments(path)
        ],
    }
