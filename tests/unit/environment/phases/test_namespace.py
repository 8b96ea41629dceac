"""The environment's namespace: made, adopted, refused, waited for, or put right."""

import json

import pytest

from controller.api.environment import (
    ADOPT_ANNOTATION,
    ADOPTED_ANNOTATION,
    APPLIED_LABELS_ANNOTATION,
    ENVIRONMENTS,
    INSTALLATION_ANNOTATION,
    UID_ANNOTATION,
)
from controller.apimachinery.options import OptionError, options_of
from controller.environment.decision import Continue, Stop, Wait
from controller.environment.effects import Create, Patch, Read, Target
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.phases.namespace import decide
from tests.unit.environment.support.builders import (
    LABELS,
    NAME,
    UID,
    environment,
    event_reasons,
    foreign_namespace,
    namespace,
    namespace_target,
    observation,
    operator_options,
    our_labels,
    proceed,
    without_events,
)

OPTIONS = operator_options()


def _metadata_patch(decision):
    [patch] = without_events(decision.effects)
    assert isinstance(decision, Continue)
    assert isinstance(patch, Patch)
    assert patch.target == namespace_target()
    return patch.body["metadata"]


def _new(**changes):
    """An environment that has got nothing yet."""
    return observation(environment=environment(finalizers=(), **changes))


def test_a_missing_namespace_is_created_with_all_its_metadata_in_one_write():
    decision = decide(_new(), OPTIONS)

    [create] = without_events(decision.effects)
    memory = create.body["metadata"]["annotations"].pop(APPLIED_LABELS_ANNOTATION)
    assert create == Create(
        namespace_target(),
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": NAME,
                "labels": our_labels(),
                "annotations": {UID_ANNOTATION: UID, INSTALLATION_ANNOTATION: OPTIONS.own_namespace},
            },
        },
    )
    assert json.loads(memory) == our_labels()
    assert event_reasons(decision.effects) == []


def test_a_namespace_that_is_gone_is_made_again_only_if_the_environment_still_exists():
    asked = decide(observation(), OPTIONS)
    assert asked.effects == (Read(Target(ENVIRONMENTS, NAME)),)

    def effects_after(answer):
        return [
            type(effect)
            for effect in decide(observation(answers={Target(ENVIRONMENTS, NAME): answer}), OPTIONS).effects
        ]

    assert effects_after(None) == []
    assert effects_after(environment()) == [Create]
    assert effects_after(REFUSED) == [Create]


def test_created_objects_have_no_owner_reference():
    [create] = without_events(decide(_new(), OPTIONS).effects)

    assert "ownerReferences" not in create.body["metadata"]


def test_the_operators_labels_are_set_and_remembered_too():
    [create] = without_events(decide(_new(), operator_options(namespace_labels={"cost": "c"})).effects)

    metadata = create.body["metadata"]
    assert metadata["labels"] == {**our_labels(), "cost": "c"}
    assert json.loads(metadata["annotations"][APPLIED_LABELS_ANNOTATION])["cost"] == "c"


def test_a_correct_namespace_is_not_changed():
    assert decide(observation(namespace=namespace()), OPTIONS) == proceed()


def test_labels_and_annotations_of_others_are_not_changed():
    seen = namespace()
    seen["metadata"]["labels"]["theirs"] = "x"
    seen["metadata"]["annotations"]["theirs"] = "x"

    assert decide(observation(namespace=seen), OPTIONS) == proceed()


def test_labels_and_memory_change_in_one_patch_at_the_observed_version():
    seen = observation(environment=environment(labels={"kind": "pr", "new": "1"}), namespace=namespace(version="42"))

    metadata = _metadata_patch(decide(seen, OPTIONS))

    memory = metadata["annotations"].pop(APPLIED_LABELS_ANNOTATION)
    assert metadata == {
        "labels": {"new": "1", "team": None, "stakater.com/tenant": None},
        "annotations": {},
        "resourceVersion": "42",
    }
    assert json.loads(memory) == our_labels({"kind": "pr", "new": "1"})


def test_a_changed_label_is_corrected_while_it_is_wanted():
    seen = namespace(labels={**our_labels(), "team": "thief"})

    metadata = _metadata_patch(decide(observation(namespace=seen), OPTIONS))

    assert metadata == {"labels": {"team": "gabbar"}, "resourceVersion": "20"}


def test_a_changed_label_that_is_no_longer_wanted_is_kept_and_forgotten():
    labels = {name: value for name, value in LABELS.items() if name != "team"}
    seen = namespace(labels={**our_labels(), "team": "theirs"})

    metadata = _metadata_patch(decide(observation(environment=environment(labels=labels), namespace=seen), OPTIONS))

    assert "labels" not in metadata
    assert "team" not in json.loads(metadata["annotations"][APPLIED_LABELS_ANNOTATION])


def test_a_recreated_environment_takes_over_the_namespace():
    seen = observation(environment=environment(uid="uid-2"), namespace=namespace())

    assert _metadata_patch(decide(seen, OPTIONS)) == {
        "annotations": {UID_ANNOTATION: "uid-2"},
        "resourceVersion": "20",
    }


@pytest.mark.parametrize("annotations", [{}, {ADOPT_ANNOTATION: "another"}, {ADOPTED_ANNOTATION: "true"}])
def test_a_foreign_namespace_is_refused_and_not_changed(annotations):
    decision = decide(observation(namespace=foreign_namespace(annotations=annotations)), OPTIONS)

    assert isinstance(decision, Stop)
    assert decision.reason == "NamespaceNotOwned"
    assert f"'{NAME}'" in decision.message
    assert f"{ADOPT_ANNOTATION}={NAME}" in decision.message
    assert decision.effects == ()


def test_a_namespace_of_another_environment_is_refused():
    labels = {"tronador.stakater.com/environment": "another"}

    assert isinstance(decide(observation(namespace=foreign_namespace(labels=labels)), OPTIONS), Stop)


def test_a_namespace_whose_owner_consents_is_adopted_and_annotated():
    seen = foreign_namespace(annotations={ADOPT_ANNOTATION: NAME}, labels={"app.kubernetes.io/managed-by": "them"})

    decision = decide(observation(namespace=seen), OPTIONS)

    metadata = _metadata_patch(decision)
    assert metadata["labels"] == our_labels(adopted=True)
    assert metadata["annotations"][ADOPTED_ANNOTATION] == "true"
    assert json.loads(metadata["annotations"][APPLIED_LABELS_ANNOTATION]) == our_labels(adopted=True)
    assert event_reasons(decision.effects) == ["NamespaceAdopted"]


def test_an_adopted_namespace_stays_adopted_when_the_consent_is_withdrawn():
    labels = our_labels(adopted=True)
    annotations = {**namespace(applied=labels)["metadata"]["annotations"], ADOPTED_ANNOTATION: "true"}

    assert decide(observation(namespace=namespace(labels=labels, annotations=annotations)), OPTIONS) == proceed()


def test_a_namespace_without_its_label_is_no_longer_ours():
    assert isinstance(decide(observation(namespace=namespace(labels=LABELS)), OPTIONS), Stop)


@pytest.mark.parametrize("seen", [namespace(deleting=True), foreign_namespace(deleting=True)])
def test_a_terminating_namespace_is_awaited(seen):
    decision = decide(observation(namespace=seen), OPTIONS)

    assert isinstance(decision, Wait)
    assert decision.reason == "NamespaceTerminating"
    assert decision.effects == ()


def test_a_live_read_takes_precedence_over_the_cache():
    answers = {namespace_target(): None, Target(ENVIRONMENTS, NAME): environment()}
    gone = observation(namespace=namespace(), answers=answers)

    assert isinstance(without_events(decide(gone, OPTIONS).effects)[0], Create)


def test_the_namespace_has_the_annotations_that_the_operator_names_and_no_others():
    options = operator_options(namespace_annotations={"downscaler/uptime": "Mon-Fri 07:00-19:00 UTC", "a/b": "c"})
    own = {"downscaler/uptime": "always", "other/annotation": "x"}

    [create] = without_events(decide(_new(annotations=own), options).effects)

    annotations = create.body["metadata"]["annotations"]
    assert (annotations["downscaler/uptime"], annotations["a/b"]) == ("always", "c")
    assert "other/annotation" not in annotations


@pytest.mark.parametrize("text", ["x", "=y", "no key=y", "tronador.stakater.com/adopted=true"])
def test_an_annotation_that_cannot_be_given_is_refused(text):
    (option,) = [one for one in options_of(EnvironmentOptions) if one.name == "namespace_annotations"]

    with pytest.raises(OptionError, match="--namespace-annotations"):
        option.parse(text, "--namespace-annotations")
    assert option.parse("a/b=c, d;e=f=g", "") == {"a/b": "c, d", "e": "f=g"}
