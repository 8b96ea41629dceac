"""The stand-in's GitHub: every answer fits GitHub's description, and the traps are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hack.standins.scm.forge import Forge
from hack.standins.scm.limits import Limits
from hack.standins.scm.server import ForgeServer
from tests.standins.scm_bed import NEXT, NUMBER, PATH, REPOS, SHA, TOKEN, Caller, Clock, github, new_forge

COMMENTS = f"{REPOS}/issues/{NUMBER}/comments"
DEPLOYMENTS = f"{REPOS}/deployments"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge(clock: Clock) -> Forge:
    return new_forge(clock=clock, limits=Limits(requests=50, content_per_minute=20, content_per_hour=30))


@pytest.fixture
def server(forge: Forge) -> Iterator[ForgeServer]:
    with ForgeServer(forge=forge) as server:
        yield server


@pytest.fixture
def call(server: ForgeServer) -> Caller:
    """As api.github.com."""
    return Caller(server)


def deployment(call: Caller, **more: Any) -> dict[str, Any]:
    body = {"ref": SHA, "environment": "preview", "auto_merge": False, "required_contexts": [], **more}
    answer = call("POST", DEPLOYMENTS, body)
    assert answer.status == 201
    assert isinstance(answer.body, dict)
    return answer.body


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_every_described_operation_is_served(server: ForgeServer, prefix: str) -> None:
    call = Caller(server, prefix=prefix)
    values = {"owner": "stakater-lab", "repo": "nordmart", "username": "tronador", "org": "stakater-lab", "sha": SHA}
    for method, template in sorted(github().operations):
        path = template
        for name in (part for part in template.split("/") if part.startswith("{")):
            path = path.replace(name, values.get(name.strip("{}"), SHA if name == "{ref}" else "1"))
        assert call(method, path, {} if method == "POST" else None).body != {"error": "404 Not Found"}, template


def test_a_comment_is_created_read_edited_and_deleted(call: Caller, forge: Forge) -> None:
    created = call("POST", COMMENTS, {"body": "first"})
    assert created.status == 201
    path = f"{REPOS}/issues/comments/{created.body['id']}"
    assert call("GET", path).body["body"] == "first"
    assert call("PATCH", path, {"body": "second"}).status == 200
    assert [one.body for one in forge.comments(PATH, NUMBER)] == ["second"]
    assert call("DELETE", path).status == 204
    assert call("GET", path).status == 404


@pytest.mark.parametrize("body", [{}, {"body": None}, {"body": 1}, {"body": " \n"}, {"body": "x" * 65537}])
def test_a_comment_without_a_text_that_fits_is_refused(call: Caller, body: dict[str, Any]) -> None:
    refused = call("POST", COMMENTS, body)
    assert refused.status == 422
    assert {"message", "documentation_url"} <= set(refused.body)


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_comments_come_in_pages_oldest_first(server: ForgeServer, forge: Forge, prefix: str) -> None:
    call = Caller(server, prefix=prefix)
    for number in range(35):
        forge.comment(PATH, NUMBER, login="someone", body=str(number))
    first = call("GET", COMMENTS)
    assert [one["body"] for one in first.body] == [str(number) for number in range(30)]
    assert 'rel="next"' in first.headers["link"]
    assert f"{prefix}{COMMENTS}?page=2" in first.headers["link"]
    last = call("GET", f"{COMMENTS}?per_page=30&page=2")
    assert [one["body"] for one in last.body] == [str(number) for number in range(30, 35)]
    assert 'rel="next"' not in last.headers["link"]
    assert "link" not in call("GET", f"{COMMENTS}?per_page=100").headers


def test_an_etag_saves_the_body_and_the_limit(call: Caller, forge: Forge) -> None:
    seen = call("GET", COMMENTS)
    again = call("GET", COMMENTS, headers={"If-None-Match": seen.headers["etag"]})
    assert (again.status, again.body) == (304, "")
    assert again.headers["x-ratelimit-remaining"] == seen.headers["x-ratelimit-remaining"]
    forge.comment(PATH, NUMBER, login="someone", body="new")
    assert call("GET", COMMENTS, headers={"If-None-Match": seen.headers["etag"]}).status == 200


def test_a_status_is_never_changed_and_stands_under_its_context(call: Caller) -> None:
    for state in ("pending", "success"):
        body = {"state": state, "context": "tronador/preview", "description": "d", "target_url": "https://example.com"}
        assert call("POST", f"{REPOS}/statuses/{SHA}", body).status == 201
    listed = call("GET", f"{REPOS}/commits/{SHA}/statuses").body
    assert [one["state"] for one in listed] == ["success", "pending"]


@pytest.mark.parametrize(
    ("sha", "body"),
    [
        (NEXT, {"state": "success"}),
        (SHA, {}),
        (SHA, {"state": "fine"}),
        (SHA, {"state": "success", "description": "x" * 141}),
        (SHA, {"state": "success", "target_url": "javascript:alert(1)"}),
    ],
)
def test_a_status_that_does_not_fit_is_refused(call: Caller, sha: str, body: dict[str, Any]) -> None:
    assert call("POST", f"{REPOS}/statuses/{sha}", body).status == 422


def test_a_deployment_of_a_branch_merges_by_default(call: Caller, forge: Forge) -> None:
    assert call("POST", DEPLOYMENTS, {"ref": "change"}).status == 202
    assert forge.deployments(PATH) == []


def test_a_deployment_needs_successful_statuses_by_default(call: Caller) -> None:
    call("POST", f"{REPOS}/statuses/{SHA}", {"state": "pending"})
    assert call("POST", DEPLOYMENTS, {"ref": SHA, "auto_merge": False}).status == 409
    assert deployment(call)["environment"] == "preview"
    assert call("POST", DEPLOYMENTS, {"ref": "missing"}).status == 422


@pytest.mark.parametrize(("transient", "state"), [(True, "success"), (False, "inactive")])
def test_auto_inactive_leaves_transient_deployments_as_they_are(
    call: Caller, forge: Forge, transient: bool, state: str
) -> None:
    first = deployment(call, transient_environment=transient)
    second = deployment(call, transient_environment=transient)
    for one in (first, second):
        body = {"state": "success", "environment_url": "https://pr.example.com"}
        assert call("POST", f"{DEPLOYMENTS}/{one['id']}/statuses", body).status == 201
    assert [one.state for one in forge.deployments(PATH)] == [state, "success"]
    newest = call("GET", f"{DEPLOYMENTS}/{second['id']}/statuses").body[0]
    assert newest["environment_url"] == "https://pr.example.com"


def test_an_active_deployment_is_deleted_only_alone(call: Caller) -> None:
    first, second = deployment(call, task="a"), deployment(call, task="b")
    assert [one["id"] for one in call("GET", f"{DEPLOYMENTS}?task=a&environment=preview").body] == [first["id"]]
    assert call("DELETE", f"{DEPLOYMENTS}/{first['id']}").status == 422
    call("POST", f"{DEPLOYMENTS}/{first['id']}/statuses", {"state": "inactive"})
    assert call("DELETE", f"{DEPLOYMENTS}/{first['id']}").status == 204
    assert call("DELETE", f"{DEPLOYMENTS}/{second['id']}").status == 204


def test_a_pull_request_says_where_its_branch_is(call: Caller, forge: Forge) -> None:
    forge.add_repository("stranger/nordmart")
    forge.open_pull(PATH, 75, sha=NEXT, head="stranger/nordmart", author="stranger")
    forge.close(PATH, 75, merged=False)
    own, fork = (call("GET", f"{REPOS}/pulls/{number}").body for number in (NUMBER, 75))
    assert own["head"]["repo"]["id"] == own["base"]["repo"]["id"]
    assert fork["head"]["repo"]["full_name"] == "stranger/nordmart"
    assert (fork["state"], fork["merged"]) == ("closed", False)


def test_a_renamed_repository_redirects_to_its_number(call: Caller, forge: Forge) -> None:
    forge.rename(PATH, "stakater-lab/renamed")
    read, written = call("GET", COMMENTS), call("POST", COMMENTS, {"body": "x"})
    assert (read.status, written.status) == (301, 307)
    followed = read.headers["location"]
    assert call("GET", followed[followed.index("/repositories/") :]).status == 200


@pytest.mark.parametrize(
    ("token", "status"), [("", 404), ("wrong", 401), ("expired", 401), ("elsewhere", 404), ("reader", 403)]
)
def test_only_a_token_that_may_comment_can(server: ForgeServer, forge: Forge, token: str, status: int) -> None:
    forge.add_token("expired", expires_in=-1)
    forge.add_token("elsewhere", owners=["another"])
    forge.add_token("reader", permissions={"pull_requests": "read", "metadata": "read"})
    refused = Caller(server, token=token)("POST", COMMENTS, {"body": "x"})
    assert refused.status == status
    assert forge.comments(PATH, NUMBER) == []


def test_used_up_requests_are_refused_until_the_window_ends(call: Caller, forge: Forge, clock: Clock) -> None:
    while int((answer := call("GET", "/rate_limit")).headers["x-ratelimit-remaining"]):
        call("GET", "/user")
    refused = call("GET", "/user")
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    clock.now = float(answer.headers["x-ratelimit-reset"])
    assert call("GET", "/user").status == 200


def test_too_much_content_hits_a_secondary_limit(call: Caller, clock: Clock) -> None:
    answers = [call("POST", COMMENTS, {"body": "x"}) for _ in range(21)]
    assert [one.status for one in answers] == [201] * 20 + [403]
    assert "secondary rate limit" in answers[-1].body["message"]
    clock.now += float(answers[-1].headers["retry-after"])
    assert call("POST", COMMENTS, {"body": "x"}).status == 201


def test_a_request_without_a_user_agent_is_refused(call: Caller) -> None:
    assert call("GET", "/user", headers={"User-Agent": ""}).status == 403


def test_the_token_of_actions_cannot_ask_who_it_is(server: ForgeServer, forge: Forge) -> None:
    forge.add_token("ghs_actions", login="github-actions[bot]", app=15368)
    call = Caller(server, token="ghs_actions")
    assert call("GET", "/user").status == 403
    assert call("POST", COMMENTS, {"body": "x"}).body["user"]["login"] == "github-actions[bot]"
    assert Caller(server, token=TOKEN)("GET", "/user").body["login"] == "tronador"
