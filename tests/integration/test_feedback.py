"""The whole reporter with a cluster and a forge: what the pull request shows at each step, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from hack.standins import plays
from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from hack.standins.scm.forge import Forge
from hack.standins.scm.limits import Limits
from hack.standins.scm.server import ForgeServer
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, is_current, manifest, tag
from tests.integration.support.reporters import ThreadedReporter, credentials
from tests.integration.support.waiting import eventually, throughout
from tests.openapi import Description

PREFIX, PATH, NUMBER = "github.com/acme", "acme/shop", 74
FIRST, SECOND, THIRD = "a" * 40, "b" * 40, "c" * 40
RIGHTS = {"metadata": "read", "pull_requests": "write", "statuses": "write", "deployments": "write"}
UNAVAILABLE = Answer(status=503, body={"message": "Service Unavailable"})
Start = Callable[..., ThreadedReporter]


@pytest.fixture
def forge() -> Forge:
    forge = Forge(limits=Limits(requests=10**6, content_per_minute=10**6, content_per_hour=10**6))
    forge.add_repository(PATH, private=True)
    forge.open_pull(PATH, NUMBER, sha=FIRST)
    forge.add_token("secret", permissions=RIGHTS, owners=["acme"])
    return forge


@pytest.fixture
def server(forge: Forge) -> Iterator[ForgeServer]:
    with ForgeServer(forge=forge) as server:
        yield server


@pytest.fixture
def folder(server: ForgeServer, tmp_path: Path) -> Path:
    return credentials(tmp_path / "credentials", token="secret", api=f"{server.url}/api/v3")


@pytest.fixture
def start_reporter(cluster: Cluster, folder: Path) -> Iterator[Start]:
    """Starts reporters with the credentials of the folder; options are those of `tronador report`."""
    started: list[ThreadedReporter] = []

    def start(*, wait: bool = True, **options: Any) -> ThreadedReporter:
        started.append(ThreadedReporter(cluster.kubeconfig, prefix=PREFIX, folder=folder, **options))
        return started[-1].start(wait=wait)

    yield start
    for reporter in started:
        reporter.stop()


def annotations(number: int = NUMBER, *, commit: str = FIRST, path: str = PATH, **more: str) -> dict[str, str]:
    """What `tronador render` writes about the pull request."""
    facts = {"repository": f"github.com/{path}", "pull-request": str(number), "commit": commit, "branch": "change"}
    return {f"tronador.stakater.com/{name}": value for name, value in {**facts, **more}.items()}


def request_environment(environments: Environments, name: str = "pr-74", **facts: Any) -> Environment:
    document = manifest(name, values=tag("one"))
    document["metadata"]["annotations"] = annotations(**facts)
    return environments.apply(document)


def push(environment: Environment, commit: str, text: str) -> None:
    """What another commit changes."""
    body = {
        "metadata": {"annotations": annotations(commit=commit)},
        "spec": {"application": {"release": {"values": tag(text)}}},
    }
    environment.cluster.client.patch(ENVIRONMENTS, environment.name, body)


def become(environment: Environment, state: str, message: str = "", *, url: str = "") -> None:
    """Write a status as the controller does."""
    obj = environment.get()
    generation = obj["metadata"]["generation"]
    ready = {
        "type": "Ready",
        "status": "True" if state == "deployed" else "False",
        "reason": "Tests",
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = {
        "observedGeneration": generation,
        "applicationStatus": state,
        "applicationStatusMsg": message,
        "conditions": [ready],
        **({"url": url} if url else {}),
    }
    environment.cluster.client.patch(ENVIRONMENTS, environment.name, {"status": status}, subresource="status")


def bodies(forge: Forge, number: int = NUMBER) -> list[str]:
    return [comment.body for comment in forge.comments(PATH, number)]


def shows(forge: Forge, *words: str, number: int = NUMBER) -> str:
    """The text of the one comment, as soon as it has all the words."""

    def found() -> str:
        texts = bodies(forge, number)
        return texts[0] if len(texts) == 1 and all(word in texts[0] for word in words) else ""

    return eventually(found, lambda: f"one comment with {words}; there are {bodies(forge, number)}")


def settled(environment: Environment, reporter: ThreadedReporter) -> str:
    """The record of what was reported, as soon as nothing is left to do."""
    name = "tronador.stakater.com/reported"

    def record() -> str:
        return str((environment.get()["metadata"].get("annotations") or {}).get(name, "")) if reporter.is_idle else ""

    return eventually(record, "everything is reported")


def states(forge: Forge, commit: str) -> list[str]:
    return [status.state for status in forge.statuses(PATH, commit)]


@pytest.mark.slow
def test_a_pull_request_shows_each_step_of_its_environment(
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    start_reporter: Start,
    forge: Forge,
) -> None:
    reporter = start_reporter()
    environment = request_environment(environments)
    shows(forge, "is deployed", FIRST[:8])
    settled(environment, reporter)
    assert states(forge, FIRST)[-1] == "success"
    assert [one.state for one in forge.deployments(PATH)] == ["success"]

    engine.stop()
    environment.patch_helm_release({"metadata": {"annotations": {plays.FAIL: "upgrade"}}})
    forge.push(PATH, NUMBER, sha=SECOND)
    push(environment, SECOND, "two")
    engine.start()
    shows(forge, "has failed", SECOND[:8], "for Helm release")
    settled(environment, reporter)
    assert states(forge, SECOND)[-1] == "failure"
    assert [one.state for one in forge.deployments(PATH)] == ["inactive", "failure"]

    environment.patch_helm_release({"metadata": {"annotations": {plays.FAIL: None}}})
    forge.push(PATH, NUMBER, sha=THIRD)
    push(environment, THIRD, "three")
    shows(forge, "is deployed", THIRD[:8])
    settled(environment, reporter)
    assert states(forge, THIRD)[-1] == "success"
    assert [one.state for one in forge.deployments(PATH)] == ["inactive", "inactive", "success"]

    forge.close(PATH, NUMBER)
    environment.delete()
    environment.gone()
    shows(forge, "is removed")
    eventually(lambda: reporter.is_idle, "the end is reported")
    assert [one.state for one in forge.deployments(PATH)] == ["inactive"] * 3
    for commit in (FIRST, SECOND, THIRD):
        written = states(forge, commit)
        assert all(one != other for one, other in pairwise(written)), "a status was repeated"
    for one in forge.deployments(PATH):
        written = [status.state for status in one.statuses]
        assert len(written) == len(set(written)), "the status of a deployment was repeated"
        assert (one.environment, one.transient, one.production) == ("preview", True, False)
    texts = [str(entry.body["body"]) for entry in forge.writes() if "body" in entry.body]
    assert all(one != other for one, other in pairwise(texts)), "an edit changed nothing"


def test_every_request_is_one_that_github_describes(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    reporter = start_reporter()
    environment = request_environment(environments)
    for state in ("deploying", "failed", "deployed"):
        become(environment, state, "why", url="https://pr.example.com")
        settled(environment, reporter)
        shows(forge, {"deploying": "is being deployed", "failed": "has failed"}.get(state, "is deployed"))
    environment.delete()
    shows(forge, "is removed")
    description = Description("github")
    for entry in forge.requests():
        target = entry.path.removeprefix("/api/v3")
        assert description.faults_of_request(entry.method, target, entry.body) == [], entry
        assert entry.status < 300 or entry.status == 304, entry


def test_a_restart_asks_the_forge_nothing(environments: Environments, start_reporter: Start, forge: Forge) -> None:
    reporter = start_reporter()
    environment = request_environment(environments)
    become(environment, "deployed")
    shows(forge, "is deployed")
    settled(environment, reporter)
    reporter.stop()
    forge.clear_ledger()
    second = start_reporter()
    eventually(lambda: second.is_idle, "it has seen the environment")
    assert forge.requests() == []
    become(environment, "failed", "no more room")
    shows(forge, "no more room")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_restart_with_1000_environments_asks_the_forge_nothing(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    count = 1000
    reporter = start_reporter(workers=4)
    made = []
    for number in range(1000, 1000 + count):
        forge.open_pull(PATH, number, sha=f"{number:040x}")
        made.append(request_environment(environments, f"pr-{number}", number=number, commit=f"{number:040x}"))
        become(made[-1], "deployed")
    eventually(lambda: len(forge.deployments(PATH)) == count, lambda: len(forge.deployments(PATH)), deadline=300)
    for environment in made:
        eventually(lambda e=environment: "deployment=" in settled(e, reporter), "everything is reported", deadline=300)
    assert all(len(bodies(forge, 1000 + number)) == 1 for number in range(count))
    reporter.stop()
    forge.clear_ledger()
    second = start_reporter(workers=4)
    eventually(lambda: second.is_idle, "it has seen all environments")
    throughout(2, lambda: not forge.requests(), lambda: forge.requests())


@pytest.mark.slow
def test_an_outage_loses_nothing_and_only_the_newest_state_is_written(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    forge.set_faults([Fault(times=FOR_EVER, answer=UNAVAILABLE)])
    reporter = start_reporter(scm_max_backoff=0.5)
    environment = request_environment(environments)
    for state in ("deploying", "failed", "deploying", "deployed"):
        become(environment, state)
    eventually(lambda: len(forge.requests()) >= 3, "it asks again")
    forge.clear_ledger()
    # Two requests a second at most, one worker's pause being half a second.
    throughout(2, lambda: len(forge.requests()) <= 6, lambda: f"a hot loop: {len(forge.requests())} requests")
    forge.set_faults(())
    shows(forge, "is deployed")
    settled(environment, reporter)
    assert states(forge, FIRST) == ["success"]
    assert [[status.state for status in one.statuses] for one in forge.deployments(PATH)] == [["success"]]
    assert len([entry for entry in forge.writes() if "comments" in entry.path]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=429, body={"message": "Too many requests"}, headers={"Retry-After": "1"}),
        Answer(
            status=403,
            body={
                "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            },
            headers={"Retry-After": "1"},
        ),
    ],
    ids=["429", "secondary"],
)
def test_a_limit_is_waited_out_by_all_environments_of_the_credentials(
    environments: Environments, start_reporter: Start, forge: Forge, answer: Answer
) -> None:
    # One worker, because another one may be in the middle of its requests.
    reporter = start_reporter(workers=1)
    forge.open_pull(PATH, 75, sha=SECOND)
    forge.set_faults([Fault(method="POST", answer=answer)])
    made = [
        request_environment(environments),
        request_environment(environments, "pr-75", number=75, commit=SECOND),
    ]
    for environment in made:
        become(environment, "deployed")
    eventually(lambda: [one for one in forge.requests() if one.faulty], "the limit is hit")
    shows(forge, "is deployed")
    shows(forge, "is deployed", number=75)
    for environment in made:
        settled(environment, reporter)
    [limit] = [entry for entry in forge.requests() if entry.faulty]
    assert [entry for entry in forge.requests() if limit.time < entry.time < limit.time + 0.99] == []


@pytest.mark.slow
def test_of_two_reporters_one_reports_and_the_other_takes_over(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    election = {
        "leader_elect": True,
        "lease_duration": 1.0,
        "lease_renew_deadline": 0.7,
        "lease_retry_period": 0.1,
    }
    first = start_reporter(**election)
    second = start_reporter(wait=False, **election)
    environment = request_environment(environments)
    become(environment, "deployed")
    shows(forge, "is deployed")
    settled(environment, first)
    assert not second.is_leading
    first.stop()
    eventually(lambda: second.is_leading, "the other one leads")
    become(environment, "failed", "no more room")
    shows(forge, "no more room")
    settled(environment, second)
    assert [state for state in states(forge, FIRST) if state != "pending"] == ["success", "failure"]
    assert len([entry for entry in forge.writes() if entry.path.endswith("/deployments")]) == 1


def test_a_comment_that_people_edit_is_mended_with_the_next_change(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    reporter = start_reporter()
    environment = request_environment(environments)
    become(environment, "deployed")
    text = shows(forge, "is deployed")
    settled(environment, reporter)
    [comment] = forge.comments(PATH, NUMBER)
    marker = text.splitlines()[0]
    forge.edit_comment(comment.id, body=f"{marker}\nAll is lost.")
    become(environment, "failed", "no more room")
    shows(forge, "no more room")
    assert [one.id for one in forge.comments(PATH, NUMBER)] == [comment.id]


def test_a_comment_that_people_remove_comes_back_with_the_next_generation(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    reporter = start_reporter()
    environment = request_environment(environments)
    become(environment, "deployed")
    shows(forge, "is deployed")
    settled(environment, reporter)
    forge.delete_comment(forge.comments(PATH, NUMBER)[0].id)
    become(environment, "failed", "no more room")
    eventually(lambda: states(forge, FIRST)[-1:] == ["failure"], "the status says so")
    settled(environment, reporter)
    assert bodies(forge) == []
    forge.push(PATH, NUMBER, sha=SECOND)
    push(environment, SECOND, "two")
    become(environment, "deployed")
    shows(forge, "is deployed", SECOND[:8])


def test_a_comment_of_somebody_else_with_our_marker_stays_as_it_is(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    theirs = "<!-- tronador environment=pr-74 cluster=default -->\nAll is well."
    forge.comment(PATH, NUMBER, login="stranger", body=theirs)
    reporter = start_reporter()
    environment = request_environment(environments)
    for state in ("deployed", "failed"):
        become(environment, state, "why")
        settled(environment, reporter)
    eventually(lambda: "has failed" in bodies(forge)[-1], "our comment is edited")
    assert bodies(forge)[0] == theirs
    assert [one.author.login for one in forge.comments(PATH, NUMBER)] == ["stranger", "tronador"]


@pytest.mark.parametrize("path", ["acme-evil/shop", "stranger/shop"])
def test_a_foreign_repository_costs_no_request(
    environments: Environments, start_reporter: Start, forge: Forge, path: str
) -> None:
    forge.add_repository(path)
    forge.open_pull(path, 1, sha=FIRST)
    start_reporter()
    foreign = request_environment(environments, "foreign", number=1, path=path)
    become(foreign, "deployed")
    # Once this one is reported, the other one has been looked at.
    own = request_environment(environments)
    become(own, "deployed")
    shows(forge, "is deployed")
    assert not [entry for entry in forge.requests() if path in entry.path]
    assert "tronador.stakater.com/reported" not in foreign.get()["metadata"]["annotations"]


@pytest.mark.slow
def test_a_fork_gets_feedback_on_the_pull_request_of_the_base(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    forge.add_repository("stranger/shop")
    forge.open_pull(PATH, 75, sha=SECOND, head="stranger/shop", author="stranger")
    reporter = start_reporter()
    environment = request_environment(environments, "pr-75", number=75, commit=SECOND, fork="true")
    become(environment, "deployed", url="https://pr.example.com")
    shows(forge, "is deployed", "https://pr.example.com", number=75)
    settled(environment, reporter)
    assert states(forge, SECOND)[-1] == "success"
    assert {entry.path.split("/")[4] for entry in forge.writes()} == {"acme"}


def test_a_lost_answer_does_not_lead_to_a_second_comment(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    reporter = start_reporter()
    forge.set_faults([Fault(method="POST", path="*/comments", carry_out=True)])
    environment = request_environment(environments)
    become(environment, "deployed")
    eventually(lambda: [one for one in forge.requests("POST") if one.faulty], "the answer is lost")
    settled(environment, reporter)
    shows(forge, "is deployed")


@pytest.mark.slow
def test_the_annotation_is_all_that_it_writes_to_the_cluster(
    environments: Environments, start_reporter: Start, forge: Forge
) -> None:
    reporter = start_reporter()
    environment = request_environment(environments)
    become(environment, "deployed")
    settled(environment, reporter)
    before = environment.get()
    become(environment, "failed", "why")
    eventually(lambda: is_current(environment.get()), "the status is written")
    settled(environment, reporter)
    shows(forge, "has failed")
    after = environment.get()
    assert after["spec"] == before["spec"]
    assert set(after["metadata"]["annotations"]) == set(before["metadata"]["annotations"])


@pytest.mark.slow
def test_a_merge_request_shows_each_step_of_its_environment(
    environments: Environments, cluster: Cluster, server: ForgeServer, forge: Forge, tmp_path: Path
) -> None:
    project = "platform/teams/shop"
    forge.add_repository(project, private=True)
    forge.open_pull(project, 7, sha=FIRST, branch="change")
    # The role Developer and the scope api: what docs/feedback.md asks for.
    forge.add_token("glpat", login="project_bot", permissions={"api": "write"}, owners=["platform"], level=30)
    folder = credentials(tmp_path / "gitlab", token="glpat", api=f"{server.url}/api/v4", provider="gitlab")
    reporter = ThreadedReporter(cluster.kubeconfig, prefix="git.example.com/platform", folder=folder).start()
    try:
        document = manifest("pr-7", values=tag("one"))
        facts = {"repository": f"git.example.com/{project}", "pull-request": "7", "commit": FIRST, "branch": "change"}
        document["metadata"]["annotations"] = {f"tronador.stakater.com/{k}": v for k, v in facts.items()}
        environment = environments.apply(document)

        def until(state: str, words: str) -> None:
            def holds() -> bool:
                notes = forge.comments(project, 7)
                made = [one.state for one in forge.environments(project)]
                return len(notes) == 1 and words in notes[0].body and made == [state]

            eventually(holds, lambda: f"{words}, {state}: {forge.comments(project, 7)}, {forge.environments(project)}")

        become(environment, "deploying")
        until("available", "is being deployed")
        become(environment, "failed", "/close\nno more room")
        until("available", "no more room")
        become(environment, "deployed", url="https://pr.example.com")
        until("available", "https://pr.example.com")
        settled(environment, reporter)
        assert [one.external_url for one in forge.environments(project)] == ["https://pr.example.com"]
        assert [one.name for one in forge.environments(project)] == ["review/pr-7"]
        assert forge.statuses(project, FIRST)[-1].state == "success"
        assert forge.environment_deployments(project)[-1].status == "success"
        environment.delete()
        until("stopped", "is removed")
        # No line of the author was taken for a quick action.
        assert forge.pull(project, 7).closed is None
        assert [entry for entry in forge.requests() if entry.status >= 400] == []
    finally:
        reporter.stop()
