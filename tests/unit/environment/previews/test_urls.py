"""The order of the URLs, and which objects and declarations count."""

from __future__ import annotations

import time
from typing import Any

import pytest

from controller.api.environment import Environment, PreviewURL
from controller.environment.previews import urls
from controller.environment.previews.kinds import HTTP_ROUTES, INGRESSES, SERVICES
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, environment

OURS = "tronador.stakater.com/"
LINK = "link.argocd.argoproj.io/external-link"
IGNORE = "argocd.argoproj.io/ignore-default-links"
PRIMARY = {f"{OURS}primary-url": "true"}


def ingress(name: str, *hosts: str, annotations: Any = None, **metadata: Any) -> dict[str, Any]:
    """An Ingress; without hosts it has that of its name."""
    found = {"name": name, "annotations": annotations or {}, **metadata}
    rules = [{"host": host} for host in hosts or (f"{name}.example.com",)]
    return {"metadata": found, "spec": {"rules": rules, "tls": [{}]}}


def route(name: str, *, annotations: Any = None) -> dict[str, Any]:
    """An accepted HTTPRoute."""
    accepted = {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]}
    spec = {"hostnames": [f"{name}.example.com"]}
    return {"metadata": {"name": name, "annotations": annotations or {}}, "spec": spec, "status": accepted}


def service(name: str, *, annotations: Any = None) -> dict[str, Any]:
    """A Service that is to be shown."""
    spec = {"type": "LoadBalancer", "ports": [{"port": 443}]}
    status = {"loadBalancer": {"ingress": [{"hostname": f"{name}.example.com"}]}}
    metadata = {"name": name, "annotations": {f"{OURS}expose": "true", **(annotations or {})}}
    return {"metadata": metadata, "spec": spec, "status": status}


def names(namespace: Any, **options: Any) -> list[str]:
    """The first label of the host of each URL."""
    return [url.url.removeprefix("https://").partition(".")[0] for url in urls.found(namespace, **options)]


def test_kinds_have_an_order_and_names_have_one_within_a_kind():
    namespace = {SERVICES: [service("a")], INGRESSES: [ingress("c"), ingress("b")], HTTP_ROUTES: [route("d")]}
    assert names(namespace) == ["d", "b", "c", "a"]


def test_the_primary_object_comes_first_whatever_its_kind_and_name():
    namespace = {INGRESSES: [ingress("a"), ingress("z", annotations=PRIMARY)], HTTP_ROUTES: [route("b")]}
    assert names(namespace) == ["z", "b", "a"]
    assert names({INGRESSES: [ingress("b", annotations=PRIMARY), ingress("a", annotations=PRIMARY)]}) == ["a", "b"]


@pytest.mark.parametrize("value", ["false", "True", "", "1"])
def test_only_the_word_true_makes_an_object_primary(value):
    assert names({INGRESSES: [ingress("z", annotations={f"{OURS}primary-url": value}), ingress("a")]}) == ["a", "z"]


def test_a_link_for_argo_cd_comes_before_the_hosts():
    linked = ingress("z", annotations={LINK: "https://link.example.com/x"})
    namespace = {INGRESSES: [linked], HTTP_ROUTES: [route("a")]}
    assert names(namespace) == ["link", "a", "z"]


@pytest.mark.parametrize(
    ("link", "want"),
    [
        ("https://link.example.com", ["link", "z"]),
        ("Dashboard|https://link.example.com", ["link", "z"]),
        ("a|b| https://link.example.com", ["link", "z"]),
        ("javascript:alert(1)", ["z"]),
        ("https://user:secret@evil.example", ["z"]),
        ("/relative", ["z"]),
        ("", ["z"]),
    ],
)
def test_a_link_for_argo_cd_may_have_a_title_but_has_to_be_a_web_url(link, want):
    assert names({INGRESSES: [ingress("z", annotations={LINK: link})]}) == want


def test_an_object_without_default_links_counts_only_with_its_own_link():
    hidden = {IGNORE: "true"}
    assert names({INGRESSES: [ingress("a", annotations=hidden)]}) == []
    assert names({INGRESSES: [ingress("a", annotations={**hidden, LINK: "https://link.example.com"})]}) == ["link"]
    assert names({INGRESSES: [ingress("a", annotations={IGNORE: "false"})]}) == ["a"]


def test_a_url_is_listed_once_with_the_object_that_comes_first():
    namespace = {INGRESSES: [ingress("b", "x.example.com", "X.example.com:443"), ingress("a", "x.example.com")]}
    assert urls.found(namespace) == (PreviewURL("https://x.example.com", "Ingress", "a"),)


def test_at_most_ten_urls_are_kept():
    hosts = [f"h{number}.example.com" for number in range(30)]
    assert names({INGRESSES: [ingress("a", *hosts)]}) == [f"h{number}" for number in range(10)]


def test_what_is_being_deleted_or_only_proves_a_host_does_not_count():
    going = ingress("a", deletionTimestamp="2026-03-01T12:00:00Z")
    solver = ingress("cm-acme-http-solver", labels={"acme.cert-manager.io/http01-solver": "true"})
    assert names({INGRESSES: [going, solver, ingress("z")]}) == ["z"]


def test_in_a_shared_namespace_only_what_helm_made_for_the_release_counts():
    made = {"meta.helm.sh/release-name": RELEASE_NAME}
    namespace = {
        INGRESSES: [
            ingress("a"),
            ingress("b", annotations={"meta.helm.sh/release-name": "x"}),
            ingress("c", annotations=made),
        ]
    }
    assert names(namespace, release=RELEASE_NAME) == ["c"]
    assert names(namespace) == ["a", "b", "c"]


def declared(template: str = "", **annotations: str) -> str:
    """The declared URL of an environment with these annotations of ours, or ""."""
    obj = environment()
    obj["metadata"]["annotations"] = {f"{OURS}{key.replace('_', '-')}": value for key, value in annotations.items()}
    found = urls.declared(Environment(obj), template)
    assert found is None or (found.kind, found.name) == ("EnvironmentProvisioner", NAME)
    return found.url if found else ""


TEMPLATE = "https://{{ENVIRONMENT_NAME}}.{{RELEASE_NAME}}.example.com/{{ PR_NUMBER }}"


@pytest.mark.parametrize(
    ("template", "annotations", "want"),
    [
        ("", {}, ""),
        ("", {"preview_url": "https://mine.example.com"}, "https://mine.example.com"),
        (TEMPLATE, {"preview_url": "https://mine.example.com"}, "https://mine.example.com"),
        (TEMPLATE, {"pull_request": "74"}, f"https://{NAME}.{RELEASE_NAME}.example.com/74"),
        (TEMPLATE, {}, ""),
        ("https://{{ENVIRONMENT_NAME}}.example.com", {}, f"https://{NAME}.example.com"),
        ("https://{{ENVIRONMENT_NAME}}.example.com/{{PR_NUMBER}}", {"pull_request": "7 4"}, ""),
        ("", {"preview_url": "ftp://mine.example.com"}, ""),
        ("", {"preview_url": "https://a@mine.example.com"}, ""),
    ],
)
def test_the_pipelines_url_comes_before_the_operators_template(template, annotations, want):
    assert declared(template, **annotations) == want


def test_one_object_with_any_number_of_hosts_takes_no_noticeable_time():
    hosts = [f"host-{number}.example.com" for number in range(20_000)]
    obj = ingress("a", *hosts)
    obj["spec"]["tls"] = [{"hosts": [f"other-{number}.example.com" for number in range(20_000)]}]
    started = time.process_time()

    assert len(urls.found({INGRESSES: [obj]})) == 10
    assert time.process_time() - started < 0.5


def test_objects_in_another_order_have_the_same_urls():
    ingresses = [ingress("a"), ingress("c", annotations=PRIMARY), ingress("b", "x.example.com", "a.example.com")]
    services = [service("d"), service("a")]
    found = urls.found({INGRESSES: ingresses, SERVICES: services})

    assert urls.found({SERVICES: services[::-1], INGRESSES: ingresses[::-1]}) == found
