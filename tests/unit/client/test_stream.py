"""Watch streams: bytes into events, and every way a stream ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery import errors
from controller.apimachinery.scope import Scope
from controller.client import Client
from controller.client import stream as stream_module
from controller.client.stream import LineSplitter
from tests.unit.client.server import Answer, Chunks, Server, Silence
from tests.unit.fakes import DEADLINE, WIDGETS, added, error_event

ONE, TWO = added("a", 1), added("b", 2)


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


class TestLineSplitter:
    @pytest.mark.promise("watching")
    @given(texts=st.lists(st.binary().map(lambda b: b.replace(b"\n", b"")), max_size=8), data=st.data())
    def test_lines_are_complete_however_the_bytes_are_split(self, texts: list[bytes], data: st.DataObject) -> None:
        whole = b"".join(text + b"\n" for text in texts)
        splitter, got = LineSplitter(), []
        while whole:
            cut = data.draw(st.integers(1, len(whole)))
            got += splitter.feed(whole[:cut])
            whole = whole[cut:]
        assert got == [text for text in texts if text.strip()]
        assert splitter.leftover == b""

    def test_text_after_the_last_line_end_is_left_over(self) -> None:
        splitter = LineSplitter()
        assert splitter.feed(b"a\nb") == [b"a"]
        assert splitter.leftover == b"b"

    def test_a_line_longer_than_any_object_is_malformed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream_module, "_LONGEST_LINE", 1000)
        splitter = LineSplitter()
        assert splitter.feed(b"a\n" + b"x" * 1001) == [b"a"]
        with pytest.raises(errors.MalformedAnswer, match="longer than 1000 bytes"):
            splitter.feed(b"x")


class TestEvents:
    def read(self, client: Client) -> list[dict[str, Any]]:
        with client.watch(WIDGETS) as stream:
            return list(stream)

    def test_events_come_until_the_server_ends_the_stream(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), lines(TWO)))
        assert self.read(client) == [ONE, TWO]

    def test_chunks_and_lines_need_not_agree(self, client: Client, server: Server) -> None:
        data = lines(ONE, TWO)
        server.script(Chunks(data[:7], data[7:60], data[60:]))
        assert self.read(client) == [ONE, TWO]

    @pytest.mark.promise("watching")
    def test_a_long_line_is_put_together(self, client: Client, server: Server) -> None:
        big = added("a", 1, data="x" * 300_000)
        data = lines(big)
        server.script(Chunks(data[:100_000], data[100_000:200_000], data[200_000:]))
        assert self.read(client) == [big]

    def test_blank_lines_mean_nothing(self, client: Client, server: Server) -> None:
        server.script(Chunks(b"\n" + lines(ONE) + b"\r\n\n"))
        assert self.read(client) == [ONE]

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize(
        "odd", ["[" * 1500 + "]" * 1500, "9" * 5000, "1e999", r'"\ud800"', '"' + "x" * 1_000_000 + '"']
    )
    def test_an_unreadable_value_leaves_the_rest_of_its_object_readable(
        self, client: Client, server: Server, odd: str
    ) -> None:
        odd_line = lines(added("odd", 2)).replace(b'"metadata"', f'"odd": {odd}, "metadata"'.encode())
        server.script(Chunks(lines(ONE), odd_line, lines(TWO)))
        before, found, after = self.read(client)
        assert [before, after] == [ONE, TWO]
        assert found["object"]["metadata"] == added("odd", 2)["object"]["metadata"]

    def test_error_events_are_passed_to_the_reader(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(error_event(410, "Expired"))))
        assert self.read(client) == [error_event(410, "Expired")]

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize("bad", [b"no json\n", b"[]\n", b'{"type": "ADDED"}\n', b'{"type":"ADDED","object":1}\n'])
    def test_a_malformed_line_raises_after_the_events_before_it(
        self, client: Client, server: Server, bad: bytes
    ) -> None:
        server.script(Chunks(lines(ONE) + bad + lines(TWO)))
        got = []
        with client.watch(WIDGETS) as stream, pytest.raises(errors.MalformedAnswer):
            got.extend(stream)
        assert got == [ONE]

    @pytest.mark.promise("watching")
    def test_a_last_line_that_is_cut_off_raises(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE) + b'{"type": "ADD'))
        with pytest.raises(errors.MalformedAnswer, match="middle of a line"):
            self.read(client)


class TestEnds:
    def test_a_break_is_a_lost_connection(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), then="break"))
        got = []
        with client.watch(WIDGETS) as stream, pytest.raises(errors.ConnectionLost):
            got.extend(stream)
        assert got == [ONE]

    @pytest.mark.promise("watching")
    def test_a_silence_beyond_the_limit_times_out(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), then="silence"))
        got = []
        with client.watch(WIDGETS, read_timeout=0.05) as stream, pytest.raises(errors.RequestTimeout):
            got.extend(stream)
        assert got == [ONE]

    def test_the_limit_can_be_changed_on_the_way(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), then="silence"))
        with client.watch(WIDGETS, read_timeout=DEADLINE) as stream:
            stream.set_read_timeout(0.05)
            with pytest.raises(errors.RequestTimeout):
                list(stream)

    def test_a_server_that_accepts_and_says_nothing_times_out(self, client: Client, server: Server) -> None:
        server.script(Silence())
        with pytest.raises(errors.RequestTimeout):
            client.watch(WIDGETS, read_timeout=0.05)

    def test_a_close_from_another_thread_ends_a_blocked_read_at_once(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), then="silence"))
        with client.watch(WIDGETS) as stream:
            assert next(iter(stream)) == ONE
            closer = threading.Thread(target=lambda: server.waiting.wait(DEADLINE) and stream.close())
            closer.start()
            assert list(stream) == []
            closer.join()

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize("answer", [Chunks(lines(ONE), then="silence"), Silence()])
    def test_cancelling_the_scope_ends_a_blocked_read_at_once(
        self, client: Client, server: Server, answer: Any
    ) -> None:
        server.script(answer)
        scope = Scope()
        canceller = threading.Thread(target=lambda: server.waiting.wait(DEADLINE) and scope.cancel())
        canceller.start()
        with scope.bound(), pytest.raises(errors.Stopped), client.watch(WIDGETS) as stream:
            list(stream)
        canceller.join()

    def test_a_closed_stream_gives_nothing(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), then="silence"))
        with client.watch(WIDGETS) as stream:
            stream.close()
            assert list(stream) == []

    def test_leaving_early_closes_the_connection(self, client: Client, server: Server) -> None:
        server.script(Chunks(lines(ONE), then="silence"), Answer(200, {"ok": True}))
        with client.watch(WIDGETS) as stream:
            assert next(iter(stream)) == ONE
        assert client.server_version() == {"ok": True}, "on a connection of its own"

    def test_a_refused_watch_raises_its_error(self, client: Client, server: Server) -> None:
        server.script(Answer(410, {"kind": "Status", "reason": "Expired", "code": 410}))
        with pytest.raises(errors.Expired):
            client.watch(WIDGETS, resource_version="1")

    def test_a_watch_is_not_retried_by_the_client(self, make_client: Callable[..., Client], server: Server) -> None:
        server.script(Answer(429, {"kind": "Status", "reason": "TooManyRequests", "code": 429}, Retry_After="1"))
        with pytest.raises(errors.TooManyRequests) as caught:
            make_client().watch(WIDGETS)
        assert caught.value.retry_after == 1
        assert len(server.asked) == 1
