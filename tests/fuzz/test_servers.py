"""What servers answer: the API server, its watches, GitHub and GitLab, and a kubeconfig that names a server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery import jsontext, objects
from controller.apimachinery.errors import ApiError, ConfigError, status_error
from controller.apimachinery.resources import NAMESPACES
from controller.cache.listwatch import Collection
from controller.cache.metrics import InformerMetrics
from controller.cache.pager import Pages
from controller.cache.preparation import Preparation
from controller.client import config, failures
from controller.client.stream import WatchStream
from controller.client.wire import Answer, Wire
from controller.metrics import Registry
from controller.report.github import GitHub
from controller.report.gitlab import GitLab
from controller.report.outcomes import Answer as ScmAnswer
from controller.report.outcomes import Problem
from controller.report.scm import Deployed, Place, Session, Status
from tests.fuzz.mutation import as_json, check_words, damaged, few, odd

OBJECT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": "shop",
        "uid": "u",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": "2026-03-01T12:00:00Z",
        "labels": {"a": "b"},
        "annotations": {"a": "b"},
        "finalizers": ["x"],
        "managedFields": [{"manager": "x"}],
    },
    "spec": {"finalizers": ["kubernetes"]},
    "status": {"phase": "Active"},
}
STATUS = {
    "kind": "Status",
    "code": 409,
    "reason": "Conflict",
    "message": "the object has been modified",
    "details": {"causes": [{"reason": "FieldValueInvalid", "field": "spec.x", "message": "Invalid value"}]},
}
EVENTS = (
    {"type": "ADDED", "object": OBJECT},
    {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}},
    {"type": "ERROR", "object": {**STATUS, "code": 410, "reason": "Expired"}},
)
PAGE = {"kind": "NamespaceList", "metadata": {"resourceVersion": "9", "continue": ""}, "items": [OBJECT, OBJECT]}
LINES = b"".join(as_json(event) + b"\n" for event in EVENTS)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWERS = (
    HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(LINES), LINES),
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(LINES), LINES),
    HEAD + b"\r\n" + LINES,
    b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Encoding: gzip\r\n\r\n" + LINES,
)


class Conversation:
    """A connection on which a server has sent `data` and then closed."""

    def __init__(self, data: bytes) -> None:
        mine, server = socket.socketpair()
        with server:
            server.sendall(data[:100_000])
        self.wire = Wire(mine)
        self.wire.set_timeout(5.0)

    def answer(self) -> Answer:
        answer = Answer(self.wire, keep=lambda wire: wire.close())
        answer.receive_head()
        return answer


@few(60)
@given(damaged(ANSWERS))
def test_any_answer_on_a_connection_is_read_or_is_a_known_error(data: bytes) -> None:
    try:
        answer = Conversation(data).answer()
        jsontext.decode(answer.read())
    except failures.ERRORS as error:
        check_words(str(failures.failure(error, host="h")), most=500)


@few(60)
@given(damaged(ANSWERS))
def test_any_watch_gives_events_and_ends_with_a_known_error(data: bytes) -> None:
    preparation = prepared()
    try:
        answer = Conversation(data).answer()
        with WatchStream(answer=answer, host="h") as stream:
            for event in stream:
                preparation.prepare(event["object"], listed=False)
    except (ApiError, *failures.ERRORS):
        pass


@few(100)
@given(odd([PAGE]))
def test_any_page_of_a_list_is_taken_or_malformed(page: Any) -> None:
    page = jsontext.decode(as_json(page))

    class Server:
        def list(self, *_: Any, **__: Any) -> Any:
            # The page after the first ends every list.
            answer, self.page = self.page, {"metadata": {}}
            return answer

        def __init__(self) -> None:
            self.page = page

    pages = Pages(client=Server(), collection=Collection(NAMESPACES), minimum_version="", page_size=5)  # type: ignore[arg-type]
    preparation = prepared()
    try:
        for item in pages.read(start_over=lambda: None):
            preparation.prepare(item, listed=True)
    except ApiError:
        pass


@few(60)
@given(odd([STATUS]), st.integers(300, 599))
def test_any_status_is_an_error_with_a_short_text(status: Any, code: int) -> None:
    error = status_error(code, jsontext.decode(as_json(status)))
    assert len(str(error)) < 6000
    assert isinstance(error.causes, tuple)


def prepared() -> Preparation:
    return Preparation(resource=NAMESPACES, transform=objects.slim, metrics=InformerMetrics(Registry(), NAMESPACES))


TOKEN = "t0ken-of-somebody"
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "here",
    "contexts": [{"name": "here", "context": {"cluster": "one", "user": "me", "namespace": "n"}}],
    "clusters": [{"name": "one", "cluster": {"server": "https://127.0.0.1:1", "tls-server-name": "x"}}],
    "users": [{"name": "me", "user": {"token": TOKEN}}],
}
# Nine levels of nine names each: as text, that is 400 million names.
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 9)) for name in b"bcdefghi"
)
BOMBS = (
    BOMB,
    BOMB + b"current-context: *i\n",
    BOMB + b"current-context: c\ncontexts: [{name: *i, context: {cluster: *i, user: *i}}]\n",
    BOMB + b"current-context: c\ncontexts: [{name: c, context: *i}]\nclusters: *i\n",
    b"current-context: !!timestamp x",
    b"[" * 2000,
    b"a: " * 2000,
    b"&a [*a]",
)


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kubeconfig") / "config"


def load(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        config.load(kubeconfig=str(file), environ={})
    except ConfigError as error:
        # The command line replaces what is not printable.
        check_words(str(error).replace(TOKEN, "\0") if TOKEN in str(error) else ascii(str(error)), most=2000)


@few(60)
@given(odd([KUBECONFIG]))
def test_any_odd_field_of_a_kubeconfig_is_used_or_named(kubeconfig: Path, document: Any) -> None:
    load(kubeconfig, json.dumps(document).encode())


@few(40)
@given(damaged([yaml.safe_dump(KUBECONFIG).encode()]))
def test_any_damaged_kubeconfig_is_used_or_refused(kubeconfig: Path, content: bytes) -> None:
    load(kubeconfig, content)


@pytest.mark.parametrize("content", BOMBS, ids=range(len(BOMBS)))
def test_a_kubeconfig_that_grows_without_end_is_refused(kubeconfig: Path, content: bytes) -> None:
    load(kubeconfig, content)


REPOSITORY = {"id": 7, "name": "shop", "full_name": "acme/shop"}
COMMENT = {"id": 3, "body": "<!-- x -->", "user": {"login": "bot"}, "author": {"username": "bot"}, "system": False}
SCM_BODIES = (
    {"number": 74, "state": "closed", "closed_at": "2026-03-01T12:00:00Z", "base": {"repo": REPOSITORY}},
    {"iid": 74, "state": "merged", "merged_at": "2026-03-01T12:00:00Z", "target_project_id": 7},
    [COMMENT, {**COMMENT, "id": 4}],
    [{"context": "tronador", "state": "pending", "name": "tronador", "status": "running"}],
    [{"id": 1, "sha": "a" * 40, "task": "tronador:c/shop-74", "environment": "preview", "state": "success"}],
    [{"id": 2, "name": "review/shop-74", "state": "available", "external_url": "https://x.example"}],
    {"message": {"base": ["is too long"]}, "error": "not found"},
    "<html>",
)
SCM_HEADERS = {
    "link": '<https://api.example/x?page=2>; rel="next", <https://api.example/x?page=9>; rel="last"',
    "retry-after": "Sun, 01 Mar 2026 12:00:00 GMT",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "1767225600",
    "date": "Sun, 01 Mar 2026 11:59:00 GMT",
}
PLACE = Place("acme/shop", 74)


class Forge:
    """Answers the same to each request, with a status of a list; what it is asked for must be below its own address."""

    def __init__(self, statuses: list[int], headers: Mapping[str, str], body: Any) -> None:
        self._statuses = iter(statuses)
        self._headers = headers
        self._body = body
        self.auth = self

    def send(self, method: str, path: str, **_: Any) -> ScmAnswer:
        assert path.startswith(("/", "https://api.example/"))
        return ScmAnswer(next(self._statuses, 500), self._headers, self._body)

    def below(self, path: str) -> str:
        if not path.startswith("https://api.example/"):
            raise ValueError("elsewhere")
        return path

    def headers(self, path: str) -> Mapping[str, str]:
        return {}

    def renew(self) -> bool:
        return True


def requests(provider: Any) -> Iterator[Any]:
    yield lambda: provider.pull_request(PLACE, repository_id="7")
    yield lambda: provider.pull_request(PLACE, repository_id="")
    yield lambda: list(provider.comments(PLACE))
    yield lambda: provider.comment(PLACE, 3)
    yield lambda: provider.create_comment(PLACE, "x")
    status = Status(context="tronador", branch="b", word="success", description="x", url="https://x.example")
    yield lambda: provider.set_status(PLACE, "a" * 40, status, instead_of="pending")
    deployed = Deployed(
        environment="shop-74", cluster="c", commit="a" * 40, branch="b", word="success", url="", description="x"
    )
    yield lambda: provider.set_deployment(PLACE, deployed)


@few(40)
@given(
    statuses=st.lists(st.sampled_from([200, 200, 200, 201, 204, 301, 401, 403, 404, 422, 429, 500]), max_size=12),
    headers=odd([SCM_HEADERS]),
    body=odd(SCM_BODIES) | st.sampled_from(SCM_BODIES),
)
def test_any_answer_of_github_and_gitlab_has_an_outcome(statuses: list[int], headers: Any, body: Any) -> None:
    headers = {name: str(value) for name, value in headers.items()}
    body = body if isinstance(body, str) else jsontext.decode(as_json(body))
    for provider in (GitHub, GitLab):
        session = Session(web=Forge(statuses, headers, body), auth=Forge([], {}, None), permit=lambda: None)  # type: ignore[arg-type]
        for request in requests(provider(session)):
            try:
                request()
            except Problem as problem:
                check_words(str(problem), most=600)
