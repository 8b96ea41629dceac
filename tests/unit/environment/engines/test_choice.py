"""Which engine an environment has: by option, by what was made before, or by what the cluster serves; and it stays."""

import pytest

from controller.api import flux as flux_api
from controller.api.environment import ENVIRONMENT_LABEL
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import SECRETS
from controller.environment.effects import GroupVersion, Read, Target
from controller.environment.engines import choice, flux, helm_operator
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import source
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, environment, observation

AUTO = EnvironmentOptions(service_account="")
HELM_OPERATOR = {GroupVersion("helm.fluxcd.io/v1"): frozenset({HELM_RELEASES})}
FLUX = {
    GroupVersion("helm.toolkit.fluxcd.io/v2"): frozenset({flux_api.HELM_RELEASES}),
    GroupVersion("source.toolkit.fluxcd.io/v1"): frozenset({flux_api.GIT_REPOSITORIES, SECRETS}),
}
NONE = dict.fromkeys((*HELM_OPERATOR, *FLUX), frozenset())


def _chosen(options=AUTO, **seen):
    return choice.choose(observation(**seen), options)


def _recorded(engine):
    return environment(status={"release": {"engine": engine, "name": RELEASE_NAME}})


def _made(resource):
    obj = {"metadata": {"name": RELEASE_NAME, "namespace": NAME, "labels": {ENVIRONMENT_LABEL: NAME}}}
    return {Target(resource, RELEASE_NAME, NAME): obj}


def test_an_option_decides_for_every_environment():
    explicit = EnvironmentOptions(service_account="", release_engine="helm-operator")

    assert _chosen(explicit, environment=_recorded("flux"), answers=NONE | FLUX) is helm_operator.ENGINE
    assert choice.questions(observation(), explicit) == ()


def test_the_cluster_is_asked_what_it_serves_without_an_option():
    asked = choice.questions(observation(), AUTO)

    assert {effect.subject for effect in asked} == {*HELM_OPERATOR, *FLUX}
    assert all(isinstance(effect, Read) for effect in asked)


@pytest.mark.parametrize(
    ("served", "want"),
    [
        pytest.param(NONE | HELM_OPERATOR, helm_operator.ENGINE, id="the Helm Operator alone"),
        pytest.param(NONE | FLUX, flux.ENGINE, id="Flux alone"),
        pytest.param(HELM_OPERATOR | FLUX, flux.ENGINE, id="Flux where both are there"),
        pytest.param(NONE, None, id="none"),
        pytest.param(dict.fromkeys(NONE, REFUSED), None, id="none that we may know of"),
    ],
)
def test_the_served_kinds_decide_about_a_first_release(served, want):
    assert _chosen(answers=served) is want
    assert choice.questions(observation(answers=served), AUTO) == ()


def test_flux_without_all_its_kinds_does_not_count():
    without_sources = NONE | HELM_OPERATOR | {GroupVersion("helm.toolkit.fluxcd.io/v2"): frozenset({"helmreleases"})}

    assert _chosen(answers=without_sources) is helm_operator.ENGINE


def test_the_recorded_engine_stays_even_if_another_is_installed():
    assert _chosen(environment=_recorded("helm-operator"), answers=HELM_OPERATOR | FLUX) is helm_operator.ENGINE
    assert _chosen(environment=_recorded("flux"), answers=NONE | HELM_OPERATOR) is flux.ENGINE
    assert choice.questions(observation(environment=_recorded("flux")), AUTO) == ()


@pytest.mark.parametrize(
    ("resource", "want"),
    [(HELM_RELEASES, helm_operator.ENGINE), (flux_api.HELM_RELEASES, flux.ENGINE)],
    ids=["engine 1", "engine 2"],
)
def test_an_existing_release_determines_the_engine_if_the_status_was_lost(resource, want):
    assert _chosen(cached=_made(resource), answers=HELM_OPERATOR | FLUX) is want


def test_an_unknown_recorded_engine_is_chosen_again():
    assert _chosen(environment=_recorded("engine-9"), answers=NONE | FLUX) is flux.ENGINE


def test_an_environment_without_an_engine_lists_the_known_ones_and_rechecks():
    decision = source.decide(observation(answers=NONE), AUTO)

    assert decision.reason == "ReleaseEngineMissing"
    assert "helmreleases.helm.fluxcd.io (helm-operator)" in decision.message
    assert "gitrepositories.source.toolkit.fluxcd.io (flux)" in decision.message
    assert decision.recheck_after == AUTO.recheck_interval
