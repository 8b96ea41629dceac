"""Answers as they arrive on a connection, piece by piece."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.client import wire
from controller.client.wire import Answer, Wire

PLAIN = b"HTTP/1.1 200 OK\r\nX-Odd:  a b \r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"
ANNOUNCED = b"HTTP/1.1 103 Early Hints\r\nX-Odd: not this\r\n\r\n" + PLAIN
OPEN_ENDED = b"HTTP/1.1 200 OK\r\n\r\nhello"


class Pair:
    """Both ends of a connection: `wire` is the client's."""

    def __init__(self) -> None:
        mine, self.server = socket.socketpair()
        self.wire = Wire(mine)
        self.wire.set_timeout(5.0)
        self.kept: list[Wire] = []

    def answer(self, data: bytes, *, end: bool = True) -> Answer:
        """The answer that consists of `data`, its head already received; after it the server closes, or stays."""
        self.server.sendall(data)
        if end:
            self.server.close()
        answer = Answer(self.wire, keep=self.kept.append)
        answer.receive_head()
        return answer

    def close(self) -> None:
        self.wire.close()
        self.server.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


@pytest.mark.promise("client")
@pytest.mark.parametrize("data", [PLAIN, CHUNKED, ANNOUNCED])
def test_the_connection_is_kept_after_a_complete_answer(pair: Pair, data: bytes) -> None:
    answer = pair.answer(data, end=False)
    assert answer.read() == b"hello"
    assert pair.kept == [pair.wire]


def test_headers_have_lower_case_names_and_are_those_of_the_answer(pair: Pair) -> None:
    answer = pair.answer(ANNOUNCED)
    assert (answer.status, answer.headers["x-odd"].strip()) == (200, "a b")
    answer.close()


@pytest.mark.promise("client")
@given(data=st.data(), whole=st.sampled_from([PLAIN, CHUNKED, ANNOUNCED]))
def test_an_answer_may_arrive_in_any_pieces(data: st.DataObject, whole: bytes) -> None:
    pieces = []
    while whole:
        cut = data.draw(st.integers(1, len(whole)))
        pieces.append(whole[:cut])
        whole = whole[cut:]

    class InPieces(Wire):
        def receive(self) -> bytes:
            return pieces.pop(0)

    pair = Pair()
    answer = Answer(InPieces(pair.server), keep=pair.kept.append)
    answer.receive_head()
    assert answer.read() == b"hello"
    assert not pieces
    pair.close()


@pytest.mark.parametrize(
    "data",
    [
        OPEN_ENDED,
        PLAIN.replace(b"X-Odd:  a b ", b"Connection: close"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN + b"HTTP/1.1 408 Request Timeout\r\n\r\n",
        PLAIN + b"HT",
        PLAIN + b"garbage",
    ],
)
def test_no_request_follows_on_a_connection_that_is_not_at_rest(pair: Pair, data: bytes) -> None:
    assert pair.answer(data).read() == b"hello"
    assert pair.kept == []
    assert pair.wire._socket.fileno() == -1, "closed"


@pytest.mark.promise("client")
@pytest.mark.parametrize("data", [PLAIN, CHUNKED])
@pytest.mark.parametrize("missing", [1, 4])
def test_an_answer_that_is_cut_off_is_not_taken_for_a_whole_one(pair: Pair, data: bytes, missing: int) -> None:
    answer = pair.answer(data[:-missing])
    with pytest.raises(ConnectionResetError, match="in the middle of an answer"):
        answer.read()


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_connection_closed_before_the_answer_says_so(pair: Pair, data: bytes) -> None:
    with pytest.raises(ConnectionResetError, match="without an answer"):
        pair.answer(data)


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_what_is_not_http_is_an_error(pair: Pair, data: bytes) -> None:
    with pytest.raises(httptools.HttpParserError):
        pair.answer(data)


def test_a_compressed_body_is_uncompressed(pair: Pair) -> None:
    body = gzip.compress(b"hello" * 100)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert pair.answer(head + body).read() == b"hello" * 100


def test_some_of_the_body_can_be_read_before_the_rest_has_arrived(pair: Pair) -> None:
    answer = pair.answer(CHUNKED[:-13], end=False)
    assert answer.read_some() == b"he"
    pair.server.sendall(CHUNKED[-13:])
    assert answer.read_some() == b"llo"
    assert answer.read_some() == b""
    answer.close()


def test_an_answer_is_read_although_the_server_took_only_a_part_of_the_request(pair: Pair) -> None:
    pair.server.sendall(PLAIN)
    pair.server.close()
    pair.wire.send(b"x" * 1_000_000)
    answer = Answer(pair.wire, keep=pair.kept.append)
    answer.receive_head()
    assert answer.read() == b"hello"


def test_a_connection_that_the_server_closes_while_it_is_idle_is_noticed(pair: Pair) -> None:
    assert not pair.wire.is_dropped
    pair.server.close()
    assert pair.wire.is_dropped


def test_an_answer_that_arrives_byte_by_byte_is_given_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_PATIENCE", 0.01)
    pair.server.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    given_up = threading.Event()
    drips = threading.Thread(target=drip, args=(pair.server, given_up))
    drips.start()
    try:
        with pytest.raises(TimeoutError, match="takes too long"):
            pair.answer(b"", end=False)
    finally:
        given_up.set()
        drips.join()


def drip(server: socket.socket, given_up: threading.Event) -> None:
    """Send a byte every few milliseconds until the other end has given up."""
    while not given_up.wait(0.005):
        server.sendall(b"x")
