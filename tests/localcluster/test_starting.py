"""Requests that come too early: to a half started server, and to a resource whose storage is starting."""

from __future__ import annotations

import pytest

from hack.localcluster import LocalCluster
from tests.localcluster.rights import acting_as, allow, rule
from tests.localcluster.samples import CONFIG_MAPS, CRDS, WIDGET_DEFINITION, WIDGETS, widget
from tests.localcluster.support import Api


@pytest.fixture
def widgets(api: Api) -> Api:
    assert api.post(CRDS, WIDGET_DEFINITION).code == 201
    assert api.post(WIDGETS, widget("one")).code == 201
    return api


def test_a_half_started_server_refuses_all_rights(local_cluster: LocalCluster, api: Api) -> None:
    allow(api, "alice", rule("list", "configmaps"))
    local_cluster.restart(half_started=True)
    with acting_as(local_cluster, "alice") as alice, Api(local_cluster) as admin:
        refused = alice.get(CONFIG_MAPS)
        assert (refused.code, refused.body["reason"]) == (403, "Forbidden")
        assert admin.get(CONFIG_MAPS).code == 200
        allow(admin, "bob", rule("list", "configmaps"))
        local_cluster.fill_rights()
        assert alice.get(CONFIG_MAPS).code == 200
    with acting_as(local_cluster, "bob") as bob:
        assert bob.get(CONFIG_MAPS).code == 200


@pytest.mark.parametrize("path", [WIDGETS, f"{WIDGETS}/one", "/apis/tests.example.com/v1", "/apis/unknown.example.com"])
def test_a_half_started_server_does_not_serve_custom_resources(
    local_cluster: LocalCluster, widgets: Api, path: str
) -> None:
    local_cluster.restart(half_started=True)
    with Api(local_cluster) as admin:
        refused = admin.get(path)
        assert (refused.code, refused.headers["retry-after"]) == (503, "5")
        assert refused.body["reason"] == "ServiceUnavailable"
        text = "the request has been made before all known HTTP paths have been installed, please try again"
        assert refused.body["message"] == text
        assert admin.get("/apis/apps/v1").code == 200
        local_cluster.install_paths()
        assert admin.get(path).code == (404 if "unknown" in path else 200)


@pytest.mark.parametrize("query", ["", "?watch=1"])
def test_storage_that_starts_answers_lists_and_watches_with_429(
    local_cluster: LocalCluster, widgets: Api, query: str
) -> None:
    local_cluster.initialize("widgets.tests.example.com")
    refused = widgets.get(f"{WIDGETS}{query}")
    assert (refused.code, refused.headers["retry-after"]) == (429, "1")
    assert (refused.body["reason"], refused.body["message"]) == ("TooManyRequests", "storage is (re)initializing")
    assert refused.body["details"] == {"retryAfterSeconds": 1}
    assert widgets.get(f"{WIDGETS}/one").code == 200
    assert widgets.post(WIDGETS, widget("two")).code == 201
    local_cluster.initialized("widgets.tests.example.com")
    with widgets.watch(f"{WIDGETS}?watch=1") as watch:
        assert watch.code == 200
    assert widgets.get(WIDGETS).code == 200


def test_the_hooks_can_be_called_over_http(local_cluster: LocalCluster, widgets: Api) -> None:
    resource = "resource=widgets.tests.example.com"
    assert widgets.post(f"/_test/initialize?{resource}", {}).code == 200
    assert widgets.get(WIDGETS).code == 429
    assert widgets.post(f"/_test/initialized?{resource}", {}).code == 200
    assert widgets.get(WIDGETS).code == 200
    assert widgets.post("/_test/initialize", {}).code == 404, "it must name a resource"
    local_cluster.restart(half_started=True)
    with acting_as(local_cluster, "alice") as alice, Api(local_cluster) as admin:
        assert admin.post("/_test/install-paths", {}).code == 200
        assert admin.get(WIDGETS).code == 200
        assert alice.get("/version").code == 403
        assert admin.post("/_test/fill-rights", {}).code == 200
        assert alice.get("/version").code == 200
