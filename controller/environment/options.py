"""What an operator of Tronador may decide about every environment. All durations are in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.api.engines import AUTO, ENGINES
from controller.api.environment import GROUP
from controller.api.options import own_namespace
from controller.apimachinery import names
from controller.apimachinery.optionkinds import DURATION, LABELS, NAME, NUMBER, SWITCH, TEXT, URL_TEMPLATE
from controller.apimachinery.options import Kind, group, option
from controller.policy import PolicyOptions

# Values of --expire-mode.
ENFORCE: Final = "enforce"
REPORT: Final = "report"


def _annotations(text: str) -> Mapping[str, str]:
    found = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, value = part.partition("=")
        if not equals or not names.is_label_key(name):
            raise ValueError(f"{part!r} is not a valid annotation: write name=value, and ; between two of them")
        if name.startswith(f"{GROUP}/"):
            raise ValueError(f"{name!r} belongs to the controller itself: use another name")
        found[name] = value
    return found


def _show_annotations(annotations: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in annotations.items())


# Values contain commas and spaces.
_ANNOTATIONS: Final[Kind[Mapping[str, str]]] = Kind(_annotations, _show_annotations, "NAME=VALUE;...", "annotations")


def release_engine() -> str:
    """Declare the option `--release-engine`."""
    return option(
        TEXT,
        AUTO,
        "what installs the charts; auto takes the engine that the cluster has when an environment's first release is "
        "created (Flux if it has both), and keeps it; any other value moves every environment to that engine",
        choices=(AUTO, *ENGINES),
        name="release_engine",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """How many environments may exist at the same time; 0: no limit."""

    max_environments: int = option(
        NUMBER,
        0,
        "how many environments may have a namespace at the same time; further ones wait in the order of their "
        "creation; 0: no limit; each shard counts its own",
        least=0,
        after="namespace_labels",
    )
    max_environments_per_repository: int = option(
        NUMBER, 0, "the same, for the environments of one repository", least=0, after="max_environments"
    )
    max_fork_environments: int = option(
        NUMBER, 0, "the same, for all environments of forks", least=0, after="max_environments_per_repository"
    )

    @property
    def any(self) -> bool:
        """Whether there is a limit."""
        return bool(self.max_environments or self.max_environments_per_repository or self.max_fork_environments)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOptions:
    """The options of the reconciler of environments."""

    own_namespace: str = own_namespace()
    service_account: str = option(
        TEXT,
        "tronador-controller",
        "service account of the controller, in its own namespace; a RoleBinding in each environment gives it its "
        "rights there; if this is empty, the controller creates no RoleBinding",
    )
    policy: PolicyOptions = group(PolicyOptions)
    namespace_labels: Mapping[str, str] = option(
        LABELS,
        {},
        "labels for the namespace of every environment; they win over the environment's own",
        after="protected_namespaces",
    )
    namespace_annotations: Mapping[str, str] = option(
        _ANNOTATIONS,
        {},
        "annotations for the namespace of every environment, such as downscaler/uptime=Mon-Fri 07:00-19:00 UTC; an "
        "annotation of the same name on the environment itself wins, and no other one is taken over from there",
        after="namespace_labels",
    )
    limits: LimitOptions = group(LimitOptions)
    release_engine: str = release_engine()
    release_service_account: str = option(
        NAME, "tronador-release", "service account, in each environment's namespace, that a release of Flux runs as"
    )
    release_cluster_role: str = option(
        NAME, "tronador-release", "ClusterRole that this account is bound to; the controller must be allowed to bind it"
    )
    status_settle: float = option(
        DURATION, 0.3, "how long a temporary state must last before it is written to the status", least=0
    )
    discover_urls: bool = option(
        SWITCH,
        True,
        "look for the URLs of a deployed application in its HTTPRoutes, Ingresses, Routes and Services, for the status",
    )
    url_template: str = option(
        URL_TEMPLATE,
        "",
        "URL of every environment whose pipeline does not set one, with {{ENVIRONMENT_NAME}}, {{PR_NUMBER}} and "
        "{{RELEASE_NAME}}; it comes before the URLs that are found",
    )
    # The Helm Operator's first attempt always fails, because its mirror of the repository does not exist yet.
    chart_grace: float = option(
        DURATION, 300.0, "how long fetching a chart may fail before that counts as failed", least=0
    )
    diagnose_after: float = option(
        DURATION,
        60.0,
        "how long a release may be deploying before the controller looks at its Pods and Events for the reason",
        least=0,
    )
    teardown_timeout: float = option(
        DURATION, 600.0, "how long an uninstall may take before a teardown continues without it", least=0
    )
    expire_after: float = option(
        DURATION,
        0.0,
        "how long an environment lives after its last activity, unless spec.lifecycle.expireAfter says otherwise; then "
        "it is taken down, and its EnvironmentProvisioner stays; 0: for ever",
        least=0,
    )
    expire_after_max: float = option(
        DURATION,
        0.0,
        "longest lifetime of any environment; a longer one, and one without an end, is cut to this; 0: no limit",
        least=0,
    )
    expire_mode: str = option(
        TEXT,
        ENFORCE,
        "what happens at the end of a lifetime: report only shows it in the status and in a metric",
        choices=(ENFORCE, REPORT),
    )
    expire_warning: float = option(
        DURATION,
        86400.0,
        "how long before its end an environment says that it will end; at most half of its lifetime",
        least=0,
    )
    expire_burst: int = option(
        NUMBER, 20, "how many environments may end in ten minutes because their lifetime is over", least=1
    )
    recheck_interval: float = option(
        DURATION, 10.0, "longest pause between two checks of something that cannot be watched", least=0.01
    )
