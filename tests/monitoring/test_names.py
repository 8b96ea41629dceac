"""What the rules and the dashboard ask for is exported, and what is exported is documented."""

from __future__ import annotations

import re
from functools import cache

import pytest

from hack.monitoring import dashboard
from hack.paths import ROOT
from hack.reference import metrics
from tests.docs.pages import PAGES, anchors
from tests.monitoring.support import alerts, names_in, panels, rules

PAGE = ROOT / "docs/runbooks.md"
# docs/machinery.md says why we do not have it.
NOT_OURS = {"rest_client_dns_resolution_duration_seconds"}
RUNBOOKS = "https://github.com/stakater/tronador/blob/main/docs/runbooks.md#"


@cache
def exported() -> frozenset[str]:
    """The names of all series that the controller serves, and of those that the rules record."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    families = [(family.name, suffixes.get(family.type, ("",))) for family in metrics.exercised().collect()]
    served = {f"{name}{suffix}" for name, endings in families for suffix in endings}
    return frozenset(served | {rule["record"] for rule in rules() if "record" in rule})


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_metric_of_a_rule_is_exported(rule: dict[str, str]) -> None:
    found = names_in(rule["expr"]) or {"up"} & set(re.findall(r"\w+", rule["expr"]))
    assert found
    assert found <= exported() | {"up"}


@pytest.mark.parametrize(("title", "queries"), list(panels()))
def test_every_metric_of_a_panel_is_exported(title: str, queries: list[str]) -> None:
    for query in queries:
        found = names_in(query) or {"ALERTS"} & set(re.findall(r"\w+", query))
        assert found, f"{title}: {query}"
        assert found <= exported() | {"ALERTS"}, title


def test_every_metric_named_on_a_page_is_exported() -> None:
    known = exported() | {metric.name for metric in metrics.of(metrics.exercised())}
    pattern = re.compile(r"\b(?:tronador|controller_runtime|rest_client|workqueue|informer|leader_election)_[a-z_]+\b")
    for page in PAGES:
        named = set(pattern.findall(page.read_text()))
        assert named <= known | NOT_OURS, page.name


def test_the_dashboard_is_up_to_date_with_its_source() -> None:
    assert dashboard.FILE.read_text() == dashboard.text(), "run python -m hack.monitoring"


def test_every_panel_has_a_description() -> None:
    assert all(panel.title and panel.about.endswith(".") for _, row in dashboard.ROWS for panel in row)


def test_metrics_with_common_names_are_selected_by_their_job() -> None:
    shared = re.compile(r"\b(?:controller_runtime|rest_client|workqueue|informer|leader_election|process)_\w+(.?)")
    for expression in (*(rule["expr"] for rule in rules()), *(q for _, queries in panels() for q in queries)):
        for found in shared.finditer(expression):
            selected = expression[found.end() :].startswith(('job="tronador"', 'job="tronador-report"'))
            assert found[1] == "{", expression
            assert selected, expression


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_an_alert_has_a_description_and_a_link_to_its_runbook(alert: dict[str, dict[str, str]]) -> None:
    annotations = alert["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["description"].endswith(".")
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert annotations["runbook_url"] == f"{RUNBOOKS}{str(alert['alert']).lower()}"
    assert annotations["runbook_url"].removeprefix(RUNBOOKS) in anchors(PAGE)


def test_every_runbook_belongs_to_an_alert() -> None:
    titles = re.findall(r"^## (Tronador\w+)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(titles) == sorted({str(alert["alert"]) for alert in alerts()})
