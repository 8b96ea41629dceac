"""The stand-in's GitLab: projects, notes, statuses, environments and deployments, with its traps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hack.standins.scm.forge import Forge
from hack.standins.scm.limits import Limits
from hack.standins.scm.server import ForgeServer
from tests.standins.scm_bed import NEXT, SHA, TOKEN, Caller, Clock

GROUPS = "platform/teams/shop"
PROJECT = f"{GROUPS}/web"
PATH = "/projects/platform%2Fteams%2Fshop%2Fweb"
NOTES = f"{PATH}/merge_requests/7/notes"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge(clock: Clock) -> Forge:
    forge = Forge(clock=clock, limits=Limits(requests=60, content_per_minute=20))
    forge.add_repository(PROJECT, private=True)
    forge.open_pull(PROJECT, 7, sha=SHA, branch="change")
    forge.add_token(TOKEN, permissions={"api": "write"}, owners=["platform"])
    return forge


@pytest.fixture
def server(forge: Forge) -> Iterator[ForgeServer]:
    with ForgeServer(forge=forge) as server:
        yield server


@pytest.fixture
def call(server: ForgeServer) -> Caller:
    return Caller(server, prefix="/api/v4")


def test_a_project_has_a_number_and_a_path_with_groups(call: Caller) -> None:
    found = call("GET", PATH).body
    assert found["path_with_namespace"] == PROJECT
    assert call("GET", f"/projects/{found['id']}").body == found
    assert call("GET", "/projects/platform/teams").status == 404
    assert call("GET", f"{PATH}/merge_requests/7").body["state"] == "opened"
    assert call("GET", f"{PATH}/merge_requests/8").status == 404


def test_a_note_is_created_read_edited_and_deleted(call: Caller, forge: Forge) -> None:
    created = call("POST", NOTES, {"body": "first"})
    assert created.status == 201
    path = f"{NOTES}/{created.body['id']}"
    assert call("PUT", path, {"body": "second"}).body["body"] == "second"
    assert [one.body for one in forge.comments(PROJECT, 7)] == ["second"]
    assert call("DELETE", path).status == 204
    assert call("GET", path).status == 404
    assert call("POST", NOTES, {}).body == {"error": "body is missing"}


def test_only_the_author_or_a_maintainer_edits_a_note(call: Caller, server: ForgeServer, forge: Forge) -> None:
    number = forge.comment(PROJECT, 7, login="someone", body="theirs")
    assert call("PUT", f"{NOTES}/{number}", {"body": "x"}).status == 403
    forge.add_token("maintainer", login="boss", level=40)
    assert Caller(server, prefix="/api/v4", token="maintainer")("DELETE", f"{NOTES}/{number}").status == 204


def test_notes_come_in_pages_newest_first(call: Caller, forge: Forge, clock: Clock) -> None:
    for number in range(25):
        clock.now += 1
        forge.comment(PROJECT, 7, login="someone", body=str(number))
    first = call("GET", NOTES)
    assert [one["body"] for one in first.body] == [str(number) for number in range(24, 4, -1)]
    assert (first.headers["x-next-page"], first.headers["x-total"]) == ("2", "25")
    assert f'{NOTES}?page=2>; rel="next"' in first.headers["link"]
    last = call("GET", f"{NOTES}?sort=asc&per_page=20&page=2")
    assert [one["body"] for one in last.body] == [str(number) for number in range(20, 25)]
    assert last.headers["x-next-page"] == ""


def test_a_line_with_a_quick_action_is_carried_out(call: Caller, forge: Forge) -> None:
    call("POST", NOTES, {"body": "```\n/close\n```\n`/close` and /close"})
    assert forge.pull(PROJECT, 7).closed is None
    assert call("POST", NOTES, {"body": "failed:\n/close"}).body["body"] == "failed:\n"
    assert forge.pull(PROJECT, 7).closed is not None


def test_an_unfinished_status_is_changed_and_a_finished_one_gets_a_successor(call: Caller) -> None:
    def post(state: str) -> Any:
        return call("POST", f"{PATH}/statuses/{SHA}", {"state": state, "name": "tronador/preview"})

    first = post("running")
    assert first.body["status"] == "running"
    assert post("running").status == 400
    assert post("pending").status == 400
    assert post("failed").body["id"] == first.body["id"]
    assert post("running").body["id"] != first.body["id"]
    listed = call("GET", f"{PATH}/repository/commits/{SHA}/statuses?name=tronador/preview").body
    assert [one["status"] for one in listed] == ["running"]
    assert len(call("GET", f"{PATH}/repository/commits/{SHA}/statuses?all=true").body) == 2


@pytest.mark.parametrize(
    ("sha", "body", "status"),
    [
        (NEXT, {"state": "success"}, 404),
        (SHA, {}, 400),
        (SHA, {"state": "failure"}, 400),
        (SHA, {"state": "success", "description": "x" * 256}, 400),
        (SHA, {"state": "success", "target_url": "javascript:alert(1)"}, 400),
    ],
)
def test_a_status_that_does_not_fit_is_refused(call: Caller, sha: str, body: dict[str, Any], status: int) -> None:
    assert call("POST", f"{PATH}/statuses/{sha}", body).status == status


def test_an_environment_is_created_changed_stopped_and_deleted(call: Caller) -> None:
    created = call("POST", f"{PATH}/environments", {"name": "review/pr-7", "external_url": "https://one.example.com"})
    assert created.status == 201
    assert (created.body["state"], created.body["tier"]) == ("available", "development")
    assert len(created.body["slug"]) <= 24
    path = f"{PATH}/environments/{created.body['id']}"
    assert call("PUT", path, {"external_url": "https://two.example.com"}).status == 200
    assert call("DELETE", path).status == 403
    assert [call("POST", f"{path}/stop").body["state"] for _ in range(2)] == ["stopped", "stopped"]
    assert call("GET", f"{PATH}/environments?name=review/pr-7").body[0]["external_url"] == "https://two.example.com"
    assert call("GET", f"{PATH}/environments?states=available").body == []
    assert call("DELETE", path).status == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "review/"},
        {"name": "review/ü"},
        {"name": "taken"},
        {"name": "n", "external_url": "javascript:alert(1)"},
        {"name": "n", "external_url": f"https://{'x' * 255}"},
        {"name": "n", "tier": "other-tier"},
    ],
)
def test_an_environment_that_does_not_fit_is_refused(call: Caller, body: dict[str, Any]) -> None:
    assert call("POST", f"{PATH}/environments", {"name": "taken"}).status == 201
    assert call("POST", f"{PATH}/environments", body).status == 400


def test_a_success_makes_a_stopped_environment_available_again(call: Caller) -> None:
    body = {"environment": "review/pr-7", "sha": SHA, "ref": "change", "tag": False, "status": "running"}
    first = call("POST", f"{PATH}/deployments", body).body
    environment = f"{PATH}/environments/{first['environment']['id']}"
    call("POST", f"{environment}/stop")
    path = f"{PATH}/deployments/{first['id']}"
    assert call("PUT", path, {"status": "running"}).status == 400
    assert call("PUT", path, {"status": "success"}).body["status"] == "success"
    assert call("PUT", path, {"status": "success"}).status == 400
    shown = call("GET", environment).body
    assert (shown["state"], shown["last_deployment"]["id"]) == ("available", first["id"])
    assert len(call("GET", f"{PATH}/deployments?environment=review/pr-7").body) == 1
    assert call("POST", f"{PATH}/deployments", {**body, "tag": None}).status == 400


def test_a_moved_project_redirects_reads_and_refuses_writes(call: Caller, forge: Forge) -> None:
    forge.rename(PROJECT, f"{GROUPS}/renamed")
    moved = call("GET", NOTES)
    assert moved.status == 301
    assert call("GET", moved.headers["location"].partition("/api/v4")[2]).status == 200
    assert call("POST", NOTES, {"body": "x"}).status == 405


@pytest.mark.parametrize(
    ("token", "status"),
    [("", 404), ("wrong", 401), ("expired", 401), ("elsewhere", 404), ("read_api", 403), ("reporter", 403)],
)
def test_only_a_developers_token_with_the_scope_api_sets_a_status(
    server: ForgeServer, forge: Forge, token: str, status: int
) -> None:
    forge.add_token("expired", expires_in=-1)
    forge.add_token("elsewhere", owners=["platform/teams/sho"])
    forge.add_token("read_api", permissions={"read_api": "read"})
    forge.add_token("reporter", level=20)
    refused = Caller(server, prefix="/api/v4", token=token)("POST", f"{PATH}/statuses/{SHA}", {"state": "success"})
    assert refused.status == status
    assert forge.statuses(PROJECT, SHA) == []


def test_too_many_requests_are_refused_until_the_window_ends(call: Caller, clock: Clock) -> None:
    while (answer := call("GET", "/user")).status == 200:
        assert answer.body["username"] == "tronador"
    assert (answer.status, answer.body) == (429, "Retry later\n")
    clock.now += float(answer.headers["retry-after"])
    assert call("GET", "/user").status == 200


def test_too_much_content_is_refused_for_a_minute(call: Caller, clock: Clock) -> None:
    answers = [call("POST", NOTES, {"body": "x"}).status for _ in range(21)]
    assert answers == [201] * 20 + [429]
    clock.now += 60
    assert call("POST", NOTES, {"body": "x"}).status == 201
