"""The release engines that Tronador supports: their names, their kinds, and what they can do, in one table.

The policy and the pipeline work without a cluster and know no more about an engine than this table says. What an engine
does with a release is in `controller.environment.engines`, one module for each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.api import flux, helm_operator
from controller.apimachinery.resources import Resource

FLUX: Final = "flux"
HELM_OPERATOR: Final = "helm-operator"
# The value of --release-engine that leaves the choice to each environment.
AUTO: Final = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What holds for an engine in every cluster.

    Attributes:
        name: its value of `--release-engine` and `status.release.engine`.
        title: its name in a sentence, for example "the Helm Operator".
        releases: the kind of its releases.
        sources: the kind that says where a chart comes from, or None if the release itself says so.
        is_cluster_admin: whether it applies every chart with all permissions instead of those of a service account.
        reads_external_values: whether it reads values from URLs.
    """

    name: str
    title: str
    releases: Resource
    sources: Resource | None
    is_cluster_admin: bool
    reads_external_values: bool

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Everything that a cluster must serve for this engine."""
        return (self.releases,) if self.sources is None else (self.releases, self.sources)


_ALL: Final = (
    EngineFacts(
        name=FLUX,
        title="Flux",
        releases=flux.HELM_RELEASES,
        sources=flux.GIT_REPOSITORIES,
        is_cluster_admin=False,
        reads_external_values=False,
    ),
    EngineFacts(
        name=HELM_OPERATOR,
        title="the Helm Operator",
        releases=helm_operator.HELM_RELEASES,
        sources=None,
        is_cluster_admin=True,
        reads_external_values=True,
    ),
)
# By name. The first engine that a cluster serves is the one that `auto` chooses.
ENGINES: Final[Mapping[str, EngineFacts]] = {facts.name: facts for facts in _ALL}
