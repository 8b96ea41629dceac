"""The stand-in as a server: faults, the ledger, HTTPS, and control from another process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
import urllib3

from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.openapi import Description
from tests.standins.scm_bed import NUMBER, PATH, REPOS, SHA, Caller, new_forge
from tests.unit.fakes import DEADLINE

COMMENTS = f"{REPOS}/issues/{NUMBER}/comments"
UNAVAILABLE = Answer(status=503, body={"message": "Service Unavailable"})


@pytest.fixture
def forge() -> Forge:
    return new_forge()


@pytest.fixture
def server(forge: Forge) -> Iterator[ForgeServer]:
    with ForgeServer(forge=forge) as server:
        yield server


@pytest.fixture
def call(server: ForgeServer) -> Caller:
    return Caller(server)


def test_a_fault_hits_the_requests_that_match_so_many_times(call: Caller, forge: Forge) -> None:
    forge.set_faults([Fault(method="POST", path="*/comments", times=2, answer=UNAVAILABLE)])
    assert [call("POST", COMMENTS, {"body": "x"}).status for _ in range(3)] == [503, 503, 201]
    forge.set_faults([Fault(times=FOR_EVER, answer=UNAVAILABLE)])
    assert [call("GET", COMMENTS).status for _ in range(3)] == [503] * 3
    forge.set_faults(())
    assert call("GET", COMMENTS).status == 200


def test_an_answer_can_be_lost_after_the_work_is_done(call: Caller, forge: Forge) -> None:
    forge.set_faults([Fault(method="POST", carry_out=True)])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        call("POST", COMMENTS, {"body": "x"})
    assert len(forge.comments(PATH, NUMBER)) == 1
    assert [(one.status, one.faulty) for one in forge.requests()] == [(201, True)]


def test_a_connection_can_be_closed_without_the_work(call: Caller, forge: Forge) -> None:
    forge.set_faults([Fault(method="POST")])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        call("POST", COMMENTS, {"body": "x"})
    assert forge.comments(PATH, NUMBER) == []
    assert forge.writes() == []


def test_a_frozen_request_continues_after_healing(call: Caller, forge: Forge) -> None:
    forge.set_faults([Fault(delay=DEADLINE, only_late=True)])
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(call("GET", COMMENTS).status))
    thread.start()
    forge.set_faults(())
    thread.join(DEADLINE)
    assert answers == [200]


def test_the_ledger_knows_which_requests_were_writes(call: Caller, forge: Forge) -> None:
    call("GET", COMMENTS)
    call("POST", COMMENTS, {"body": "x"})
    call("POST", COMMENTS, {})
    assert [(one.method, one.status, one.login) for one in forge.requests()] == [
        ("GET", 200, "tronador"),
        ("POST", 201, "tronador"),
        ("POST", 422, "tronador"),
    ]
    assert [one.body for one in forge.writes()] == [{"body": "x"}]
    assert len(forge.requests("GET", "*/comments")) == 1
    forge.clear_ledger()
    assert forge.requests() == []


def test_it_serves_https_with_a_certificate(tmp_path: Path, forge: Forge) -> None:
    ca = trustme.CA()
    pem, bundle = tmp_path / "server.pem", tmp_path / "ca.pem"
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    ca.cert_pem.write_to_path(str(bundle))
    with ForgeServer(forge=forge, certificate=pem) as server:
        assert Caller(server, ca=str(bundle))("GET", COMMENTS).status == 200
        with pytest.raises(urllib3.exceptions.SSLError):
            Caller(server)("GET", COMMENTS)


def test_another_process_controls_it(server: ForgeServer, call: Caller) -> None:
    http = urllib3.PoolManager()

    def control(method: str, path: str, body: object = None) -> tuple[int, object]:
        answer = http.request(method, f"{server.url}/_scm/{path}", json=body)
        return answer.status, answer.json()

    assert control("POST", "comment", {"path": PATH, "number": NUMBER, "login": "someone", "body": "hello"})[0] == 200
    faults = [{"path": "*/comments", "status": 429, "headers": {"Retry-After": "1"}}]
    assert control("PUT", "faults", {"faults": faults}) == (200, {})
    assert (refused := call("GET", COMMENTS)).status == 429
    assert refused.headers["retry-after"] == "1"
    status, seen = control("GET", f"pull?path={PATH}&number={NUMBER}")
    assert status == 200
    assert isinstance(seen, dict)
    assert (seen["sha"], [one["body"] for one in seen["comments"]]) == (SHA, ["hello"])
    assert len(json.dumps(control("GET", "ledger")[1])) > 2
    assert control("DELETE", "ledger") == (200, {})
    assert control("GET", "ledger") == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "close", {"path": "no/such", "number": 1}, 400),
        ("POST", "close", {"path": PATH}, 400),
        ("PUT", "faults", {"faults": [{"pth": "*"}]}, 400),
        ("POST", "set_faults", {}, 404),
        ("GET", "secrets", None, 404),
    ],
)
def test_a_wrong_order_is_refused(server: ForgeServer, method: str, path: str, body: object, status: int) -> None:
    assert urllib3.request(method, f"{server.url}/_scm/{path}", json=body).status == status


def test_it_runs_as_a_program_without_a_cluster(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hack.standins", "scm", "--port", "0", "--url-file", str(tmp_path / "url")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        url = (tmp_path / "url").read_text()
        assert urllib3.request("GET", f"{url}/rate_limit", headers={"User-Agent": "tests"}).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0


def test_a_comparison_with_the_description_finds_every_kind_of_fault() -> None:
    description = Description("github")
    assert description.faults_of_request("POST", COMMENTS, {"body": "x"}) == []
    assert description.faults_of_request("POST", COMMENTS, {"text": "x"}) != []
    assert description.faults_of_request("POST", COMMENTS, {"body": 1}) != []
    assert description.faults_of_request("GET", f"{COMMENTS}?per_page=100&page=2", {}) == []
    assert description.faults_of_request("GET", f"{COMMENTS}?pages=2", {}) != []
    assert description.faults_of_request("GET", "/repos/a/b/secrets", {}) != []
    assert description.faults_of_answer("GET", COMMENTS, 200, [{}]) != []
    assert description.faults_of_answer("GET", COMMENTS, 200, {}) != []
    assert description.faults_of_answer("GET", COMMENTS, 299, []) != []
