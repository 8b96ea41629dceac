"""Environments and the deployments to them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from hack.standins.scm.exchange import Answer
from hack.standins.scm.gitlab.call import Call, check_length, check_url, refuse, refuse_parameter
from hack.standins.scm.model import Environment, EnvironmentDeployment

TIERS: Final = ("production", "staging", "testing", "development", "other")
STATES: Final = ("available", "stopping", "stopped")
STATUSES: Final = ("running", "success", "failed", "canceled")
_NAME: Final = re.compile(r"[A-Za-z0-9_/${}. -]+")
_SHORTEST_SEARCH: Final = 3


def list_of_project(call: Call) -> Answer:
    """The environments of a project, filtered by the query."""
    query = call.request.query
    name, search, state = query.get("name"), query.get("search"), query.get("states")
    if name is not None and search is not None:
        refuse_parameter("name, search cannot be used together")
    if state is not None and state not in STATES:
        refuse_parameter("states does not have a valid value")
    if search is not None and len(search) < _SHORTEST_SEARCH:
        refuse(HTTPStatus.BAD_REQUEST, f"400 Bad request - Search query is less than {_SHORTEST_SEARCH} characters")
    found = [
        one
        for one in call.store.environments_of(call.project)
        if name in (None, one.name) and (search is None or search in one.name) and state in (None, one.state)
    ]
    return call.listed([call.shapes.environment(one) for one in sorted(found, key=lambda one: one.name)])


def create(call: Call) -> Answer:
    """A new environment."""
    name, url, tier = call.required("name"), call.text("external_url"), call.text("tier")
    if any(one.name == name for one in call.store.environments_of(call.project)):
        refuse(HTTPStatus.BAD_REQUEST, {"name": ["has already been taken"]})
    environment = _new(call, name)
    _set(environment, url, tier)
    call.store.environments[environment.id] = environment
    return Answer(status=HTTPStatus.CREATED, body=call.shapes.environment(environment))


def get(call: Call) -> Answer:
    """One environment, with its last deployment."""
    found = _environment(call)
    deployments = call.store.deployments_to([found])
    last = call.shapes.deployment(deployments[-1]) if deployments else None
    return Answer(body={**call.shapes.environment(found), "last_deployment": last})


def update(call: Call) -> Answer:
    """Another link or tier."""
    found = _environment(call)
    _set(found, call.text("external_url"), call.text("tier"))
    found.updated = call.now
    return Answer(body=call.shapes.environment(found))


def stop(call: Call) -> Answer:
    """Stopped, also if it was stopped already."""
    found = _environment(call)
    if found.state != "stopped":
        found.state, found.updated = "stopped", call.now
    return Answer(body=call.shapes.environment(found))


def delete(call: Call) -> Answer:
    """No environment any more; it must be stopped."""
    found = _environment(call)
    if found.state != "stopped":
        refuse(HTTPStatus.FORBIDDEN, "403 Forbidden")
    del call.store.environments[found.id]
    return Answer(status=HTTPStatus.NO_CONTENT)


def list_of_deployments(call: Call) -> Answer:
    """The deployments of a project, oldest first unless the query says otherwise."""
    query = call.request.query
    found = [
        one
        for one in call.store.deployments_to(call.store.environments_of(call.project))
        if query.get("environment") in (None, one.environment.name) and query.get("status") in (None, one.status)
    ]
    keys: dict[str, Callable[[EnvironmentDeployment], float]] = {
        "updated_at": lambda one: one.updated,
        "created_at": lambda one: one.created,
    }
    found.sort(key=keys.get(query.get("order_by", "id"), lambda one: one.id), reverse=query.get("sort") == "desc")
    return call.listed([call.shapes.deployment(one) for one in found])


def create_deployment(call: Call) -> Answer:
    """A new deployment; its environment is made if it is new, and is available again after a success."""
    name, sha, ref, status = (call.required(field) for field in ("environment", "sha", "ref", "status"))
    if not isinstance(call.request.body.get("tag"), bool):
        refuse_parameter("tag is missing" if "tag" not in call.request.body else "tag is invalid")
    if status not in STATUSES:
        refuse_parameter("status does not have a valid value")
    environment = next((one for one in call.store.environments_of(call.project) if one.name == name), None)
    if environment is None:
        environment = _new(call, name)
        call.store.environments[environment.id] = environment
    number = len(call.store.deployments_to(call.store.environments_of(call.project))) + 1
    deployment = EnvironmentDeployment(
        id=call.store.next_id(),
        iid=number,
        environment=environment,
        ref=ref,
        sha=sha,
        status=status,
        author=call.user,
        created=call.now,
        updated=call.now,
    )
    call.store.environment_deployments[deployment.id] = deployment
    _start(deployment)
    return Answer(status=HTTPStatus.CREATED, body=call.shapes.deployment(deployment))


def get_deployment(call: Call) -> Answer:
    """One deployment."""
    return Answer(body=call.shapes.deployment(_deployment(call)))


def update_deployment(call: Call) -> Answer:
    """Another status; the same one again, and a finished one back to running, are refused."""
    found, status = _deployment(call), call.required("status")
    if status not in STATUSES:
        refuse_parameter("status does not have a valid value")
    if status in (found.status, "running"):
        event = {"running": "run", "success": "succeed", "failed": "drop", "canceled": "cancel"}[status]
        refuse(HTTPStatus.BAD_REQUEST, {"status": [f'cannot transition via "{event}"']})
    found.status, found.updated = status, call.now
    _start(found)
    return Answer(body=call.shapes.deployment(found))


def _start(deployment: EnvironmentDeployment) -> None:
    if deployment.status == "success":
        deployment.environment.state = "available"


def _new(call: Call, name: str) -> Environment:
    check_length("name", name)
    if not _NAME.fullmatch(name) or name.startswith("/") or name.endswith("/"):
        letters = "letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces"
        words = f"can contain only {letters}, but it cannot start or end with '/'"
        refuse(HTTPStatus.BAD_REQUEST, {"name": [words]})
    tier = "development" if name.startswith("review/") else "other"
    return Environment(
        id=call.store.next_id(),
        repository=call.project,
        name=name,
        slug=_slug(name),
        tier=tier,
        created=call.now,
        updated=call.now,
    )


def _set(environment: Environment, url: str | None, tier: str | None) -> None:
    if tier is not None and tier not in TIERS:
        refuse_parameter("tier does not have a valid value")
    check_length("external_url", url)
    check_url("external_url", url)
    if url is not None:
        environment.external_url = url or None
    environment.tier = tier or environment.tier


def _slug(name: str) -> str:
    """At most 24 characters; a name that had to change gets six characters by chance at its end."""
    slug = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", name.lower()))
    slug = (slug if slug[0].isalpha() else f"env-{slug}")[:24].rstrip("-")
    if slug == name:
        return slug
    return f"{slug[:17].rstrip('-')}-{secrets.token_hex(3)}"


def _environment(call: Call) -> Environment:
    found = call.store.environments.get(int(call.names["environment"]))
    if found is None or found.repository is not call.project:
        refuse(HTTPStatus.NOT_FOUND, "404 Not found")
    return found


def _deployment(call: Call) -> EnvironmentDeployment:
    found = call.store.environment_deployments.get(int(call.names["deployment"]))
    if found is None or found.environment.repository is not call.project:
        refuse(HTTPStatus.NOT_FOUND, "404 Not found")
    return found
