"""What there is in a world, and what can happen in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.environment.options import EnvironmentOptions
from tests.explore.cluster import Move


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """See the module. Each move goes by the words for it in a story.

    Attributes:
        names: those of the environments.
        options: the controller's.
        works: what engines and the cluster itself do.
        fail: what an engine does that fails.
        later: what happens only once nothing disturbs the world any more.
        changes: what people do.
        restarts: what people do by starting the controller again.
        times: how many seconds can pass, for a controller that remembers.
        before: what happened before all histories, until all came to rest.
        remembers: whether the controller keeps its memory from one reconcile to the next.
    """

    names: tuple[str, ...]
    options: EnvironmentOptions
    works: Mapping[str, Move]
    fail: Move
    later: Mapping[str, Move]
    changes: Mapping[str, Move]
    restarts: Mapping[str, Move] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    before: Sequence[Move] = ()
    remembers: bool = False
