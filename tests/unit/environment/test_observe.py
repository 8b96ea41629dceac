"""From the stores to an observation."""

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import objects
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment import engines
from controller.environment.effects import Listing
from controller.environment.observation import REFUSED, UNASKED
from controller.environment.observe import ENVIRONMENT_INDEX, Observer, environment_of
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.shares import Shares
from tests.unit.environment.support.builders import (
    NAME,
    NOW,
    environment,
    foreign_release,
    helm_release,
    namespace,
    namespace_target,
    observation,
    release_target,
)

OWN = "tronador-system"


class _Store:
    def __init__(self, *objects):
        self._objects = objects

    def get(self, key):
        return next((obj for obj in self._objects if objects.key(obj) == key), None)

    def by_index(self, index, value):
        assert index == ENVIRONMENT_INDEX
        return [obj for obj in self._objects if value in environment_of(obj)]


def _observer(*, environments=(), namespaces=(), releases=(), configs=(), secrets=()):
    stores = dict.fromkeys(engines.resources(), _Store()) | {
        ENVIRONMENTS: _Store(*environments),
        NAMESPACES: _Store(*namespaces),
        HELM_RELEASES: _Store(*releases),
    }
    shares = Shares(
        configs=_Store(*configs), secrets=_Store(*secrets), options=TronadorConfigOptions(own_namespace=OWN)
    )
    return Observer(stores=stores, shares=shares, now=lambda: NOW)


def test_an_observation_holds_the_environments_own_objects():
    elsewhere = helm_release(name="copied")
    elsewhere["metadata"]["namespace"] = "elsewhere"
    observer = _observer(namespaces=[namespace(), namespace(name="other")], releases=[helm_release(), elsewhere])

    seen = observer.observe(environment(), ages={"x": 1.0}, attempts={})

    assert seen.namespace == namespace()
    assert dict(seen.cached) == {release_target(): helm_release()}
    assert seen.now == NOW
    assert (seen.age("x"), seen.age("y")) == (1.0, 0.0)


def test_an_environment_is_found_by_its_key():
    observer = _observer(environments=[environment()])

    assert observer.environment(NAME) == environment()
    assert observer.environment("other") is None


def test_an_object_is_indexed_by_the_environment_in_its_label():
    assert environment_of(helm_release()) == [NAME]
    assert environment_of(foreign_release()) == []
    assert environment_of({"metadata": {}}) == []


def test_live_reads_take_precedence_over_the_caches():
    newer = namespace(version="99")
    seen = observation(
        namespace=namespace(),
        releases=[helm_release()],
        answers={namespace_target(): newer, release_target(): None},
    )

    assert seen.namespace == newer
    assert seen.get(release_target()) is None


def test_a_refused_read_leaves_the_cached_state():
    seen = observation(
        namespace=namespace(),
        releases=[helm_release()],
        answers=dict.fromkeys((namespace_target(), release_target()), REFUSED),
    )

    assert seen.namespace == namespace()
    assert seen.get(release_target()) == helm_release()


def test_the_environment_that_we_wrote_replaces_an_older_cached_one():
    written = environment(version="11")
    seen = observation()
    seen = observation(answers={seen.environment_target: written})

    assert seen.environment.obj == written


def test_an_unread_listing_differs_from_an_empty_one():
    listing = Listing(SECRETS, NAME)

    assert observation().listed(listing) is UNASKED
    assert observation(answers={listing: ()}).listed(listing) == ()


def test_our_own_namespace_and_its_config_are_observed():
    own = {"metadata": {"name": OWN, "uid": "own-1"}}
    config = {"metadata": {"name": "tronador-config", "namespace": OWN}}

    for configs in ((), (config,)):
        seen = _observer(namespaces=[own], configs=configs).observe(environment(), ages={}, attempts={})
        assert seen.own_namespace == own
        assert seen.has_config is bool(configs)
