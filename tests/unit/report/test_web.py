"""Requests to one server and to no other."""

import socket
import socketserver
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import trustme

from controller.apimachinery.threads import start_thread
from controller.metrics import Registry
from controller.report import connections
from controller.report.connections import ProxyError
from controller.report.metrics import ReportMetrics
from controller.report.outcomes import Unavailable
from controller.report.web import Web
from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.unit.report.bed import PULL, SHOP, TOKEN

COMMENTS = f"/repos/{SHOP}/issues/{PULL}/comments"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def web(api, *, authorities="", timeout=5.0):
    metrics = ReportMetrics(Registry())
    return Web(api=api, authorities=authorities, timeout=timeout, user_agent="test", metrics=metrics)


def test_an_unchanged_answer_is_not_sent_again(bed):
    found = web(bed.server.url)
    answers = [found.send("GET", COMMENTS, headers=HEADERS) for _ in range(2)]

    assert answers[0] == answers[1]
    assert [int(entry.status) for entry in bed.forge.requests()] == [200, 304]


def test_what_one_token_may_see_is_not_kept_for_another(bed):
    found = web(bed.server.url)
    found.send("GET", COMMENTS, headers=HEADERS)

    assert found.send("GET", COMMENTS, headers={"Authorization": "Bearer other"}).status == 401


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/repos/x",
        "http://127.0.0.1:1/api/repos/x",
        "http://127.0.0.1/api/repos/x",
        "https://127.0.0.1:5/api/repos/x",
        "http://127.0.0.1:5@evil.example/api/x",
        "http://127.0.0.1:5/apix",
        "http://127.0.0.1:5/other",
        "http://127.0.0.1:5/api/../other",
        "http://127.0.0.1:5/api/%2e%2e/other",
        "http://127.0.0.1:5\\@evil.example/api/x",
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url):
    found = web("http://127.0.0.1:5/api")

    with pytest.raises(ValueError, match="another host"):
        found.below(url)


@pytest.mark.parametrize(
    "location", ["https://evil.example/x", "//evil.example/x", "http://127.0.0.1:1/x", "javascript:x"]
)
def test_a_redirect_to_another_host_is_not_followed(bed, location):
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=301, headers={"Location": location}))])

    with pytest.raises(Unavailable, match="another host"):
        web(bed.server.url).send("GET", COMMENTS, headers=HEADERS)


def test_redirects_in_a_circle_end(bed):
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=301, headers={"Location": COMMENTS}))])

    with pytest.raises(Unavailable, match="too many"):
        web(bed.server.url).send("GET", COMMENTS, headers=HEADERS)


def test_an_answer_that_takes_too_long_is_an_outage(bed):
    bed.forge.set_faults([Fault(delay=30.0, only_late=True)])

    with pytest.raises(Unavailable, match="no answer"):
        web(bed.server.url, timeout=0.2).send("GET", COMMENTS, headers=HEADERS)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("begin", "slow"),
    [
        (b"", HEAD + b"X: " + b"a" * 50),
        (HEAD + b"Content-Length: 60\r\n\r\n", b" " * 60),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 10),
    ],
    ids=["head", "body", "chunks"],
)
def test_an_answer_that_drips_is_an_outage(begin, slow):
    started = time.monotonic()
    with dripping(begin, slow) as api:
        with pytest.raises(Unavailable, match=r"(?i)time"):
            web(api, timeout=0.3).send("GET", "/user", headers=HEADERS)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b'Content-Type: multipart/x; a="' + b"\r\n ".join([b";" * 60_000] * 4),
        HEAD + b"a: b\r\n" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
    ],
    ids=["parameters", "headers", "continue"],
)
def test_an_answer_with_a_huge_head_is_an_outage(head):
    started = time.process_time()
    with answering(head) as api, pytest.raises(Unavailable, match=r"longer than|too many|got more"):
        web(api).send("GET", "/user", headers=HEADERS)
    assert time.process_time() - started < 2


def test_an_answer_that_is_too_long_is_an_outage_that_names_the_limit(monkeypatch):
    monkeypatch.setattr("controller.report.web._BODY_LIMIT", 1000)
    words = "the answer to GET /user is longer than 1000 bytes: check that this is the API of GitHub or GitLab"
    with (
        answering(HEAD + b"Content-Length: 1001\r\n\r\n" + b" " * 1001) as api,
        pytest.raises(Unavailable, match=words),
    ):
        web(api).send("GET", "/user", headers=HEADERS)


@contextmanager
def answering(data):
    """Yield the URL of a server that sends `data`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(data)

        thread = start_thread("answering", serve)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@contextmanager
def dripping(begin, slow):
    """Yield the URL of a server that sends `begin`, and then a byte every tenth of a second."""
    stop = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            with suppress(OSError):
                self.request.sendall(begin)
                for byte in slow:
                    if stop.wait(0.1):
                        return
                    self.request.sendall(bytes([byte]))

    class Server(socketserver.ThreadingTCPServer):
        block_on_close = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = start_thread("dripping", server.serve_forever)
        yield f"http://127.0.0.1:{server.server_address[1]}"
        stop.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000, "<html>", r'{"a": "\ud800"}', "\x00"])
def test_an_answer_of_any_text_can_be_read(bed, text):
    bed.forge.set_faults([Fault(answer=Answer(status=500, text=text))])

    assert web(bed.server.url).send("GET", COMMENTS, headers=HEADERS).status == 500


@pytest.mark.parametrize("proxy", ["socks5://jane:hunter2@p", "jane:hunter2@p:3128", "http://jane:hunter2@[", "p:1"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)

    with pytest.raises(ProxyError, match=r"\$HTTPS_PROXY") as raised:
        web("https://api.example.com")
    assert "hunter2" not in str(raised.value)


def test_a_proxy_gets_its_password_and_the_server_does_not(bed, monkeypatch):
    monkeypatch.setenv("http_proxy", bed.server.url.replace("http://", "http://jane:hunt%20er2@"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    found = connections.pool("http://api.example.com", "")

    assert found.proxy_headers == {"proxy-authorization": "Basic amFuZTpodW50IGVyMg=="}


def test_no_error_shows_a_token(bed):
    bed.server.stop(5)

    with pytest.raises(Unavailable) as raised:
        web(bed.server.url).send("GET", COMMENTS, headers=HEADERS)

    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.fixture
def secure(tmp_path):
    authority = trustme.CA()
    certificate = tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    forge = Forge()
    forge.add_token(TOKEN)
    with ForgeServer(forge=forge, certificate=certificate) as server:
        yield server, authority.cert_pem.bytes().decode()


def test_a_certificate_of_ones_own_authority_is_trusted(secure):
    server, authority = secure

    assert web(server.url, authorities=authority).send("GET", "/user", headers=HEADERS).status == 200


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent(secure):
    server, _ = secure

    with pytest.raises(Unavailable, match=r"(?i)certificate"):
        web(server.url).send("GET", "/user", headers=HEADERS)
    assert server.forge.requests() == []
