"""Metrics of `tronador report`. No label contains the name of an environment or of a repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from controller.metrics import Registry, buckets
from controller.report.options import CHANNELS

RESULTS: Final = ("written", "unchanged", "refused", "rejected")


class ReportMetrics:
    """The metrics of one reporter."""

    def __init__(self, registry: Registry) -> None:
        self._requests = registry.counter(
            "tronador_report_requests_total",
            "Requests to GitHub and GitLab by status code (<error>: no answer), method and host.",
            ["code", "method", "host"],
        )
        self._duration = registry.histogram(
            "tronador_report_request_duration_seconds",
            "Seconds that GitHub and GitLab took for an answer.",
            buckets.REQUEST,
            ["method", "host"],
        )
        results = registry.counter(
            "tronador_report_feedback_total",
            "Feedback by channel and result (written; unchanged: it was already there; refused: a permission is "
            "missing, and it is tried again; rejected: it can never be written).",
            ["channel", "result"],
        )
        self._results = {
            (channel, result): results.labels(channel, result) for channel in CHANNELS for result in RESULTS
        }
        self._ignored = registry.gauge(
            "tronador_report_ignored_environments",
            "Environments whose repository is under no prefix of `--credentials`, or not known.",
        )
        self._delay = registry.histogram(
            "tronador_report_delay_seconds",
            "Seconds from first seeing a change until the pull request shows it.",
            buckets.JOURNEY,
        )
        self._waiting = registry.gauge(
            "tronador_report_waiting_environments", "Environments whose pull request does not show their state yet."
        )
        self._longest = registry.gauge(
            "tronador_report_longest_wait_seconds", "Seconds for which the oldest of them has been waiting; 0 if none."
        )
        self._paused = registry.gauge(
            "tronador_report_paused_seconds",
            "Seconds for which nothing is sent with the credentials of a prefix, because of a failure or a rate limit.",
            ["prefix"],
        )

    def request(self, *, host: str, method: str, code: str, seconds: float) -> None:
        """A request ended."""
        self._requests.labels(code, method, host).inc()
        self._duration.labels(method, host).observe(seconds)

    def feedback(self, channel: str, result: str) -> None:
        """Feedback was written, or not, with one of `RESULTS`."""
        self._results[channel, result].inc()

    def shown(self, seconds: float) -> None:
        """A pull request shows a change that is `seconds` old."""
        self._delay.observe(seconds)

    def observe(
        self,
        *,
        ignored: Callable[[], float],
        waiting: Callable[[], float],
        longest: Callable[[], float],
        paused: Mapping[str, Callable[[], float]],
    ) -> None:
        """Register functions that are called at each scrape; `paused` by prefix."""
        self._ignored.set_function(ignored)
        self._waiting.set_function(waiting)
        self._longest.set_function(longest)
        for prefix, seconds in paused.items():
            self._paused.labels(prefix).set_function(seconds)
