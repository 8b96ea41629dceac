"""Whether the release in the cluster is the one that the spec asks for, whatever holds up the phases before it.

A reconcile that ends early does not reach the release. As long as the release was made from the present spec, its
health still decides: an environment that runs does not fail because of something beside its release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment import ownership, release_context, releases, upkeep
from controller.environment.effects import Target
from controller.environment.engines import choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions


def is_done(observation: Observation, options: EnvironmentOptions) -> bool:
    """Whether the release, and the source of its chart, need no change to be what the spec asks for."""
    engine = choice.choose(observation, options)
    if engine is None:
        return False
    target = releases.wanted(observation, engine)
    release = observation.get(target)
    source_target = releases.source_of(target)
    source = observation.get(source_target) if source_target else None
    # A credential that TronadorConfig gives is not in the spec, so a change of it does not count as another spec.
    share = replace(observation.share, git_secret=engine.git_secret(release, source))
    context = release_context.build(replace(observation, share=share), options, engine)
    if not _is_as_wanted(observation, target, release, engine.desired(context)):
        return False
    wanted_source = engine.desired_source(context)
    return wanted_source is None or _is_as_wanted(observation, source_target or target, source, wanted_source)


def _is_as_wanted(observation: Observation, target: Target, obj: Object | None, wanted: Mapping[str, object]) -> bool:
    if obj is None or objects.is_deleting(obj) or not ownership.is_our_release(observation, obj):
        return False
    correction = upkeep.correction(target, obj, wanted)
    return correction is None or not correction[1]
