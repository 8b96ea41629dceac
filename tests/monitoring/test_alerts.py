"""Each alert fires for its fault and is silent while all is well, in the judgement of the real promtool."""

from __future__ import annotations

import copy
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.monitoring.support import alerts, program, rules_spec, write_rules

UNIT_TESTS = Path(__file__).parent / "alerts.yaml"


def promtool(*arguments: str | Path) -> str:
    """What it prints; fails with that where it objects."""
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, timeout=60, check=False)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed


@pytest.mark.slow
def test_prometheus_accepts_the_rules(tmp_path: Path) -> None:
    assert "SUCCESS" in promtool("check", "rules", "--lint=all", "--lint-fatal", write_rules(tmp_path, rules_spec()))


@pytest.mark.slow
def test_each_alert_fires_for_its_fault_and_only_then(tmp_path: Path) -> None:
    spec = copy.deepcopy(rules_spec())
    for group in spec["groups"]:
        for rule in group["rules"]:
            # What promtool compares word for word. It checks their templates with the rules.
            rule.pop("annotations", None)
    write_rules(tmp_path, spec)
    shutil.copy(UNIT_TESTS, tmp_path)
    assert "SUCCESS" in promtool("test", "rules", tmp_path / UNIT_TESTS.name)


def test_every_alert_has_a_unit_test() -> None:
    fired = {
        (case["alertname"], expected["exp_labels"]["severity"])
        for test in yaml.safe_load(UNIT_TESTS.read_text())["tests"]
        for case in test.get("alert_rule_test", ())
        for expected in case["exp_alerts"]
    }
    assert fired == {(alert["alert"], alert["labels"]["severity"]) for alert in alerts()}
