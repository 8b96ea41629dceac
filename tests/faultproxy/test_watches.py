"""Faults that meet watches: dropped, silent, late, cut; those that are open as well as those to come."""

from __future__ import annotations

import http.client
import time

import pytest

from hack.faultproxy.faults import CutWatch, DelayWatch, DropWatch, Ending, HalfOpenWatch, Match, Rule
from hack.faultproxy.proxy import FaultProxy
from tests.faultproxy.bed import Client, ScriptedServer, event, nothing_comes


def open_watch(client: Client, server: ScriptedServer, path: str = "/api/things") -> http.client.HTTPResponse:
    """A watch that is known to be open on both sides."""
    watch = client.watch(path)
    server.send(event(1))
    assert watch.readline() == event(1)
    return watch


def test_a_watch_of_a_certain_age_is_dropped_and_can_be_opened_again(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=DropWatch(after=0.05)))
    for count in (1, 2):
        assert client.watch().read() == b""
        assert proxy.wait_for("watch-drop", count) == count
    server.wait_for_watches(0)


def test_a_watch_that_is_open_already_is_dropped_by_a_new_rule(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = open_watch(client, server)
    proxy.set_rules(Rule(fault=DropWatch(after=0)))
    assert watch.read() == b""


def test_all_watches_can_be_dropped_without_affecting_other_requests(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watches = [open_watch(client, server), client.watch("/api/others")]
    server.wait_for_watches(2)
    proxy.wait_for("watches", 2)
    assert proxy.drop_watches() == 2
    assert [watch.read() for watch in watches] == [b"", b""]
    assert proxy.counters()["watch-drop"] == 2
    assert client.ask()[0] == 200
    assert proxy.drop_watches() == 0


def test_only_matching_watches_are_dropped(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    stays = open_watch(client, server)
    goes = client.watch("/api/others")
    proxy.wait_for("watches", 2)
    assert proxy.drop_watches(Match(path="others")) == 1
    assert goes.read() == b""
    server.send(event(2))
    assert stays.readline() == event(2)


@pytest.mark.parametrize(
    ("ending", "error"), [(Ending.CLOSE, http.client.IncompleteRead), (Ending.RESET, ConnectionResetError)]
)
def test_a_watch_can_be_dropped_without_a_proper_end(
    client: Client, server: ScriptedServer, proxy: FaultProxy, ending: Ending, error: type[Exception]
) -> None:
    watch = open_watch(client, server)
    proxy.drop_watches(ending=ending)
    with pytest.raises(error):
        watch.read()


def test_a_half_open_watch_is_silent_while_its_connection_stays_open(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=HalfOpenWatch()))
    watch = client.watch()
    assert watch.status == 200
    server.wait_for_watches(1)
    server.send(event(1), b'{"type": "BOOKMARK"}\n')
    proxy.wait_for("watch-half-open")
    # A request and its answer on the same server come later than the events, and still nothing was forwarded.
    assert client.ask()[0] == 200
    assert nothing_comes(proxy, watch)


def test_the_servers_end_of_a_half_open_watch_is_not_forwarded(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = open_watch(client, server)
    proxy.set_rules(Rule(fault=HalfOpenWatch()))
    proxy.wait_for("watch-half-open")
    server.end_watches()
    server.wait_for_watches(0)
    assert client.ask()[0] == 200
    assert nothing_comes(proxy, watch)


def test_a_half_open_watch_stays_dead_when_the_rule_is_lifted_and_a_new_one_works(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    dead = open_watch(client, server)
    proxy.set_rules(Rule(fault=HalfOpenWatch()))
    proxy.wait_for("watch-half-open")
    proxy.set_rules()
    alive = client.watch()
    server.wait_for_watches(2)
    server.send(event(2))
    assert alive.readline() == event(2)
    assert nothing_comes(proxy, dead)
    assert proxy.drop_watches() == 2
    assert dead.read() == b""


def test_delayed_events_are_held_until_their_time_and_stay_in_order(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=DelayWatch(seconds=0.15)))
    watch = client.watch()
    server.wait_for_watches(1)
    sent = time.monotonic()
    server.send(event(1), event(2), event(3))
    server.end_watches()
    assert watch.read() == event(1) + event(2) + event(3)
    assert time.monotonic() - sent >= 0.15
    assert proxy.counters()["watch-delay"] == 3


def test_a_late_watch_delays_no_requests_and_sends_events_after_the_delay(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = open_watch(client, server)
    proxy.set_rules(Rule(fault=DelayWatch(seconds=3600)))
    server.send(event(2), event(3))
    proxy.wait_for("watch-delay", 2)
    assert client.ask()[0] == 200
    assert nothing_comes(proxy, watch)
    proxy.set_rules()
    assert [watch.readline(), watch.readline()] == [event(2), event(3)]


def test_a_dropped_watch_loses_its_delayed_events(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=DelayWatch(seconds=3600)))
    watch = client.watch()
    server.wait_for_watches(1)
    server.send(event(1))
    proxy.wait_for("watch-delay")
    proxy.drop_watches()
    assert watch.read() == b""


def test_a_line_is_cut_in_half_and_the_connection_closed(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    proxy.set_rules(Rule(fault=CutWatch(after_lines=1)))
    watch = open_watch(client, server)
    server.send(event(2))
    with pytest.raises(http.client.IncompleteRead) as caught:
        watch.read()
    assert caught.value.partial == event(2)[: len(event(2)) // 2]
    assert proxy.counters()["watch-cut"] == 1


def test_a_cut_line_may_look_like_a_proper_end(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=CutWatch(ending=Ending.END)))
    watch = client.watch()
    server.wait_for_watches(1)
    server.send(event(1))
    assert watch.read() == event(1)[: len(event(1)) // 2]


def test_the_next_line_of_the_open_watches_can_be_cut(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch = open_watch(client, server)
    assert proxy.cut_watches(ending=Ending.END) == 1
    server.send(event(2))
    assert watch.read() == event(2)[: len(event(2)) // 2]
    open_watch(client, server)


def test_a_line_can_be_injected_into_the_open_watches(
    client: Client, server: ScriptedServer, proxy: FaultProxy
) -> None:
    watch, other = open_watch(client, server), open_watch(client, server, "/api/others")
    assert proxy.insert_line(b"nonsense\n", Match(path="things")) == 1
    assert watch.readline() == event(1)
    assert watch.readline() == b"nonsense\n"
    server.send(event(2))
    assert watch.readline() == event(2)
    assert other.readline() == event(2)
    assert proxy.counters()["watch-insert"] == 1


def test_watch_faults_leave_other_requests_alone(client: Client, server: ScriptedServer, proxy: FaultProxy) -> None:
    proxy.set_rules(Rule(fault=HalfOpenWatch()), Rule(fault=CutWatch()), Rule(fault=DropWatch(after=0)))
    assert client.ask() == (200, {"kind": "Answer"})
    assert proxy.counters() == {"requests": 1}
