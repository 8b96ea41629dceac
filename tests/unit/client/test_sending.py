"""What the client sends, and how it reads the answer."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from controller.apimachinery.nesting import READ_LIMIT, Unreadable
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client, DeletePropagation, PatchType
from tests.unit.client.server import Answer, Server
from tests.unit.fakes import WIDGETS


class TestSending:
    @pytest.mark.promise("client")
    def test_bodies_arrive_as_json_with_their_content_type(self, client: Client, server: Server) -> None:
        client.create(NAMESPACES, {"a": [1, None, "ü"]})
        client.patch(NAMESPACES, "x", {"a": None})
        client.patch(NAMESPACES, "x", [{"op": "remove", "path": "/a"}], patch_type=PatchType.JSON)
        client.patch(NAMESPACES, "x", {"b": True}, patch_type=PatchType.APPLY, field_manager="other", force=True)
        client.replace(NAMESPACES, "x", {"c": 1.5}, subresource="status")
        client.delete(NAMESPACES, "x", uid="u", propagation=DeletePropagation.BACKGROUND)
        assert [(a.method, a.target, a.headers["content-type"], a.json) for a in server.asked] == [
            ("POST", "/api/v1/namespaces?fieldManager=tronador", "application/json", {"a": [1, None, "ü"]}),
            ("PATCH", "/api/v1/namespaces/x?fieldManager=tronador", "application/merge-patch+json", {"a": None}),
            (
                "PATCH",
                "/api/v1/namespaces/x?fieldManager=tronador",
                "application/json-patch+json",
                [{"op": "remove", "path": "/a"}],
            ),
            (
                "PATCH",
                "/api/v1/namespaces/x?fieldManager=other&force=true",
                "application/apply-patch+yaml",
                {"b": True},
            ),
            ("PUT", "/api/v1/namespaces/x/status?fieldManager=tronador", "application/json", {"c": 1.5}),
            (
                "DELETE",
                "/api/v1/namespaces/x",
                "application/json",
                {
                    "apiVersion": "v1",
                    "kind": "DeleteOptions",
                    "preconditions": {"uid": "u"},
                    "propagationPolicy": "Background",
                },
            ),
        ]

    def test_an_empty_patch_body_is_sent_as_an_empty_object(self, client: Client, server: Server) -> None:
        client.patch(NAMESPACES, "x", {})
        assert server.asked[0].json == {}

    def test_the_answer_is_the_plain_object_with_unknown_fields(self, client: Client, server: Server) -> None:
        server.script(Answer(200, {"kind": "Namespace", "spec": {"fromTheFuture": None}}))
        assert client.get(NAMESPACES, "x") == {"kind": "Namespace", "spec": {"fromTheFuture": None}}

    @pytest.mark.promise("listing")
    @pytest.mark.parametrize(
        "odd", [b"[" * 1500 + b"]" * 1500, b'{"a":' * 700 + b"1" + b"}" * 700, b"9" * 5000, b"NaN"]
    )
    def test_an_unreadable_value_in_an_item_leaves_the_rest_of_a_list_readable(
        self, client: Client, server: Server, odd: bytes
    ) -> None:
        items = [{"metadata": {"name": name}, "spec": "odd" if name == "b" else {"x": 1}} for name in "abc"]
        server.script(Answer(200, json.dumps({"items": items}).encode().replace(b'"odd"', odd)))
        read = client.list(WIDGETS)["items"]
        assert [item["metadata"]["name"] for item in read] == ["a", "b", "c"]
        assert [item["spec"] for item in read if item["metadata"]["name"] != "b"] == [{"x": 1}, {"x": 1}]

    def test_a_body_may_be_nested_as_deep_as_what_can_be_read(self, client: Client, server: Server) -> None:
        deep: Any = 1
        for _ in range(READ_LIMIT):
            deep = {"a": [deep]}
        client.patch(WIDGETS, "x", {"spec": deep}, namespace="ns")
        assert server.asked[-1].json == {"spec": deep}

    def test_an_unreadable_value_is_never_sent(self, client: Client, server: Server) -> None:
        with pytest.raises(TypeError):
            client.patch(WIDGETS, "x", {"spec": Unreadable("a number that is too large")}, namespace="ns")
        assert server.asked == []

    def test_a_compressed_list_is_read(self, client: Client, server: Server) -> None:
        listed = {"kind": "WidgetList", "items": []}
        server.script(Answer(200, gzip.compress(json.dumps(listed).encode()), Content_Encoding="gzip"))
        assert client.list(WIDGETS) == listed

    def test_every_request_has_a_user_agent(self, make_client: Callable[..., Client], server: Server) -> None:
        client = make_client(user_agent="tronador/1 (test)", user={"token": "secret"})
        client.get(NAMESPACES, "x")
        assert server.asked[0].headers["user-agent"] == "tronador/1 (test)"
        assert server.asked[0].headers["authorization"] == "Bearer secret"

    def test_connections_are_kept_and_reused(self, client: Client, server: Server) -> None:
        ports: set[int] = set()
        server.on_request = lambda asked: ports.add(threading.get_ident())
        for _ in range(3):
            client.get(NAMESPACES, "x")
        assert len(ports) == 1, "one handler thread means one connection"
