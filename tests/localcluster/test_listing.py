"""Lists: versions, pages, selectors, forms."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from hack.localcluster import LocalCluster
from tests.localcluster.samples import CONFIG_MAPS, CRDS, WIDGET_DEFINITION, WIDGETS, config_map, widget
from tests.localcluster.support import Answer, Api


def _names(answer: Answer) -> list[str]:
    assert answer.code == 200, answer
    return [item["metadata"]["name"] for item in answer.body["items"]]


@pytest.fixture
def three(api: Api) -> Api:
    for name in ("c", "a", "b"):
        assert api.post(CONFIG_MAPS, config_map(name, labels={"name": name})).code == 201
    return api


def test_pages_show_one_moment_while_objects_change(three: Api) -> None:
    first = three.get(f"{CONFIG_MAPS}?limit=1").body
    three.delete(f"{CONFIG_MAPS}/b")
    three.post(CONFIG_MAPS, config_map("aa"))
    rest = three.get(f"{CONFIG_MAPS}?limit=5&continue={first['metadata']['continue']}")
    assert _names(rest) == ["b", "c"]
    assert rest.body["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}


def test_an_expired_page_offers_to_continue_with_the_present(local_cluster: LocalCluster, three: Api) -> None:
    token = three.get(f"{CONFIG_MAPS}?limit=1").body["metadata"]["continue"]
    three.post(CONFIG_MAPS, config_map("aa"))
    local_cluster.compact()
    expired = three.get(f"{CONFIG_MAPS}?limit=1&continue={token}")
    assert (expired.code, expired.body["reason"]) == (410, "Expired")
    assert expired.body["message"].startswith("The provided continue parameter is too old")
    continued = three.get(f"{CONFIG_MAPS}?continue={expired.body['metadata']['continue']}")
    assert _names(continued) == ["aa", "b", "c"]


def test_an_exact_version_shows_the_past(local_cluster: LocalCluster, three: Api) -> None:
    version = three.get(CONFIG_MAPS).body["metadata"]["resourceVersion"]
    three.delete(f"{CONFIG_MAPS}/a")
    exact = f"{CONFIG_MAPS}?resourceVersion={version}&resourceVersionMatch="
    assert _names(three.get(f"{exact}Exact")) == ["a", "b", "c"]
    assert _names(three.get(f"{exact}NotOlderThan")) == ["b", "c"]
    local_cluster.compact()
    too_old = three.get(f"{exact}Exact")
    assert (too_old.code, too_old.body["reason"]) == (410, "Expired")


def test_a_future_version_times_out_at_once_and_says_when_to_retry(three: Api) -> None:
    answer = three.get(f"{CONFIG_MAPS}/a?resourceVersion=99999")
    assert (answer.code, answer.headers["retry-after"]) == (504, "1")


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("name", ["a", "b", "c"]),
        ("name in (a,c)", ["a", "c"]),
        ("name notin (a)", ["b", "c"]),
        ("name=a", ["a"]),
        ("name==a", ["a"]),
        ("name!=a,name!=b", ["c"]),
        ("!name", []),
        ("other notin (x)", ["a", "b", "c"]),
    ],
)
def test_label_selectors(three: Api, selector: str, names: list[str]) -> None:
    assert _names(three.get(f"{CONFIG_MAPS}?labelSelector={quote(selector)}")) == names


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a,", "found '', expected: identifier after ','"),
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be",
        ),
        ("-a=b", 'unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric'),
        (
            "a=-b",
            'unable to parse requirement: values[0][a]: Invalid value: "-b": a valid label must be an empty string',
        ),
    ],
)
def test_label_selectors_that_do_not_parse(three: Api, selector: str, message: str) -> None:
    answer = three.get(f"{CONFIG_MAPS}?labelSelector={quote(selector)}")
    assert answer.code == 400
    assert answer.body["message"].startswith(message)


def test_field_selectors_of_custom_resources(api: Api) -> None:
    api.post(CRDS, WIDGET_DEFINITION)
    for size, name in enumerate(("one", "two"), start=1):
        api.post(WIDGETS, widget(name, size))
    assert _names(api.get(f"{WIDGETS}?fieldSelector=spec.size=2")) == ["two"]
    assert _names(api.get(f"{WIDGETS}?fieldSelector=metadata.name!=two,metadata.namespace=default")) == ["one"]
    unknown = api.get(f"{WIDGETS}?fieldSelector=spec.color=red")
    assert (unknown.code, unknown.body["message"]) == (400, "field label not supported: spec.color")


def test_events_are_selected_by_the_object_concerned(api: Api) -> None:
    for name in ("one", "two"):
        event = {
            "metadata": {"name": f"{name}.1"},
            "involvedObject": {"kind": "ConfigMap", "namespace": "default", "name": name, "uid": f"uid-{name}"},
            "type": "Normal",
            "reason": "Tested",
            "message": "m",
        }
        assert api.post("/api/v1/namespaces/default/events", event).code == 201
    query = "fieldSelector=involvedObject.uid=uid-one,involvedObject.kind=ConfigMap,type=Normal,reason=Tested"
    assert _names(api.get(f"/api/v1/events?{query}")) == ["one.1"]
    new = "fieldSelector=regarding.name=two"
    shown = api.get(f"/apis/events.k8s.io/v1/events?{new}")
    assert _names(shown) == ["two.1"]
    assert shown.body["items"][0]["note"] == "m"


def test_namespaces_are_selected_by_phase(api: Api) -> None:
    assert "default" in _names(api.get("/api/v1/namespaces?fieldSelector=status.phase=Active"))
    assert _names(api.get("/api/v1/namespaces?fieldSelector=status.phase=Terminating")) == []


def test_lists_of_metadata_and_tables(three: Api) -> None:
    accept = "application/json;as={};g=meta.k8s.io;v=v1"
    partial = three.get(CONFIG_MAPS, accept=accept.format("PartialObjectMetadataList")).body
    assert {tuple(item) for item in partial["items"]} == {("kind", "apiVersion", "metadata")}
    table = three.get(f"{CONFIG_MAPS}?includeObject=None", accept=accept.format("Table")).body
    assert [row["cells"][:2] for row in table["rows"]] == [["a", 1], ["b", 1], ["c", 1]]
    assert all("object" not in row for row in table["rows"])


def test_an_unknown_form_is_not_acceptable(three: Api) -> None:
    answer = three.get(CONFIG_MAPS, accept="text/html")
    assert answer.code == 406
    assert answer.body["message"].startswith("only the following media types are accepted: application/json")
