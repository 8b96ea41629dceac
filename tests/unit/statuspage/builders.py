"""Environments, and the page about them."""

from __future__ import annotations

import html.parser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.runtime import Response
from controller.statuspage import CacheState, Process, QueueState, Sources, StatusPage, Timeline

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Json = dict[str, Any]
MARKUP = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "</title><svg>")


def environment(name: str = "shop-74", *, minutes: float = 5, **changes: Any) -> Json:
    """A deployed one, created so many minutes before NOW; `changes` are fields of its status."""
    created = (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": {
            "name": name,
            "uid": f"uid-of-{name}",
            "creationTimestamp": created,
            "annotations": {
                "tronador.stakater.com/repository": "github.com/acme/shop",
                "tronador.stakater.com/pull-request": "74",
            },
        },
        "spec": {
            "application": {
                "release": {
                    "chart": {"git": "https://github.com/acme/shop", "path": "deploy", "ref": "feat/x"},
                    "values": {"image": {"tag": "PR-74-abc"}, "password": "not to be shown"},
                }
            }
        },
        "status": {
            "applicationStatus": "deployed",
            "applicationStatusMsg": "",
            "currentPhase": "Waiting For Next Reconciliation Loop",
            "namespace": name,
            "url": "https://shop-74.example.com/",
            "release": {"engine": "flux", "name": "feat-x", "revision": "3"},
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Deployed",
                    "message": "It runs.",
                    "lastTransitionTime": created,
                }
            ],
            **changes,
        },
    }


def everywhere(value: Any, text: str) -> Any:
    """`value` with `text` in the place of every text, except for times."""
    if isinstance(value, dict):
        return {key: item if "Time" in key else everywhere(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [everywhere(item, text) for item in value]
    return text if isinstance(value, str) else value


class World:
    """What the page sees, and the page."""

    def __init__(self, *environments: Mapping[str, Any]) -> None:
        self.environments: list[Mapping[str, Any]] = list(environments)
        self.now = NOW
        self.revision = "1"
        self.process = Process(role="leader")
        self.queues: Sequence[QueueState] = (QueueState(name="environmentprovisioner"),)
        self.caches: Sequence[CacheState] = (CacheState(resource="namespaces", objects=3),)
        self.timeline = Timeline(now=lambda: self.now)
        page = StatusPage(
            sources=Sources(
                environments=lambda: self.environments,
                environment=lambda name: next((e for e in self.environments if e["metadata"]["name"] == name), None),
                revision=lambda: self.revision,
                process=lambda: self.process,
                queues=lambda: self.queues,
                caches=lambda: self.caches,
                now=lambda: self.now,
                version="1.2.3",
                started=NOW,
            ),
            timeline=self.timeline,
        )
        self.routes = page.routes()

    def get(self, path: str = "/", **query: str) -> Response:
        """The answer of the route that the server would choose."""
        prefix = "/" + path.strip("/").partition("/")[0]
        return self.routes[prefix](path[len(prefix) :].strip("/"), {name: [value] for name, value in query.items()})

    def html(self, path: str = "/", **query: str) -> Html:
        """The page, parsed."""
        answer = self.get(path, **query)
        assert answer.content_type == "text/html; charset=utf-8"
        return Html(answer.body.decode())


class Html(html.parser.HTMLParser):
    """A page's elements (with their attributes), and its text.

    Attributes:
        rows: the names of the environments that the list shows.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self.feed(source)
        prefix = "/environments/"
        self.rows = [href.removeprefix(prefix) for href in self.links if href.startswith(prefix)]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]

    @property
    def text(self) -> str:
        """Its words, with single spaces."""
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
