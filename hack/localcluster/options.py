"""Settings of a local cluster, one place for the program's flags and the embedding class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a local cluster.

    Attributes:
        host, port: where to listen; port 0 takes a free one.
        audit_log: file to which every request is appended as a line of JSON; "" for none.
        state_file: objects are read from here at start and written back at stop; "" for none.
        bookmark_interval: seconds between bookmarks of a watch that wants them.
        history_limit: changes remembered per resource; older versions answer 410.
        initial_events: answer watches with sendInitialEvents; False refuses them as a server without progress
            notifications from its storage does.
        rollouts: a small controller marks workloads as rolled out.
        pods: Deployments get ReplicaSets and Pods; their statuses follow from the Pods, which somebody else has to
            report as running, such as the kubelet of `hack.standins`.
        rights_delay: seconds until a change of roles or bindings takes effect, as on a real server it takes some
            milliseconds; 0 for at once.
        namespace_report_delay: seconds until a terminating namespace says what remains in it.
    """

    host: str = "127.0.0.1"
    port: int = 0
    audit_log: str = ""
    state_file: str = ""
    bookmark_interval: float = 60.0
    history_limit: int = 10_000
    initial_events: bool = True
    rollouts: bool = True
    pods: bool = False
    rights_delay: float = 0.0
    namespace_report_delay: float = 1.0
