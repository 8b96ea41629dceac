"""The worlds that are explored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

from controller.environment.engines import ENGINES
from controller.environment.options import EnvironmentOptions, LimitOptions
from tests.explore import configs, moves, rights
from tests.explore.cluster import Move
from tests.explore.explorer import Budget, Explorer, Found
from tests.explore.world import World
from tests.unit.environment.support.builders import NAME, operator_options

_DAY: Final = 86400.0
_OTHER: Final = "shop-75"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world, and how much may happen in a history."""

    world: World
    budget: Budget

    def explore(self, *, ends_early: bool = False) -> Found:
        """Go through all histories. `ends_early`: until one breaks a rule."""
        return Explorer(self.world, ends_early=ends_early).explore(self.budget)


def single(engine: str) -> World:
    """Return the world of one environment."""
    return World(names=(NAME,), options=_options(engine), changes=moves.CHANGES, **_machines(engine))


def deployed(engine: str) -> World:
    """Return the same world when the environment is deployed."""
    return replace(single(engine), before=(moves.create,))


def lifetime(engine: str) -> World:
    """Return the world of one environment that lives for a day."""
    options = _options(engine, expire_after=_DAY)
    return World(names=(NAME,), options=options, changes=moves.LIFETIME, **_machines(engine))


def limited(engine: str) -> World:
    """Return the world of two environments, of which only one may exist at the same time."""
    options = _options(engine, limits=LimitOptions(max_environments=1))
    names = (NAME, _OTHER)
    changes = {words: move for number, name in enumerate(names) for words, move in moves.people(name, number).items()}
    machines = _machines(engine)
    # What the engines do has nothing to do with places.
    idle = {words: move for words, move in machines["works"].items() if "engine" not in words}
    later = machines["works"] | machines["later"]
    return World(names=names, options=options, changes=changes, works=idle, fail=machines["fail"], later=later)


def queueing(engine: str) -> World:
    """Return the same world when both were opened, so that one of them waits."""
    opened = [next(iter(moves.people(name, number).values())) for number, name in enumerate((NAME, _OTHER))]
    return replace(limited(engine), before=opened)


def migrating(engine: str) -> World:
    """Return the world of a deployed environment whose engine changes."""
    left = ("closes", "renames", "deletes the HelmRelease", "tag 1")
    return World(
        names=(NAME,),
        options=_options(engine),
        changes={words: move for words, move in moves.CHANGES.items() if any(word in words for word in left)},
        restarts=moves.ENGINE_CHANGES,
        before=(moves.create,),
        **_machines(*ENGINES),
    )


def sharing(engine: str) -> World:
    """Return the world of a deployed environment with a TronadorConfig."""
    left = ("closes", "deletes the namespace")
    people = {words: move for words, move in moves.CHANGES.items() if any(word in words for word in left)}
    return World(
        names=(NAME,),
        options=_options(engine),
        changes=configs.SHARING | people,
        restarts={"the namespace of the controller is lost, and comes back": configs.reinstall},
        before=(configs.prepare, configs.SHARING["the platform team shares ConfigMap proxy"], moves.create),
        **_machines(engine),
    )


def remembering(engine: str) -> World:
    """Return the world of a deployed environment, in which time passes, and the controller remembers."""
    left = ("closes", "tag 1", "renames", "HelmRelease", "deletes the namespace")
    return World(
        names=(NAME,),
        options=operator_options(release_engine=engine),
        changes={words: move for words, move in moves.CHANGES.items() if any(word in words for word in left)},
        times={"a second passes": 1.0, "ten minutes pass": 600.0},
        before=(moves.create,),
        remembers=True,
        **_machines(engine),
    )


def opening(engine: str) -> World:
    """Return the same world when the environment is opened, renamed and closed, and nothing else happens to it."""
    left = ("opens", "renames", "closes")
    changes = {words: move for words, move in moves.CHANGES.items() if any(word in words for word in left)}
    return replace(remembering(engine), before=(), changes=changes)


def without_rights(engine: str) -> World:
    """Return the same world when the controller needs its RoleBinding to see the end of an uninstall, and lacks it."""
    world = opening(engine)
    return replace(
        world,
        options=replace(world.options, service_account="tronador-controller"),
        changes=world.changes | {"somebody deletes the controller's RoleBinding": rights.delete_binding},
    )


def _options(engine: str, **more: Any) -> EnvironmentOptions:
    # Where no seconds pass, a temporary state is written at once.
    return operator_options(release_engine=engine, status_settle=0.0, **more)


class _Machines(TypedDict):
    works: Mapping[str, Move]
    fail: Move
    later: Mapping[str, Move]


def _machines(*engines: str) -> _Machines:
    work = frozenset(engines)
    return {
        "works": {"an engine works": moves.work(work), "the namespace controller works": moves.finish_namespaces},
        "fail": moves.work(work, failing=True),
        "later": {"an engine tries again": moves.retry},
    }


WORLDS: Final[Mapping[str, Callable[[str], World]]] = {
    "single": single,
    "deployed": deployed,
    "lifetime": lifetime,
    "limit": limited,
    "queue": queueing,
    "migration": migrating,
    "config": sharing,
    "memory": remembering,
    "opening": opening,
    "rights": without_rights,
}
# What CI explores, by name.
SCENARIOS: Final[Mapping[str, Scenario]] = {
    "three changes, Helm Operator": Scenario(single("helm-operator"), Budget(changes=3, faults=0)),
    "a change and a fault, Flux": Scenario(single("flux"), Budget(changes=1, faults=1)),
    "a change and a fault once deployed, Flux": Scenario(deployed("flux"), Budget(changes=1, faults=1)),
    "limit of one, three changes": Scenario(limited("helm-operator"), Budget(changes=3, faults=0)),
    "two changes and a fault, Helm Operator": Scenario(single("helm-operator"), Budget(changes=2, faults=1)),
    "three changes, Helm Operator, with a lifetime": Scenario(lifetime("helm-operator"), Budget(changes=3, faults=0)),
    "two changes, Flux": Scenario(single("flux"), Budget(changes=2, faults=0)),
    "two changes, Flux, with a lifetime": Scenario(lifetime("flux"), Budget(changes=2, faults=0)),
    "limit of one, two changes and a fault": Scenario(limited("helm-operator"), Budget(changes=2, faults=1)),
    "limit of one, one waits, two changes": Scenario(queueing("helm-operator"), Budget(changes=2, faults=0)),
    "change of the engine, two changes": Scenario(migrating("helm-operator"), Budget(changes=2, faults=0)),
    "change of the engine, a change and a fault": Scenario(migrating("helm-operator"), Budget(changes=1, faults=1)),
    "TronadorConfig, two changes and a fault": Scenario(sharing("helm-operator"), Budget(changes=2, faults=1)),
    "memory, two changes and a fault": Scenario(remembering("helm-operator"), Budget(changes=2, faults=1)),
    "memory from the opening on, three changes": Scenario(opening("helm-operator"), Budget(changes=3, faults=0)),
    "missing rights, two changes and a fault": Scenario(without_rights("helm-operator"), Budget(changes=2, faults=1)),
    "missing rights, three changes": Scenario(without_rights("helm-operator"), Budget(changes=3, faults=0)),
}
