"""The panels of the dashboard. Every query returns data from the first minute after the controller started.

`OURS` selects the controller's series. `LEADING` leaves out those of standby replicas, which queue keys but process
none. Quantiles are computed over all replicas.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, VariableOption, VariableRefresh

from hack.monitoring.panels import GREEN, ORANGE, RED, SOURCE, Curves, Number, Query
from hack.paths import MANIFESTS

Panel = Number | Curves

FILE: Final = MANIFESTS / "monitoring/dashboard.json"
UID: Final = "tronador"
OURS: Final = 'job="tronador",namespace=~"$namespace"'
LEADING: Final = f"unless on (namespace, pod) leader_election_master_status{{{OURS}}} == 0"
IN_TIME: Final = ',le="300.0"'
TURNED_AWAY: Final = ',code="429"'
WINDOW: Final = "$__rate_interval"
# The label that the monitors add to the series of a shard's replicas. The main shard's series do not have it.
SHARD: Final = "shard"


def rate(metric: str, by: str = "", more: str = "") -> str:
    """Return the sum of events per second. `more` adds matchers."""
    return f"sum{_by(by)} (rate({metric}{{{OURS}{more}}}[{WINDOW}]))"


def largest(metric: str, by: str = "", more: str = "") -> str:
    """Return the largest value of all replicas."""
    return f"max{_by(by)} ({metric}{{{OURS}{more}}})"


def of_all_shards(metric: str, by: str = "", more: str = "") -> str:
    """Return a sum over shards. All replicas of a shard count the same environments, so each shard counts once."""
    return f"sum{_by(by)} ({largest(metric, f'{by}, {SHARD}' if by else SHARD, more)})"


def quantile(share: float, metric: str, by: str = "", more: str = "") -> str:
    """Return the quantile `share` of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', labels, more)})"


def halves_and_most(metric: str, more: str = "") -> tuple[Query, Query]:
    """Return queries for the median and the 95th percentile."""
    return Query(quantile(0.5, metric, more=more), "median"), Query(quantile(0.95, metric, more=more), "95 %")


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


OVERVIEW: Final = (
    Number(
        title="Leaders",
        about="Replicas that work: one, neither more nor less. With shards, of the one that has the fewest.",
        query=Query(f"min(sum by (name) (leader_election_master_status{{{OURS}}})) or vector(0)"),
        at_least=1,
        alarm=2,
    ),
    Number(
        title="Alerts",
        about="Alerts of the controller that are firing.",
        query=Query('count(ALERTS{alertname=~"Tronador.+",alertstate="firing"}) or vector(0)'),
        alarm=1,
    ),
    Number(
        title="Environments",
        about="Environments, whatever their status.",
        query=Query(f"sum({of_all_shards('tronador_environments', 'status')})"),
    ),
    Number(
        title="Failed",
        about="Environments whose release failed or whose spec is refused.",
        query=Query(of_all_shards("tronador_environments", more=',status="failed"')),
        worry=1,
    ),
    Number(
        title="Longest wait",
        about="How long the oldest environment or commit has waited that is neither deployed nor failed.",
        query=Query(largest("tronador_environment_longest_wait_seconds")),
        unit="s",
        worry=300,
        alarm=1800,
    ),
    Number(
        title="Oldest cache",
        about="How long the cache that is furthest behind has been out of date.",
        query=Query(largest("tronador_cache_stale_seconds")),
        unit="s",
        worry=10,
        alarm=60,
    ),
)

ENVIRONMENTS: Final = (
    Curves(
        title="Environments by status",
        about="What kubectl shows in the column STATUS.",
        queries=[Query(of_all_shards("tronador_environments", "status"), "{{status}}")],
        stacked=True,
        colors={"deployed": GREEN, "failed": RED, "pending": ORANGE, "queued": ORANGE},
    ),
    Curves(
        title="In trouble",
        about="Environments with a condition that is present only when something is wrong, or without all that"
        " TronadorConfig gives them.",
        queries=[
            Query(of_all_shards("tronador_environments_with_condition", "type"), "{{type}}"),
            Query(of_all_shards("tronador_environments_lacking_resources"), "ResourcesReady is not True"),
        ],
    ),
    Curves(
        title="Longest waits",
        about="The oldest of those that are awaited. A line that climbs steadily is one environment that is stuck.",
        queries=[
            Query(largest("tronador_environment_longest_wait_seconds"), "to be deployed"),
            Query(largest("tronador_teardown_longest_wait_seconds"), "to be gone"),
        ],
        unit="s",
    ),
    Curves(
        title="From a commit to a deployed release",
        about="Seconds from the first sight of a new generation to its release being deployed.",
        queries=halves_and_most("tronador_environment_ready_seconds"),
        unit="s",
    ),
    Curves(
        title="Deployed later than in five minutes",
        about="The share that counts against the objective of 5 %.",
        queries=[
            Query(
                f"1 - {rate('tronador_environment_ready_seconds_bucket', more=IN_TIME)}"
                f" / {rate('tronador_environment_ready_seconds_count')}",
                "late",
            ),
        ],
        unit="percentunit",
    ),
    Curves(
        title="From a deletion to the end",
        about="Seconds from the first sight of a deletion to the end of everything.",
        queries=halves_and_most("tronador_teardown_seconds"),
        unit="s",
    ),
    Curves(
        title="Failed releases",
        about="Releases that failed, by reason. One reason over many environments points to something they share.",
        queries=[Query(rate("tronador_release_failures_total", "reason"), "{{reason}}")],
        unit="cps",
        stacked=True,
    ),
    Curves(
        title="Ended lifetimes",
        about="Environments that were not used any more, by --expire-mode.",
        queries=[Query(rate("tronador_expirations_total", "mode"), "{{mode}}")],
        unit="cps",
        stacked=True,
    ),
    Curves(
        title="Deployments and teardowns",
        about="How much users do.",
        queries=[
            Query(rate("tronador_environment_ready_seconds_count"), "deployed"),
            Query(rate("tronador_teardown_seconds_count"), "gone"),
        ],
        unit="cps",
    ),
    Curves(
        title="Kubernetes Events",
        about="What became of the Events that the controller reports.",
        queries=[Query(rate("tronador_events_total", "outcome"), "{{outcome}}")],
        unit="cps",
    ),
)

RECONCILING: Final = (
    Curves(
        title="Reconciles",
        about="Reconciles by result.",
        queries=[Query(rate("controller_runtime_reconcile_total", "controller, result"), "{{controller}} {{result}}")],
        unit="cps",
    ),
    Curves(
        title="Reconciles that failed",
        about="All, and those of them that are bugs, that took too long or that are not tried again.",
        queries=[
            Query(rate("controller_runtime_reconcile_errors_total"), "all"),
            Query(rate("controller_runtime_reconcile_panics_total"), "unforeseen exception"),
            Query(rate("controller_runtime_reconcile_timeouts_total"), "took too long"),
            Query(rate("controller_runtime_terminal_reconcile_errors_total"), "not tried again"),
        ],
        unit="cps",
    ),
    Curves(
        title="Duration of a reconcile",
        about="The median and the 95th percentile.",
        queries=halves_and_most("controller_runtime_reconcile_time_seconds"),
        unit="s",
    ),
    Curves(
        title="Queue",
        about="Keys that are ready for a worker of the leader.",
        queries=[Query(f"sum by (name) (workqueue_depth{{{OURS}}} {LEADING})", "{{name}}")],
    ),
    Curves(
        title="Time in the queue",
        about="How long keys waited for a worker.",
        queries=halves_and_most("workqueue_queue_duration_seconds"),
        unit="s",
    ),
    Curves(
        title="Oldest work",
        about="How long a worker has had one key, and how long all workers together have had theirs.",
        queries=[
            Query(largest("workqueue_longest_running_processor_seconds"), "longest"),
            Query(largest("workqueue_unfinished_work_seconds"), "all together"),
        ],
        unit="s",
    ),
    Curves(
        title="Workers",
        about="Where the busy ones meet the limit, --workers is too small or the API server too slow.",
        queries=[
            Query(f"sum(controller_runtime_active_workers{{{OURS}}})", "busy"),
            Query(largest("controller_runtime_max_concurrent_reconciles", "controller"), "limit of {{controller}}"),
        ],
    ),
    Curves(
        title="Added to the queue",
        about="Keys that became due, and those that were put off.",
        queries=[
            Query(rate("workqueue_adds_total"), "added"),
            Query(rate("workqueue_retries_total"), "put off"),
            Query(rate("tronador_stale_reconcile_skips_total"), "put off until the caches have caught up"),
        ],
        unit="cps",
    ),
    Curves(
        title="Time in the phases of a reconcile",
        about="Seconds a second that each phase takes.",
        queries=[Query(rate("tronador_reconcile_phase_seconds_sum", "phase"), "{{phase}}")],
        unit="s",
        stacked=True,
    ),
)

CACHES: Final = (
    Curves(
        title="Out of date",
        about="Seconds since a cache was last known to be current; 0 while it is.",
        queries=[Query(largest("tronador_cache_stale_seconds", "group, resource"), "{{resource}} {{group}}")],
        unit="s",
    ),
    Curves(
        title="Lists and watches",
        about="How often caches were filled, watches ended, or either of them failed. The kinds of an engine that is"
        " not installed fail all the time, at long intervals.",
        queries=[
            Query(rate("tronador_reflector_lists_total"), "filled"),
            Query(rate("tronador_reflector_watches_total"), "watches"),
            Query(rate("tronador_reflector_short_watches_total"), "watches that ended at once"),
            Query(rate("tronador_reflector_failures_total"), "failed"),
        ],
        unit="cps",
    ),
    Curves(
        title="What went wrong with objects",
        about="Totals since the start. Failed handlers and indexes are bugs; the log names the objects.",
        queries=[
            Query(largest("tronador_reflector_handler_failures_total"), "handler failed"),
            Query(largest("tronador_reflector_index_failures_total"), "index failed"),
            Query(largest("tronador_reflector_unreadable_objects_total"), "read in part"),
            Query(largest("tronador_reflector_skipped_objects_total"), "skipped"),
        ],
    ),
    Curves(
        title="Time to fill a cache",
        about="The average since the start, by resource. Most caches are filled once and then watched.",
        queries=[
            Query(
                f"sum by (group, resource) (tronador_reflector_list_duration_seconds_sum{{{OURS}}})"
                f" / sum by (group, resource) (tronador_reflector_list_duration_seconds_count{{{OURS}}})",
                "{{resource}} {{group}}",
            ),
        ],
        unit="s",
    ),
    Curves(
        title="Notifications that wait",
        about="Changes that the cache has, and that no handler has seen yet.",
        queries=[Query(largest("informer_queued_items", "group, resource"), "{{resource}} {{group}}")],
    ),
    Curves(
        title="Time of a handler",
        about="How long handlers take for a notification.",
        queries=halves_and_most("informer_processing_latency_seconds"),
        unit="s",
    ),
)

API: Final = (
    Curves(
        title="Requests",
        about="Attempts by the status code of the answer; <error> where there was none.",
        queries=[Query(rate("rest_client_requests_total", "code"), "{{code}}")],
        unit="reqps",
        stacked=True,
    ),
    Curves(
        title="Turned away",
        about="Answers 429, and requests that were sent again because the server asked for it.",
        queries=[
            Query(f"{rate('rest_client_requests_total', more=TURNED_AWAY)} or vector(0)", "429"),
            Query(f"{rate('rest_client_request_retries_total')} or vector(0)", "sent again"),
        ],
        unit="reqps",
    ),
    Curves(
        title="Time to an answer",
        about="The 95th percentile, by method; streams count up to their first byte.",
        queries=[Query(quantile(0.95, "rest_client_request_duration_seconds", "verb"), "{{verb}}")],
        unit="s",
    ),
)

PROCESS: Final = (
    Curves(
        title="CPU",
        about="Cores in use.",
        queries=[Query(rate("process_cpu_seconds_total", "pod"), "{{pod}}")],
    ),
    Curves(
        title="Memory",
        about="Resident memory.",
        queries=[Query(largest("process_resident_memory_bytes", "pod"), "{{pod}}")],
        unit="bytes",
    ),
    Curves(
        title="Age of the process",
        about="A fall to zero is a restart.",
        queries=[Query(f"time() - {largest('process_start_time_seconds', 'pod')}", "{{pod}}")],
        unit="s",
    ),
)

ROWS: Final[Sequence[tuple[str, Sequence[Panel]]]] = (
    ("Overview", OVERVIEW),
    ("Environments", ENVIRONMENTS),
    ("Reconciling", RECONCILING),
    ("Caches", CACHES),
    ("API server", API),
    ("Process", PROCESS),
)


def text() -> str:
    """The dashboard as JSON, which Grafana imports."""
    dashboard = (
        Dashboard("Tronador")
        .uid(UID)
        .description("Environments, and the controller that makes them.")
        .tags(["tronador", "kubernetes"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(
            QueryVariable("namespace")
            .label("Namespace")
            .datasource(SOURCE)
            .query('label_values(tronador_environments{job="tronador"}, namespace)')
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .current(VariableOption(text="All", value="$__all"))
            .include_all(True)
            .all_value(".*")
        )
    )
    numbers = count(1)
    for title, panels in ROWS:
        dashboard.with_row(Row(title).id(next(numbers)))
        for panel in panels:
            dashboard.with_panel(panel.builder().id(next(numbers)))
    built: dict[str, Any] = json.loads(json.dumps(dashboard.build(), cls=JSONEncoder))
    return json.dumps(built, indent=2, sort_keys=True) + "\n"
