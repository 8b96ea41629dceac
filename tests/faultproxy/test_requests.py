"""Faults that meet single requests: late, answered by somebody else, or cut off before or after the work was done."""

from __future__ import annotations

import http.client
import json
import time

import pytest
from aiohttp import web

from hack.faultproxy.exchange import Exchange
from hack.faultproxy.faults import Answer, Latency, Match, ResetAfter, ResetBefore, Rule
from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.proxy import FaultProxy
from tests.faultproxy.bed import Client, ScriptedServer, client_of, event


def test_latency_holds_a_request_back_before_the_server_sees_it(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=Latency(seconds=0.1)))
    before = time.monotonic()
    client.ask()
    assert time.monotonic() - before >= 0.1
    assert proxy.counters() == {"requests": 1, "latency": 1}


def test_a_delayed_request_does_not_delay_others(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=Latency(seconds=3600), match=Match(path="/slow$")))
    client.send_only("/slow")
    proxy.wait_for("latency")
    assert client.ask(path="/quick")[0] == 200
    assert [seen.target for seen in server.seen] == ["/quick"]


def test_a_throttled_request_gets_429_and_never_reaches_the_server(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=Answer(code=429, retry_after=7)))
    response = client.request("POST", body=b"{}")
    assert (response.status, response.headers["Retry-After"]) == (429, "7")
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b"Too many requests" in response.read()
    assert server.seen == []
    assert proxy.counters() == {"requests": 1, "answer-429": 1}


@pytest.mark.parametrize(
    ("code", "reason"), [(500, "InternalError"), (502, None), (503, "ServiceUnavailable"), (504, "Timeout")]
)
def test_a_5xx_comes_with_a_status_and_never_reaches_the_server(
    client: Client, server: ScriptedServer, proxy: FaultProxy, code: int, reason: str | None
) -> None:
    proxy.set_rules(Rule(fault=Answer(code=code)))
    response = client.request("PUT", body=b"{}")
    status = json.loads(response.read())
    assert response.status == status["code"] == code
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status.get("reason") == reason
    assert "Retry-After" not in response.headers
    assert server.seen == []


def test_a_5xx_may_ask_to_retry_later_in_header_and_status(client: Client, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=Answer(code=503, retry_after=2)))
    response = client.request()
    assert response.headers["Retry-After"] == "2"
    assert json.loads(response.read())["details"]["retryAfterSeconds"] == 2


def test_the_connection_stays_usable_after_an_injected_answer(client: Client, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=Answer(code=500), times=1))
    connection = client.connect()
    statuses = []
    for _ in range(2):
        connection.request("POST", "/api", body=b"{}" * 50_000)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    assert statuses == [500, 200]


def test_a_reset_before_the_request_keeps_it_from_the_server(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=ResetBefore()))
    with pytest.raises(ConnectionResetError):
        client.request("POST", body=b"{}")
    assert server.seen == []
    assert proxy.counters() == {"requests": 1, "reset-before": 1}


def test_a_reset_after_the_request_performs_the_write_and_loses_the_answer(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=ResetAfter()))
    with pytest.raises(ConnectionResetError):
        client.request("POST", body=b'{"kind": "Thing"}')
    assert [(seen.method, seen.body) for seen in server.seen] == [("POST", b'{"kind": "Thing"}')]
    assert proxy.counters() == {"requests": 1, "reset-after": 1}


def test_a_reset_after_the_request_lets_the_server_finish_its_answer(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    server.answer = lambda _: web.Response(body=bytes(20_000_000))
    proxy.set_rules(Rule(fault=ResetAfter()))
    with pytest.raises(ConnectionResetError):
        client.request()
    server.wait_for_answers(1)


@pytest.mark.parametrize("fault", [ResetBefore(), ResetAfter()])
def test_watches_can_be_reset_when_they_open(client: Client, proxy: FaultProxy, fault: ResetBefore) -> None:
    proxy.set_rules(Rule(fault=fault, match=Match(watch=True)))
    with pytest.raises(ConnectionResetError):
        client.watch()
    assert client.ask()[0] == 200


def test_a_rule_with_a_number_of_times_is_used_up(client: Client, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=Answer(code=500), times=2))
    assert [client.ask()[0] for _ in range(4)] == [500, 500, 200, 200]
    proxy.freeze()
    proxy.thaw()
    assert client.ask()[0] == 200, "freezing must not load the rule again"


def test_rules_see_method_path_user_agent_and_watch(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    proxy.set_rules(
        Rule(fault=Answer(code=500), match=Match(methods=("PUT", "PATCH"), path="/leases/", user_agent="^elector"))
    )
    assert client.request("PUT", "/apis/leases/a", User_Agent="elector/1").status == 500
    assert client.request("GET", "/apis/leases/a", User_Agent="elector/1").status == 200
    assert client.request("PUT", "/apis/things/a", User_Agent="elector/1").status == 200
    assert client.request("PUT", "/apis/leases/a", User_Agent="kubectl").status == 200
    proxy.set_rules(Rule(fault=Answer(code=500), match=Match(watch=False)))
    watch = client.watch()
    server.wait_for_watches(1)
    server.send(event(1))
    assert watch.readline() == event(1)
    assert client.request(path="/api?watch=false").status == 500


def test_new_rules_replace_the_old_ones_and_an_empty_list_ends_faults(client: Client, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=Answer(code=500)))
    proxy.set_rules(Rule(fault=Answer(code=503)))
    assert client.ask()[0] == 503
    proxy.set_rules()
    assert client.ask()[0] == 200


def test_shares_hold_over_many_requests_and_answered_writes_are_done(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(
        Rule(fault=Answer(code=500), percent=30),
        Rule(fault=Answer(code=429, retry_after=1), percent=20),
        Rule(fault=ResetBefore(), percent=10),
        Rule(fault=ResetAfter(), percent=10),
    )
    answered: list[int] = []
    lost = 0
    for _ in range(200):
        try:
            answered.append(_put(client))
        except (ConnectionError, http.client.HTTPException):
            lost += 1
    counts = proxy.counters()
    assert counts["requests"] == 200
    assert answered.count(500) == counts["answer-500"] == pytest.approx(60, abs=20)
    assert answered.count(429) == counts["answer-429"] == pytest.approx(40, abs=20)
    assert lost == counts["reset-before"] + counts["reset-after"]
    assert len(server.seen) == answered.count(200) + counts["reset-after"]


def _put(client: Client) -> int:
    response = client.request("PUT", "/api/thing", body=b"{}")
    response.read()
    return response.status


def test_a_witness_is_notified_of_a_request_before_the_client(server: ScriptedServer) -> None:
    seen: list[Exchange] = []
    server.answer = lambda _: web.json_response({}, status=409)
    with FaultProxy(target=Target(server=server.url), witness=seen.append) as proxy, client_of(proxy.url) as client:
        proxy.set_rules(Rule(fault=ResetBefore(), times=1), Rule(fault=ResetAfter(), times=1))
        for _ in range(2):
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                client.request("PUT", body=b"{}")
        assert client.request("POST", "/a%20b?c=d", body=b'{"e": 1}').read() == b"{}"
    # What was reset before the server saw it is not there; what was reset afterwards is.
    assert [exchange.method for exchange in seen] == ["PUT", "POST"]
    assert (seen[1].path, seen[1].query, seen[1].body, seen[1].status) == ("/a b", {"c": "d"}, b'{"e": 1}', 409)
