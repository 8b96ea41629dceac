"""The URLs that one object leads to, for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from controller.environment.previews import urls
from controller.environment.previews.kinds import HTTP_ROUTES, INGRESSES, READERS, ROUTES, SERVICES

OURS = "tronador.stakater.com/"
HTTPS = f"{OURS}url-scheme"
EXPOSE = f"{OURS}expose"


def found(resource: Any, spec: Any, status: Any = None, **annotations: Any) -> list[str]:
    """The URLs of one object."""
    named = {name.replace("_", "-"): value for name, value in annotations.items()}
    metadata = {"name": "shop", "annotations": {f"{OURS}{name}": value for name, value in named.items()}}
    obj = {"metadata": metadata, "spec": spec, "status": status or {}}
    return [url.url for url in urls.found({resource: [obj]})]


def rule(host: str | None, *paths: str) -> dict[str, Any]:
    """A rule of an Ingress."""
    http = {"paths": [{"path": path, "pathType": "Prefix"} for path in paths]}
    return {**({"host": host} if host is not None else {}), **({"http": http} if paths else {})}


@pytest.mark.parametrize(
    ("rules", "tls", "want"),
    [
        ([rule("a.example.com")], [], ["http://a.example.com"]),
        ([rule("a.example.com", "/")], [{"hosts": ["a.example.com"]}], ["https://a.example.com"]),
        ([rule("a.example.com", "/")], [{"hosts": ["b.example.com"]}], ["http://a.example.com"]),
        ([rule("a.example.com")], [{"hosts": ["*.example.com"]}], ["https://a.example.com"]),
        ([rule("a.b.example.com")], [{"hosts": ["*.example.com"]}], ["http://a.b.example.com"]),
        ([rule("a.example.com")], [{"secretName": "cert"}], ["https://a.example.com"]),
        ([rule("a.example.com", "/shop", "/api")], [], ["http://a.example.com/shop"]),
        ([rule("a.example.com", "/shop(/|$)(.*)")], [], ["http://a.example.com/shop"]),
        ([rule("a.example.com", "/(.*)")], [], ["http://a.example.com"]),
        ([rule("a.example.com", "/v[0-9]+/x")], [], ["http://a.example.com"]),
        ([rule("a.example.com", "/shop/*")], [], ["http://a.example.com/shop/"]),
        ([rule("a.example.com", "/*")], [], ["http://a.example.com"]),
        ([rule("b.example.com"), rule("a.example.com")], [], ["http://b.example.com", "http://a.example.com"]),
        ([rule("a.example.com"), rule("a.example.com", "/")], [], ["http://a.example.com"]),
        ([rule("*.example.com"), rule("a.example.com")], [], ["http://a.example.com"]),
        ([rule(None, "/"), rule("")], [], []),
        ([], [], []),
        ("rules", "tls", []),
        ([{"host": 7, "http": []}, 7], [7], []),
    ],
)
def test_an_ingress_leads_to_the_first_path_of_each_host(rules, tls, want):
    assert found(INGRESSES, {"rules": rules, "tls": tls}) == want


@pytest.mark.parametrize(
    "host",
    [
        "user@evil.example",
        "evil.example/x@shop.example.com",
        "javascript:alert(1)//",
        "a b.example.com",
        "a.example.com\n",
        "a.example.com\u202e",
        "bücher.example",
        "a.example.com:8080",
        "a.example.com/path",
        "a.example.com?query",
        "[::1",
        "..",
        "-",
        "a" * 64 + ".example.com",
        'a.example.com#"><script>',
    ],
)
def test_a_hostile_host_has_no_url(host):
    assert found(INGRESSES, {"rules": [rule(host), rule("good.example.com")]}) == ["http://good.example.com"]


@pytest.mark.parametrize("host", ["xn--bcher-kva.example", "192.0.2.1", "[2001:db8::1]", "A.Example.com"])
def test_an_unusual_but_valid_host_has_a_url(host):
    assert found(INGRESSES, {"rules": [rule(host)]}) == [f"http://{host}"]


def test_a_url_that_is_too_long_is_left_out():
    assert found(INGRESSES, {"rules": [rule("a.example.com", "/" + "x" * 2048)]}) == []


def parent(accepted: str, *, type_: str = "Accepted") -> dict[str, Any]:
    """A Gateway's word about a route."""
    return {"conditions": [{"type": "ResolvedRefs", "status": "True"}, {"type": type_, "status": accepted}]}


@pytest.mark.parametrize(
    ("parents", "want"),
    [
        ([parent("True")], ["https://a.example.com"]),
        ([parent("False"), parent("True")], ["https://a.example.com"]),
        ([parent("False")], []),
        ([parent("Unknown")], []),
        ([parent("True", type_="Programmed")], []),
        ([], []),
        (None, []),
        ([{"conditions": None}, 7], []),
    ],
)
def test_a_route_of_the_gateway_api_counts_once_a_gateway_accepts_it(parents, want):
    assert found(HTTP_ROUTES, {"hostnames": ["a.example.com"]}, {"parents": parents}) == want


@pytest.mark.parametrize(
    ("spec", "annotations", "want"),
    [
        ({"hostnames": ["*.example.com", "a.example.com"]}, {}, ["https://a.example.com"]),
        ({"hostnames": ["a.example.com"]}, {"url_scheme": "http"}, ["http://a.example.com"]),
        ({"hostnames": ["a.example.com"]}, {"url_scheme": "javascript"}, ["https://a.example.com"]),
        ({"hostnames": []}, {}, []),
        ({}, {}, []),
        ({"hostnames": ["a", 7, None]}, {}, ["https://a"]),
    ],
)
def test_the_hosts_of_an_accepted_route_are_https_unless_it_says_otherwise(spec, annotations, want):
    assert found(HTTP_ROUTES, spec, {"parents": [parent("True")]}, **annotations) == want


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ({"type": "PathPrefix", "value": "/shop"}, "https://a.example.com/shop"),
        ({"type": "Exact", "value": "/shop"}, "https://a.example.com/shop"),
        ({"type": "RegularExpression", "value": "/shop"}, "https://a.example.com"),
        ({"type": "PathPrefix", "value": "/"}, "https://a.example.com"),
    ],
)
def test_an_accepted_route_leads_to_its_first_path(path, want):
    spec = {"hostnames": ["a.example.com"], "rules": [{}, {"matches": [{"path": path}]}]}
    assert found(HTTP_ROUTES, spec, {"parents": [parent("True")]}) == [want]


@pytest.mark.parametrize(
    ("spec", "routers", "want"),
    [
        ({"host": "a.x"}, [{"host": "a.x", **parent("True", type_="Admitted")}], ["http://a.x"]),
        (
            {"host": "a.x", "tls": {"termination": "edge"}},
            [{"host": "a.x", **parent("True", type_="Admitted")}],
            ["https://a.x"],
        ),
        ({"host": "a.x", "path": "/shop"}, [{"host": "a.x", **parent("True", type_="Admitted")}], ["http://a.x/shop"]),
        ({"host": "a.x"}, [{"host": "a.x", **parent("False", type_="Admitted")}], []),
        ({"host": "a.x"}, [{"host": "a.x"}], []),
        ({"host": "a.x"}, [], []),
        ({"host": "w.x", "wildcardPolicy": "Subdomain"}, [{"host": "w.x", **parent("True", type_="Admitted")}], []),
    ],
)
def test_a_route_of_openshift_counts_once_a_router_has_admitted_it(spec, routers, want):
    assert found(ROUTES, spec, {"ingress": routers}) == want


def service(*ports: Any, type_: str = "LoadBalancer") -> dict[str, Any]:
    """The spec of a Service."""
    return {"type": type_, "ports": [port if isinstance(port, dict) else {"port": port} for port in ports]}


def at(*addresses: dict[str, str]) -> dict[str, Any]:
    """The status of a Service whose load balancer has these addresses."""
    return {"loadBalancer": {"ingress": list(addresses)}}


ADDRESS = {"ip": "192.0.2.1"}


@pytest.mark.parametrize(
    ("spec", "status", "annotations", "want"),
    [
        (service(80), at(ADDRESS), {"expose": "true"}, ["http://192.0.2.1"]),
        (service(80), at(ADDRESS), {}, []),
        (service(80), at(ADDRESS), {"expose": "yes"}, []),
        (service(80, type_="ClusterIP"), at(ADDRESS), {"expose": "true"}, []),
        (service(80), at(), {"expose": "true"}, []),
        (
            service(443),
            at({"hostname": "lb.example.com", "ip": "192.0.2.1"}),
            {"expose": "true"},
            ["https://lb.example.com"],
        ),
        (service(8080), at({"ip": "2001:db8::1"}), {"expose": "true"}, ["http://[2001:db8::1]:8080"]),
        (service(8443), at(ADDRESS), {"expose": "true"}, ["https://192.0.2.1:8443"]),
        (service(9000), at(ADDRESS), {"expose": "true", "url_scheme": "https"}, ["https://192.0.2.1:9000"]),
        (service({"port": 9000, "name": "https-api"}), at(ADDRESS), {"expose": "true"}, ["https://192.0.2.1:9000"]),
        (service({"port": 9000, "appProtocol": "HTTPS"}), at(ADDRESS), {"expose": "true"}, ["https://192.0.2.1:9000"]),
        (service(5432, 80), at(ADDRESS), {"expose": "true"}, ["http://192.0.2.1"]),
        (service(9090, {"port": 9000, "name": "http"}), at(ADDRESS), {"expose": "true"}, ["http://192.0.2.1:9000"]),
        (service({"port": 53, "protocol": "UDP"}), at(ADDRESS), {"expose": "true"}, []),
        (service(), at(ADDRESS), {"expose": "true"}, []),
    ],
)
def test_a_load_balancer_has_a_url_if_its_service_is_to_be_shown(spec, status, annotations, want):
    assert found(SERVICES, spec, status, **annotations) == want


@pytest.mark.parametrize("resource", READERS)
@pytest.mark.parametrize("field", [None, 7, "x", [], [[]], {"x": 1}])
def test_an_object_of_any_form_is_read_without_an_error(resource, field):
    names = ("hostnames", "rules", "tls", "ports", "host", "path", "type")
    spec: Sequence[Any] = [field, dict.fromkeys(names, field), {**service(80), "ports": field}]
    status = [
        field,
        {"parents": field, "ingress": field, "loadBalancer": field},
        {"ingress": [field], "parents": [field]},
    ]
    for one in spec:
        for other in status:
            assert found(resource, one, other, expose="true") == []
