"""Which resources exist, and what the server says about itself."""

from __future__ import annotations

import pytest

from controller.apimachinery import errors
from controller.client import Client
from tests.unit.client.server import Answer, Server
from tests.unit.client.verbs import status
from tests.unit.fakes import WIDGETS


class TestDiscovery:
    def test_a_resource_that_is_listed_exists(self, client: Client, server: Server) -> None:
        server.script(
            Answer(200, {"kind": "APIResourceList", "resources": [{"name": "widgets"}, {"name": "x/status"}]})
        )
        assert client.has_resource(WIDGETS)
        assert server.asked[0].target == "/apis/example.com/v1"

    def test_a_resource_that_is_not_listed_does_not_exist(self, client: Client, server: Server) -> None:
        server.script(Answer(200, {"kind": "APIResourceList", "resources": [{"name": "gadgets"}]}))
        assert not client.has_resource(WIDGETS)

    def test_a_resource_of_an_unknown_group_does_not_exist(self, client: Client, server: Server) -> None:
        server.script(Answer(404, b"404 page not found\n"))
        assert not client.has_resource(WIDGETS)

    def test_any_other_failure_of_discovery_is_raised(self, client: Client, server: Server) -> None:
        server.script(Answer(403, status(403, "Forbidden")))
        with pytest.raises(errors.Forbidden):
            client.has_resource(WIDGETS)

    def test_the_server_returns_its_version(self, client: Client, server: Server) -> None:
        server.script(Answer(200, {"gitVersion": "v1.36.0"}))
        assert client.server_version()["gitVersion"] == "v1.36.0"
        assert server.asked[0].target == "/version"

    def test_the_server_says_whether_it_is_ready(self, client: Client, server: Server) -> None:
        server.script(Answer(200, b"ok"), Answer(500, b"[-]informer-sync failed: reason withheld"))
        client.check_ready()
        with pytest.raises(errors.ServerError, match="informer-sync failed"):
            client.check_ready()
        assert [asked.target for asked in server.asked] == ["/readyz", "/readyz"]
