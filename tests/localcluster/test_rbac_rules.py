"""One rule and one request: what matches, and how rights compare. No server."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.auth import User
from hack.localcluster.http.requestinfo import attributes_of
from hack.localcluster.rbac.attributes import Attributes
from hack.localcluster.rbac.escalation import described, missing_rights
from hack.localcluster.rbac.rules import Rule

SOMEBODY = User("somebody")


def asked(verb: str, resource: str, name: str = "", group: str = "") -> Attributes:
    """A request for a resource; `pods/log` names a subresource."""
    plural, _, subresource = resource.partition("/")
    return Attributes(
        user=SOMEBODY, verb=verb, group=group, resource=plural, subresource=subresource, namespace="n", name=name
    )


def reads(*resources: str, **more: Any) -> Rule:
    """A rule of the core group."""
    return Rule(**{"verbs": ("get", "list"), "groups": ("",), "resources": resources, **more})


@pytest.mark.parametrize(
    ("rule", "request_", "allowed"),
    [
        (reads("pods"), asked("get", "pods", "p"), True),
        (reads("pods"), asked("delete", "pods", "p"), False),
        (reads("pods"), asked("get", "secrets", "p"), False),
        (reads("pods"), asked("get", "pods", "p", group="apps"), False),
        (reads("pods", verbs=("*",)), asked("anything", "pods"), True),
        (reads("pods", groups=("*",)), asked("get", "pods", "p", group="metrics.k8s.io"), True),
        (reads("*"), asked("get", "secrets", "s"), True),
        (reads("*"), asked("get", "pods/log", "p"), True),
        (reads("pods"), asked("get", "pods/log", "p"), False),
        (reads("pods/log"), asked("get", "pods/log", "p"), True),
        (reads("pods/log"), asked("get", "pods", "p"), False),
        (reads("*/scale"), asked("get", "deployments/scale", "d"), True),
        (reads("*/scale"), asked("get", "deployments/status", "d"), False),
        (reads("*/scale"), asked("get", "deployments", "d"), False),
        (reads("pods/*"), asked("get", "pods/log", "p"), False),
        (Rule(), asked("get", "pods", "p"), False),
        (Rule(verbs=("*",), urls=("*",)), asked("get", "pods", "p"), False),
    ],
)
def test_a_rule_allows_what_verbs_groups_and_resources_say(rule: Rule, request_: Attributes, allowed: bool) -> None:
    assert rule.allows(request_) is allowed


@pytest.mark.parametrize(
    ("verb", "name", "allowed"),
    [
        ("get", "mine", True),
        ("get", "other", False),
        ("list", "mine", True),
        ("list", "", False),
        ("watch", "", False),
        ("create", "", False),
        ("deletecollection", "", False),
        ("delete", "mine", True),
    ],
)
def test_a_rule_with_names_allows_only_requests_that_name_one(verb: str, name: str, allowed: bool) -> None:
    rule = reads("pods", verbs=("*",), names=("mine", "also"))
    assert rule.allows(asked(verb, "pods", name)) is allowed


@pytest.mark.parametrize(
    ("url", "path", "allowed"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/", False),
        ("/healthz", "/healthz/etcd", False),
        ("/apis/*", "/apis/apps/v1", True),
        ("/apis/*", "/apis", False),
        ("*", "/", True),
    ],
)
def test_urls_match_exactly_or_up_to_a_star(url: str, path: str, allowed: bool) -> None:
    request = Attributes(user=SOMEBODY, verb="get", path=path, is_resource=False)
    assert Rule(verbs=("get",), urls=(url,)).allows(request) is allowed


@pytest.mark.parametrize(
    ("method", "path", "query", "verb", "resource", "namespace", "name"),
    [
        ("GET", "/api/v1/namespaces", {}, "list", "namespaces", "", ""),
        ("GET", "/api/v1/namespaces/n", {}, "get", "namespaces", "n", "n"),
        ("PUT", "/api/v1/namespaces/n/finalize", {}, "update", "namespaces/finalize", "n", "n"),
        ("GET", "/api/v1/namespaces/n/status", {}, "get", "namespaces/status", "n", "n"),
        ("GET", "/api/v1/namespaces/n/pods", {}, "list", "pods", "n", ""),
        ("GET", "/api/v1/namespaces/n/pods", {"watch": "1"}, "watch", "pods", "n", ""),
        ("GET", "/api/v1/namespaces/n/pods", {"watch": "true"}, "watch", "pods", "n", ""),
        ("GET", "/api/v1/namespaces/n/pods", {"watch": "false"}, "list", "pods", "n", ""),
        ("GET", "/api/v1/watch/namespaces/n/pods/p", {}, "watch", "pods", "n", "p"),
        ("GET", "/api/v1/pods", {"fieldSelector": "metadata.name=p"}, "list", "pods", "", "p"),
        ("GET", "/api/v1/pods", {"fieldSelector": "a=b,metadata.name==p", "watch": "1"}, "watch", "pods", "", "p"),
        ("GET", "/api/v1/pods", {"fieldSelector": "metadata.name!=p"}, "list", "pods", "", ""),
        ("HEAD", "/api/v1/namespaces/n/pods/p", {}, "get", "pods", "n", "p"),
        ("POST", "/api/v1/namespaces/n/serviceaccounts/s/token", {}, "create", "serviceaccounts/token", "n", "s"),
        ("DELETE", "/apis/apps/v1/namespaces/n/deployments", {}, "deletecollection", "deployments", "n", ""),
        ("DELETE", "/apis/apps/v1/namespaces/n/deployments/d", {}, "delete", "deployments", "n", "d"),
        ("PATCH", "/apis/apps/v1/namespaces/n/deployments/d/scale", {}, "patch", "deployments/scale", "n", "d"),
    ],
)
def test_a_path_says_what_is_asked(
    method: str, path: str, query: dict[str, str], verb: str, resource: str, namespace: str, name: str
) -> None:
    found = attributes_of(SOMEBODY, method, path, query)
    assert found.is_resource
    assert (found.verb, found.full_resource, found.namespace, found.name) == (verb, resource, namespace, name)
    assert found.group == ("apps" if path.startswith("/apis/apps") else "")


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/a/b/c"])
def test_other_paths_are_not_resources(path: str) -> None:
    found = attributes_of(SOMEBODY, "GET", path, {})
    assert (found.is_resource, found.verb, found.path) == (False, "get", path)


ALL = Rule(verbs=("*",), groups=("*",), resources=("*",))
PARTS = reads("pods", "secrets")


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        ([PARTS], PARTS, ""),
        ([ALL], PARTS, ""),
        ([], PARTS, '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}\n'
                    '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'),
        ([reads("pods"), reads("secrets", verbs=("list",))], PARTS,
         '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'),
        ([reads("pods", names=("one",))], reads("pods", names=("one", "two"), verbs=("get",)),
         '{APIGroups:[""], Resources:["pods"], ResourceNames:["two"], Verbs:["get"]}'),
        ([reads("pods", names=("one",))], reads("pods", verbs=("get",)),
         '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'),
        ([reads("pods")], reads("pods", names=("one",)), ""),
        ([reads("*/scale")], reads("deployments/scale"), ""),
        ([reads("deployments")], reads("deployments/scale", verbs=("get",)),
         '{APIGroups:[""], Resources:["deployments/scale"], Verbs:["get"]}'),
        ([PARTS], ALL, '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}'),
        ([Rule(verbs=("get",), urls=("/a/*",))], Rule(verbs=("get",), urls=("/a/b", "/a")),
         '{NonResourceURLs:["/a"], Verbs:["get"]}'),
        ([ALL], Rule(verbs=("get",), urls=("/a",)), '{NonResourceURLs:["/a"], Verbs:["get"]}'),
    ],
)  # fmt: skip
def test_rights_that_are_not_held_are_named(held: list[Rule], wanted: Rule, missing: str) -> None:
    assert described(missing_rights(held, [wanted])) == missing
