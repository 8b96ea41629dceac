"""What an operator of Tronador may decide about every environment. All durations are in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.api.engines import AUTO
from controller.policy import PolicyOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOptions:
    """Options of the decisions.

    Attributes:
        policy: what an environment may ask for.
        namespace_labels: labels for every environment's namespace; they win over the environment's own.
        status_settle: a passing state is written only when it lasts this long.
        chart_grace: how long fetching a chart may fail before that counts as a failure. The Helm Operator's first
            attempt always does, because the mirror of the repository does not exist yet; Flux has none for a moment.
        teardown_timeout: how long an uninstall may take before the teardown goes on without it.
        service_account: the account that we run as, in `own_namespace`; it gets its rights inside each environment by
            a RoleBinding there. "" where it has them anyhow.
        release_engine: name of the engine for every environment, or "auto": what the cluster serves when an
            environment's first release is made, and from then on the same.
        release_service_account: the account, in each environment's namespace, that a release of Flux runs as.
        release_cluster_role: the ClusterRole that it is bound to there.
        recheck_interval: longest pause between two looks at something that no watch tells about.
    """

    policy: PolicyOptions = field(default_factory=PolicyOptions)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    status_settle: float = 0.3
    chart_grace: float = 300.0
    teardown_timeout: float = 600.0
    recheck_interval: float = 10.0
    service_account: str = ""
    release_engine: str = AUTO
    release_service_account: str = "tronador-release"
    release_cluster_role: str = "tronador-release"
    own_namespace: str = "tronador-system"
