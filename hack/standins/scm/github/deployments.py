"""Deployments and their statuses, with the defaults that surprise."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from hack.standins.scm.exchange import Answer
from hack.standins.scm.github.call import Call, check_url, refuse, refuse_field, refuse_words
from hack.standins.scm.model import Deployment, DeploymentStatus

STATES: Final = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
LONGEST_DESCRIPTION: Final = 140


def create(call: Call) -> Answer:
    """A new deployment.

    Without `auto_merge: false` GitHub first merges the default branch into a branch that lies behind it, and without
    `required_contexts: []` it refuses a commit with a status that is not a success.
    """
    ref = call.text("ref")
    sha = call.repository.commit_of(ref)
    if not sha:
        refuse(HTTPStatus.UNPROCESSABLE_ENTITY, f"No ref found for: {ref}")
    environment = call.text("environment", "production")
    description = call.text("description", "")
    if call.flag("auto_merge", True) and ref != sha and ref != call.repository.default_branch:
        merged = f"Auto-merged {call.repository.default_branch} into {ref} on deployment."
        return Answer(status=HTTPStatus.ACCEPTED, body={"message": merged})
    _check_contexts(call, ref, sha)
    payload = call.request.body.get("payload", {})
    deployment = Deployment(
        id=call.store.next_id(),
        repository=call.repository,
        ref=ref,
        sha=sha,
        task=call.text("task", "deploy"),
        environment=environment,
        transient=call.flag("transient_environment", False),
        production=call.flag("production_environment", environment == "production"),
        description=description or None,
        payload=payload if isinstance(payload, (str, dict)) else {},
        author=call.user,
        created=call.now,
        updated=call.now,
        app=call.writer,
    )
    call.store.deployments[deployment.id] = deployment
    shown = call.shapes.deployment(deployment, call.store.apps.get(deployment.app))
    return Answer(status=HTTPStatus.CREATED, body=shown, headers={"Location": shown["url"]})


def list_of_repository(call: Call) -> Answer:
    """The deployments of a repository, newest first, filtered by the query."""
    query = call.request.query
    found = [
        one
        for one in call.store.deployments_of(call.repository)
        if query.get("sha", one.sha) in (one.sha, "none")
        and query.get("ref", one.ref) in (one.ref, "none")
        and query.get("task", one.task) in (one.task, "none")
        and query.get("environment", one.environment) in (one.environment, "none")
    ]
    page, headers = call.page(found)
    return Answer(
        body=[call.shapes.deployment(one, call.store.apps.get(one.app)) for one in page.items], headers=headers
    )


def get(call: Call) -> Answer:
    """One deployment."""
    found = _deployment(call)
    return Answer(body=call.shapes.deployment(found, call.store.apps.get(found.app)))


def delete(call: Call) -> Answer:
    """No deployment any more; an active one must be the only one."""
    found = _deployment(call)
    others = len(call.store.deployments_of(call.repository)) > 1
    if others and found.state != "inactive":
        words = "We cannot delete an active deployment unless it is the only deployment in a given environment."
        refuse(HTTPStatus.UNPROCESSABLE_ENTITY, words)
    del call.store.deployments[found.id]
    return Answer(status=HTTPStatus.NO_CONTENT)


def statuses(call: Call) -> Answer:
    """The statuses of a deployment, newest first."""
    found = _deployment(call)
    page, headers = call.page(found.statuses[::-1])
    app = call.store.apps.get(found.app)
    return Answer(body=[call.shapes.deployment_status(found, one, app) for one in page.items], headers=headers)


def create_status(call: Call) -> Answer:
    """A new status of a deployment.

    A success with `auto_inactive`, which is the default, makes the earlier successes of the same environment inactive,
    except transient and production ones.
    """
    found = _deployment(call)
    state, description = call.text("state"), call.text("description", "")
    if state not in STATES:
        refuse_words(f"Invalid request.\n\nFor 'properties/state', {state!r} is not a member of {list(STATES)}.")
    if len(description) > LONGEST_DESCRIPTION:
        words = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        refuse_field("DeploymentStatus", "description", "custom", words)
    links = {name: call.text(name, "") for name in ("environment_url", "log_url", "target_url")}
    for name, url in links.items():
        check_url("DeploymentStatus", name, url)
    status = DeploymentStatus(
        id=call.store.next_id(),
        state=state,
        author=call.user,
        created=call.now,
        environment=call.text("environment", found.environment),
        description=description,
        target_url=links["log_url"] or links["target_url"],
        environment_url=links["environment_url"],
    )
    if state == "success" and call.flag("auto_inactive", True):
        _deactivate_others(call, found)
    found.statuses.append(status)
    found.updated = call.now
    shown = call.shapes.deployment_status(found, status, call.store.apps.get(found.app))
    return Answer(status=HTTPStatus.CREATED, body=shown, headers={"Location": shown["url"]})


def _deactivate_others(call: Call, deployment: Deployment) -> None:
    for other in call.store.deployments_of(call.repository):
        if (
            other.id < deployment.id
            and other.environment == deployment.environment
            and not other.transient
            and not other.production
            and other.state == "success"
        ):
            other.statuses.append(
                DeploymentStatus(
                    id=call.store.next_id(),
                    state="inactive",
                    author=call.user,
                    created=call.now,
                    environment=other.environment,
                )
            )


def _check_contexts(call: Call, ref: str, sha: str) -> None:
    newest = {one.context: one.state for one in reversed(call.store.statuses_of(call.repository, sha))}
    required = call.request.body.get("required_contexts")
    wanted = list(newest) if required is None else required
    if not isinstance(wanted, list):
        refuse_words("Invalid request.\n\nFor 'properties/required_contexts', it is not an array.")
    contexts = [{"context": name, "state": newest.get(name, "pending")} for name in wanted]
    if any(one["state"] != "success" for one in contexts):
        errors = [{"contexts": contexts, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}]
        refuse(HTTPStatus.CONFLICT, f"Conflict: Commit status checks failed for {ref}.", errors=errors)


def _deployment(call: Call) -> Deployment:
    found = call.store.deployments.get(int(call.names["id"]))
    if found is None or found.repository is not call.repository:
        refuse(HTTPStatus.NOT_FOUND, "Not Found")
    return found
