"""What keeps an object that is on its way out, in words that name it and who can let it go."""

import pytest

from controller.api import flux
from controller.api.rbac import ENVIRONMENT_BINDING, ROLE_BINDINGS
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS
from controller.environment import rights, stuck_deletions
from controller.environment.effects import Target
from controller.environment.observation import REFUSED
from tests.unit.environment.support.builders import NAME, environment, namespace, observation

RANCHER = "controller.cattle.io/namespace-auth"


def _held(name, *finalizers, deleting=True):
    metadata = {"name": name, "namespace": NAME, "finalizers": list(finalizers)}
    return {"metadata": metadata | ({"deletionTimestamp": "2026-03-21T12:00:00Z"} if deleting else {})}


def _namespace(**kwargs):
    return stuck_deletions.of_namespace(namespace(deleting=True, **kwargs))


@pytest.mark.parametrize(
    "found",
    [
        _namespace(finalizers=[RANCHER]),
        _namespace(spec_finalizers=[RANCHER]),
        _namespace(finalizers=[RANCHER], spec_finalizers=[]),
    ],
)
def test_a_namespace_without_content_names_the_finalizers_that_hold_it(found):
    assert found.finalizers
    assert not found.blocked
    assert RANCHER in found.words
    assert "content is gone" in found.words


def test_several_finalizers_are_named_in_a_fixed_order():
    one = _namespace(finalizers=["b", "a"], spec_finalizers=["c"])

    assert "a, b, c" in one.words
    assert one == _namespace(finalizers=["a", "b"], spec_finalizers=["c"])


def test_finalizers_of_a_namespace_do_not_matter_while_it_has_content():
    assert _namespace(finalizers=[RANCHER], spec_finalizers=["kubernetes"]) == stuck_deletions.Hold()


def test_the_message_of_each_condition_of_a_namespace_ends_as_a_sentence():
    conditions = [
        {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining"},
        {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "Some content has finalizers."},
    ]

    words = stuck_deletions.of_namespace({"status": {"conditions": conditions}}).words

    assert words == "Some content has finalizers. Some resources are remaining."


def test_nothing_holds_a_namespace_during_an_ordinary_deletion():
    assert _namespace() == _namespace(spec_finalizers=["kubernetes"]) == stuck_deletions.Hold()


def test_an_object_names_its_finalizers_and_the_controller_of_flux_that_removes_them():
    target = Target(flux.HELM_RELEASES, "shop", NAME)

    words = stuck_deletions.of_objects({target: _held("shop", flux.FINALIZER, "example.com/x")})

    assert words == (
        "HelmRelease shop is held by example.com/x, finalizers.fluxcd.io "
        "(Flux's helm-controller removes it after the uninstall)."
    )


def test_a_source_names_the_source_controller():
    target = Target(flux.GIT_REPOSITORIES, "shop", NAME)

    assert "source-controller" in stuck_deletions.of_objects({target: _held("shop", flux.FINALIZER)})


@pytest.mark.parametrize(
    "obj", [_held("x"), _held("x", "example.com/x", deleting=False), {"metadata": {"name": "x", "finalizers": None}}]
)
def test_an_object_without_finalizers_is_not_named(obj):
    assert stuck_deletions.of_objects({Target(CONFIG_MAPS, "x", NAME): obj}) == ""


def test_several_objects_are_named_in_one_order():
    held = {Target(CONFIG_MAPS, name, NAME): _held(name, "example.com/x") for name in ("b", "a")}

    words = stuck_deletions.of_objects(held)

    assert words.index("ConfigMap a") < words.index("ConfigMap b")
    assert words == stuck_deletions.of_objects(dict(reversed(held.items())))


def test_a_blocked_deletion_is_reported_after_some_time():
    def wait(age, **status):
        seen = observation(environment=environment(status=status), ages={"held:Any": age})
        return stuck_deletions.wait(seen, "Any", "words", part="NamespaceReady", patience=5.0)

    assert (wait(0.0).held, wait(0.0).recheck_after) == (False, 5.0)
    assert (wait(4.0).held, wait(4.0).recheck_after) == (False, 1.0)
    assert (wait(5.0).held, wait(5.0).recheck_after) == (True, None)
    assert wait(0.0).timer == "held:Any"


def test_a_reported_hold_stays_reported_after_a_restart():
    known = {"type": "NamespaceReady", "status": "False", "reason": "Any"}
    seen = observation(environment=environment(status={"conditions": [known]}))

    assert stuck_deletions.wait(seen, "Any", "words", part="NamespaceReady", patience=5.0).held
    assert not stuck_deletions.wait(seen, "Other", "words", part="NamespaceReady", patience=5.0).held


@pytest.mark.parametrize("answer", [None, REFUSED, _held(ENVIRONMENT_BINDING)])
def test_our_binding_holds_nothing_if_it_is_correct_or_gone(answer):
    target = Target(ROLE_BINDINGS, ENVIRONMENT_BINDING, NAME)

    assert rights.obstacle(observation(answers={target: answer})) == ""
    assert rights.obstacle(observation()) == ""


def test_our_binding_names_its_finalizer_if_it_cannot_be_corrected():
    target = Target(ROLE_BINDINGS, ENVIRONMENT_BINDING, NAME)

    words = rights.obstacle(observation(answers={target: _held(ENVIRONMENT_BINDING, "example.com/x")}))

    assert words == f"RoleBinding {ENVIRONMENT_BINDING} is held by example.com/x."


def test_a_secret_of_helm_is_named_with_its_finalizer():
    held = {Target(SECRETS, "sh.helm.release.v1.a.v1", NAME): _held("sh.helm.release.v1.a.v1", "example.com/x")}

    assert stuck_deletions.of_objects(held) == "Secret sh.helm.release.v1.a.v1 is held by example.com/x."
