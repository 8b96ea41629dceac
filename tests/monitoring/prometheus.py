"""The real Prometheus as a program, with our rules made quicker than life."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml

from tests.integration.support.waiting import DEADLINE, eventually
from tests.monitoring.support import CONTROLLER, program, rules_spec, write_rules

NAMESPACE: Final = "tronador-system"
# Windows that hold several scrapes. That of restarts has to hold three starts of Python on a busy machine.
_WINDOWS: Final = {"5m": "8s", "10m": "20s", "15m": "8s", "30m": "8s", "1h": "30s", "6h": "30s"}
# Prometheus begins to scrape five seconds after its start, which is not to look like a controller that is down.
_FOR: Final = {"5m": "12s", "1m": "2s", "3m": "3s", "10m": "3s", "15m": "3s"}
# Seconds, or numbers of keys, that no fault of a test could reach in time: what is in the rules, and what is tested.
_LIMITS: Final = {
    "TronadorCacheOutOfDate": ("> 60", "> 2"),
    "TronadorQueueLong": ("> 50", "> 5"),
    "TronadorQueueSlow": ('le="10.0"', 'le="1.0"'),
    "TronadorReconcileStuck": ("> 150", "> 2"),
    "TronadorEnvironmentStuck": ("> 1800", "> 6"),
    "TronadorTeardownStuck": ("> 3600", "> 6"),
    "TronadorReportLate": ("> 900", "> 3"),
}
_LATE: Final = ('le="300.0"', 'le="2.0"')
_ADDRESSES: Final = count(1)


def address() -> str:
    """One of this process's own on the loopback interface, so that its port is never taken."""
    return f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{next(_ADDRESSES)}:8080"


def quickened(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The rules with short windows, short `for`, and limits within reach of a test. Nothing else is changed."""
    changed: dict[str, Any] = copy.deepcopy(dict(spec))
    for group in changed["groups"]:
        for rule in group["rules"]:
            expression = rule["expr"]
            if "record" in rule:
                expression = _replaced(expression, *_LATE)
            elif limit := _LIMITS.get(rule["alert"]):
                expression = _replaced(expression, *limit)
            rule["expr"] = re.sub(r"(\[|offset )(\d+[mh])", lambda m: m[1] + _WINDOWS[m[2]], expression)
            if "for" in rule:
                rule["for"] = _FOR[rule["for"]]
    return changed


def _replaced(expression: str, old: str, new: str) -> str:
    assert old in expression, f"{old} is not in {expression}"
    return expression.replace(old, new)


class Prometheus:
    """A server that scrapes once a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._address = address()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, targets: Iterable[str], *, job: str = CONTROLLER) -> None:
        """Start it with the rules about a job. Its targets (`host:port`) become the pods `pod-0`, `pod-1` and so on."""
        self._folder.mkdir()
        write_rules(self._folder, quickened(rules_spec(job)))
        scrape = {
            "job_name": job,
            "static_configs": [
                {"targets": [target], "labels": {"namespace": NAMESPACE, "pod": f"pod-{number}"}}
                for number, target in enumerate(targets)
            ],
        }
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "500ms"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [scrape],
        }
        (self._folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        command = [
            program("prometheus"),
            f"--config.file={self._folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
        ]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._is_ready, lambda: f"Prometheus is ready: {(self._folder / 'log').read_text()}")

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        return list(self._get("query", query=expression)["result"])

    def curves(self, expression: str, *, start: float, end: float, step: float = 1.0) -> list[dict[str, Any]]:
        """The series of a query over time, with Unix times."""
        return list(self._get("query_range", query=expression, start=start, end=end, step=step)["result"])

    def firing(self) -> dict[str, dict[str, Any]]:
        """Each alert that is firing now, by name."""
        alerts = self._get("alerts")["alerts"]
        return {alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"}

    def ever_fired(self) -> list[str]:
        """The names of all alerts that were firing at any time."""
        found = self.query('count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1h]))')
        return sorted(series["metric"]["alertname"] for series in found)

    def fires(self, *names: str, deadline: float = DEADLINE) -> None:
        """Wait until all of these alerts are firing, in words that make sense."""
        eventually(
            lambda: set(names) <= self.firing().keys(),
            lambda: f"{sorted(set(names) - self.firing().keys())} fire; {sorted(self.firing())} do",
            deadline=deadline,
        )
        for name in names:
            if alert := self.firing().get(name):
                words = " ".join(alert["annotations"].values())
                assert "error expanding" not in words, words
                assert "<no value>" not in words, words

    def is_silent(self, *names: str, deadline: float = DEADLINE) -> None:
        """Wait until none of these alerts is firing."""
        eventually(
            lambda: not set(names) & self.firing().keys(),
            lambda: f"{sorted(set(names) & self.firing().keys())} fall silent",
            deadline=deadline,
        )

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except (urllib.error.URLError, ConnectionError):
            return False

    def _get(self, what: str, **parameters: Any) -> dict[str, Any]:
        url = f"http://{self._address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        data: dict[str, Any] = body["data"]
        return data
