"""Taking an environment down: release, namespace, finalizer, in this order."""

from dataclasses import replace

import pytest

from controller.api.environment import (
    ADOPT_ANNOTATION,
    ADOPTED_ANNOTATION,
    APPLIED_LABELS_ANNOTATION,
    APPLIED_RESOURCES_ANNOTATION,
    FINALIZER,
    INSTALLATION_ANNOTATION,
    LEASE_NAME,
    UID_ANNOTATION,
)
from controller.api.environment import ENVIRONMENTS as ENVIRONMENT_RESOURCE
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ROLE_BINDINGS
from controller.apimachinery.resources import LEASES, SECRETS, SERVICE_ACCOUNTS
from controller.environment.decision import Continue, Wait
from controller.environment.effects import Create, Delete, Listing, Patch, Read, RemoveFinalizer, Target
from controller.environment.observation import REFUSED, UNASKED
from controller.environment.phases.teardown import decide
from controller.tronadorconfig.content import Share
from tests.unit.environment.support.builders import (
    LABELS,
    NAME,
    RELEASE_NAME,
    environment,
    event_reasons,
    foreign_namespace,
    foreign_release,
    helm_release,
    namespace,
    namespace_target,
    observation,
    operator_options,
    our_labels,
    release_target,
    without_events,
)

OPTIONS = operator_options(teardown_timeout=600, recheck_interval=10)
SEARCH = Listing(HELM_RELEASES, NAME, metadata_only=True)
STORAGE = Listing(SECRETS, NAME, label_selector=f"owner=helm,name={RELEASE_NAME}", metadata_only=True)
SECRET = {"metadata": {"name": "sh.helm.release.v1.run-pipeline.v1"}}
RIGHTS = (
    Target(ROLE_BINDINGS, "tronador-release", NAME),
    Target(SERVICE_ACCOUNTS, "tronador-release", NAME),
    Target(ROLE_BINDINGS, "tronador-controller", NAME),
)
GONE = {release_target(): None, STORAGE: (), **dict.fromkeys(RIGHTS)}
RECORDED = environment(deleting=True, status={"release": {"engine": "helm-operator", "name": RELEASE_NAME}})
REMOVED = RemoveFinalizer(Target(ENVIRONMENT_RESOURCE, NAME), (), "10")


def _decide(live_namespace, answers=None, *, ages=None, finalizers=(FINALIZER,), **seen):
    of = seen.pop("environment", None) or environment(deleting=True, finalizers=finalizers)
    built = observation(
        environment=of,
        answers={namespace_target(): live_namespace, SEARCH: (), **(answers or {})},
        ages=ages or {},
        **seen,
    )
    return decide(built, OPTIONS)


def _adopted(**changes):
    labels = our_labels(adopted=True)
    base = namespace(applied=labels)["metadata"]["annotations"]
    annotations = {**base, ADOPTED_ANNOTATION: "true", ADOPT_ANNOTATION: NAME, "theirs": "x"}
    return namespace(**({"labels": {**labels, "owner": "somebody"}, "annotations": annotations} | changes))


# The order


def _first(**changes):
    """Decide about the first look at a deleted environment whose caches show all that it has."""
    seen = {"environment": RECORDED, "namespace": namespace(), "releases": [helm_release()]} | changes
    return decide(observation(**seen), OPTIONS)


def test_the_first_step_is_announced_and_deletes_the_release_that_the_caches_show():
    decision = _first()

    assert isinstance(decision, Wait)
    assert without_events(decision.effects) == [Delete(release_target(), "hr-1", "30")]
    assert event_reasons(decision.effects) == ["TeardownStarted"]


def test_the_teardown_of_an_environment_of_an_installation_that_is_gone_is_announced_too():
    looked = observation(
        environment=RECORDED,
        namespace=namespace(),
        releases=[helm_release()],
        answers={Target(LEASES, LEASE_NAME, "before"): None},
    )

    assert event_reasons(decide(looked, OPTIONS).effects) == ["TeardownStarted"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"namespace": None}, id="no namespace"),
        pytest.param({"releases": []}, id="no release"),
        pytest.param({"environment": environment(deleting=True)}, id="a release that the status does not record"),
        pytest.param({"releases": [helm_release(deleting=True)]}, id="a release that is being deleted"),
        pytest.param({"ages": {"uninstall:asking": 1.0}}, id="a deletion that was asked for before"),
        pytest.param({"ages": {"teardown": 1.0}}, id="a namespace that was looked for before"),
    ],
)
def test_if_the_caches_do_not_suffice_the_first_step_is_a_live_look(changes):
    assert Read(namespace_target()) in _first(**changes).effects


@pytest.mark.parametrize("namespace", [foreign_namespace(), namespace(deleting=True)])
def test_a_release_is_never_deleted_on_account_of_the_caches_alone_in_a_namespace_that_is_foreign_or_ends(namespace):
    assert not [effect for effect in _first(namespace=namespace).effects if isinstance(effect, Delete)]


@pytest.mark.parametrize(
    "seen",
    [
        {"ages": {"teardown": 1.0}},
        {"ages": {"uninstall": 1.0}},
        {"environment": environment(deleting=True, status={"applicationStatus": "uninstalling"})},
    ],
)
def test_the_teardown_is_announced_once(seen):
    seen = {"environment": environment(deleting=True), **seen}

    assert event_reasons(decide(observation(namespace=namespace(), **seen), OPTIONS).effects) == []


def test_the_release_is_read_after_the_namespace():
    assert _decide(namespace(), {SEARCH: UNASKED}).effects == (Read(release_target()),)


def test_the_release_is_deleted_before_the_namespace():
    decision = _decide(namespace(), {release_target(): helm_release()}, environment=RECORDED)

    assert decision.effects == (Delete(release_target(), "hr-1", "30"),)


def test_the_release_is_recorded_before_it_is_deleted():
    # Its author can rename it until the environment is gone. Then nothing else would show what is to be awaited.
    decision = _decide(namespace(), {release_target(): helm_release()})

    assert isinstance(decision, Wait)
    assert (decision.effects, decision.records) == ((), release_target())
    assert decision.timer == "uninstall:recording"


def test_a_release_that_cannot_be_recorded_is_deleted_after_the_timeout():
    decision = _decide(namespace(), {release_target(): helm_release()}, ages={"uninstall:recording": 600})

    assert decision.effects == (Delete(release_target(), "hr-1", "30"),)


def test_the_storage_is_awaited_after_the_release():
    assert _decide(namespace(), {release_target(): None}).effects == (Read(STORAGE),)
    assert not [e for e in _decide(namespace(), {**GONE, STORAGE: (SECRET,)}).effects if isinstance(e, Delete)]


def test_the_namespace_is_deleted_with_the_uid_that_was_read():
    decision = _decide(namespace(uid="ns-live"), GONE)

    assert isinstance(decision, Wait)
    assert decision.effects == (Delete(namespace_target(), "ns-live", "20"),)
    assert decision.reason == "DeletingNamespace"


def test_a_release_that_only_a_search_shows_is_uninstalled_before_the_namespace_goes():
    # The answer to its creation was lost, and the author has chosen another name since.
    lost = helm_release(name="lost")
    searching = _decide(namespace(), {**GONE, SEARCH: UNASKED})
    assert searching.effects == (Read(SEARCH),)

    found = {**GONE, SEARCH: (lost,)}
    assert _decide(namespace(), found).effects == (Read(release_target("lost")),)
    recording = _decide(namespace(), {**found, release_target("lost"): lost})
    assert isinstance(recording, Wait)
    assert (recording.effects, recording.records) == ((), release_target("lost"))
    recorded = environment(deleting=True, status={"release": {"engine": "helm-operator", "name": "lost"}})
    deletion = _decide(namespace(), {**found, release_target("lost"): lost}, environment=recorded)
    assert deletion.effects == (Delete(release_target("lost"), "hr-1", "30"),)


def test_the_finalizer_is_kept_until_the_namespace_is_gone():
    decision = _decide(namespace(deleting=True), GONE)

    assert isinstance(decision, Wait)
    assert decision.effects == ()


def test_the_finalizer_is_removed_last():
    decision = _decide(None, finalizers=["a", FINALIZER, "b"])

    assert isinstance(decision, Continue)
    assert without_events(decision.effects) == [RemoveFinalizer(REMOVED.target, ("a", "b"), "10")]
    assert event_reasons(decision.effects) == ["TeardownFinished"]


# What else may be there


def test_labeled_releases_of_other_names_are_uninstalled_after_the_recorded_one():
    of = environment(deleting=True, status={"release": {"engine": "helm-operator", "name": "before"}})
    decision = _decide(namespace(), {SEARCH: UNASKED}, environment=of, releases=[helm_release(name="surplus")])
    assert decision.effects == tuple(Read(release_target(name)) for name in ("before", "run-pipeline"))

    of = environment(deleting=True, status={"release": {"engine": "helm-operator", "name": "surplus"}})
    decision = _decide(namespace(), {SEARCH: UNASKED}, environment=of, releases=[helm_release(name="surplus")])
    assert decision.effects == tuple(Read(release_target(name)) for name in ("run-pipeline", "surplus"))


def test_a_release_that_the_search_does_not_show_is_gone():
    decision = _decide(namespace(), {STORAGE: (), SEARCH: (foreign_release("theirs"),)}, environment=RECORDED)

    assert decision.effects == (Delete(namespace_target(), "ns-1", "20"),)


def test_one_search_answers_for_every_name_that_a_release_may_have_and_comes_before_what_is_left_of_them():
    of = environment(deleting=True, status={"release": {"engine": "helm-operator", "name": "before"}})
    storage = Listing(SECRETS, NAME, label_selector="owner=helm,name=before", metadata_only=True)

    decision = _first(environment=of, releases=[], ages={"uninstall": 1.0})

    assert decision.effects == tuple(Read(each) for each in (namespace_target(), SEARCH, storage, STORAGE))


def test_a_foreign_release_is_deleted_with_the_namespace_and_not_uninstalled():
    assert _decide(namespace(), {release_target(): foreign_release()}).effects == (
        Delete(namespace_target(), "ns-1", "20"),
    )


def test_a_bad_environment_that_was_never_deployed_is_released_at_once():
    of = environment(deleting=True, chart={"git": "file:///etc"}, release={"releaseName": "R" * 60})

    assert without_events(_decide(None, environment=of).effects) == [REMOVED]


# What is not ours to take down


def test_a_foreign_namespace_is_not_changed():
    decision = _decide(foreign_namespace())

    assert without_events(decision.effects) == [REMOVED]


@pytest.mark.parametrize("annotations", [{ADOPT_ANNOTATION: NAME}, {ADOPTED_ANNOTATION: "true"}, {}])
def test_a_namespace_without_our_label_is_not_changed_despite_annotations(annotations):
    # Our label was stripped, or the adoption that its owner allowed never happened.
    assert without_events(_decide(foreign_namespace(annotations=annotations)).effects) == [REMOVED]


def test_our_release_in_a_foreign_namespace_is_uninstalled():
    of = environment(deleting=True, status={"release": {"engine": "helm-operator", "name": RELEASE_NAME}})
    seen = {"environment": of, "releases": [helm_release()]}

    assert _decide(foreign_namespace(), {SEARCH: UNASKED}, **seen).effects == (Read(release_target()),)
    assert _decide(foreign_namespace(), {release_target(): helm_release()}, **seen).effects == (
        Delete(release_target(), "hr-1", "30"),
    )
    assert without_events(_decide(foreign_namespace(), GONE, **seen).effects) == [REMOVED]


def test_an_adopted_namespace_is_kept_without_our_labels_and_annotations():
    decision = _decide(_adopted(version="77"), GONE)

    assert without_events(decision.effects) == [
        Patch(
            namespace_target(),
            {
                "metadata": {
                    "labels": {**dict.fromkeys(LABELS), "tronador.stakater.com/environment": None},
                    "annotations": dict.fromkeys(
                        (
                            UID_ANNOTATION,
                            APPLIED_LABELS_ANNOTATION,
                            APPLIED_RESOURCES_ANNOTATION,
                            ADOPTED_ANNOTATION,
                            INSTALLATION_ANNOTATION,
                        )
                    ),
                    "resourceVersion": "77",
                }
            },
        ),
        REMOVED,
    ]


def test_a_changed_label_is_kept_on_an_adopted_namespace():
    labels = {**our_labels(adopted=True), "team": "theirs"}

    [patch, _] = without_events(_decide(_adopted(labels=labels), GONE).effects)

    assert "team" not in patch.body["metadata"]["labels"]


def test_an_adopted_namespace_loses_our_label_even_if_its_memory_is_invalid():
    annotations = {ADOPTED_ANNOTATION: "true", APPLIED_LABELS_ANNOTATION: "{"}

    [patch, _] = without_events(_decide(_adopted(annotations=annotations), GONE).effects)

    assert patch.body["metadata"]["labels"] == {"tronador.stakater.com/environment": None}


def test_an_adopted_namespace_is_released_only_after_its_release():
    decision = _decide(_adopted(), {release_target(): helm_release()}, environment=RECORDED)

    assert decision.effects == (Delete(release_target(), "hr-1", "30"),)


# What cannot be known


@pytest.mark.parametrize("cached", [None, namespace(), namespace(deleting=True)])
def test_an_unreadable_namespace_is_neither_deleted_nor_reported_as_gone(cached):
    decision = _decide(REFUSED, GONE, namespace=cached)

    assert isinstance(decision, Wait)
    assert [e for e in decision.effects if isinstance(e, Delete | RemoveFinalizer | Patch)] == []
    assert decision.recheck_after is not None


def test_nothing_is_deleted_without_a_live_read_in_the_same_observation():
    cached = observation(
        environment=environment(deleting=True),
        namespace=namespace(),
        releases=[helm_release()],
        answers={namespace_target(): namespace()},
    )

    assert [e for e in decide(cached, OPTIONS).effects if isinstance(e, Delete)] == []


def test_the_live_read_takes_precedence_over_the_cache():
    decision = _decide(None, namespace=namespace(), releases=[helm_release()])

    assert without_events(decision.effects) == [REMOVED]


def test_refusals_in_a_terminating_namespace_are_not_awaited():
    decision = _decide(namespace(deleting=True), {release_target(): REFUSED, STORAGE: REFUSED})

    assert isinstance(decision, Wait)
    assert decision.reason == "DeletingNamespace"


# Time, and what holds it up


@pytest.mark.parametrize(
    "stuck",
    [{release_target(): None, STORAGE: (SECRET,)}, {release_target(): helm_release(deleting=True)}],
)
def test_the_teardown_continues_with_a_warning_after_the_timeout(stuck):
    decision = _decide(namespace(), stuck, environment=RECORDED, ages={"uninstall": 600})

    assert event_reasons(decision.effects) == ["UninstallTimedOut"]
    assert without_events(decision.effects) == [Delete(namespace_target(), "ns-1", "20")]


def test_the_finalizer_is_kept_however_long_our_namespace_takes():
    decision = _decide(namespace(deleting=True), GONE, ages={"teardown": 1e6, "uninstall": 1e6})

    assert isinstance(decision, Wait)
    assert decision.effects == ()
    assert decision.recheck_after == 60


def _condition(type_, message, status="True"):
    return {"type": type_, "status": status, "reason": "Any", "message": message}


@pytest.mark.parametrize(
    "type_",
    [
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceFinalizersRemaining",
    ],
)
def test_a_namespace_that_cannot_be_deleted_blocks_the_teardown_with_its_message(type_):
    conditions = [_condition(type_, "Some words."), _condition("NamespaceContentRemaining", "A few more.")]

    decision = _decide(namespace(deleting=True, conditions=conditions), GONE)

    assert decision.reason == "TeardownBlocked"
    assert decision.message == f"Deleting namespace {NAME}. A few more. Some words."


def test_remaining_content_alone_does_not_block_the_teardown():
    conditions = [
        _condition("NamespaceContentRemaining", "Pods remain."),
        _condition("NamespaceFinalizersRemaining", "no", status="False"),
    ]

    decision = _decide(namespace(deleting=True, conditions=conditions), GONE)

    assert decision.reason == "DeletingNamespace"
    assert "Pods remain." in decision.message


def test_the_message_does_not_depend_on_the_order_of_conditions():
    one, other = _condition("NamespaceContentRemaining", "a"), _condition("NamespaceFinalizersRemaining", "b")

    messages = {
        _decide(namespace(deleting=True, conditions=order), GONE).message for order in ([one, other], [other, one])
    }

    assert len(messages) == 1


# Rights that somebody takes away again and again


OURS = operator_options(service_account="tronador", own_namespace="tronador-system", teardown_timeout=600)
BINDING = Target(ROLE_BINDINGS, "tronador-controller", NAME)


def _begun(waited, **answers):
    """What is seen `waited` seconds after the rights were put right."""
    return observation(
        environment=environment(deleting=True),
        answers={namespace_target(): namespace(), release_target(): None, **answers.pop("answers", {})},
        ages={"uninstall": waited},
        **answers,
    )


@pytest.mark.parametrize(("waited", "asked"), [(599.0, (Read(BINDING),)), (600.0, ())])
def test_the_teardown_stops_correcting_rights_after_the_timeout(waited, asked):
    effects = decide(_begun(waited, answers={STORAGE: REFUSED, SEARCH: ()}), OURS).effects

    assert tuple(effect for effect in effects if isinstance(effect, Read)) == asked


def test_rights_that_were_right_are_read_again_only_after_a_refusal():
    assert decide(_begun(1.0), OURS).effects == (Read(STORAGE),)


@pytest.mark.parametrize("share", [None, Share(copies=("secret",))])
def test_a_binding_that_nothing_needed_so_far_is_created_without_a_read(share):
    seen = observation(environment=environment(deleting=True), answers={namespace_target(): namespace()}, share=share)

    [effect] = decide(seen, OURS).effects

    assert isinstance(effect, Read if share else Create)
    assert BINDING in (getattr(effect, "subject", None), getattr(effect, "target", None))


def test_a_binding_is_created_beside_the_deletion_of_the_release_and_not_before_it():
    seen = observation(
        environment=RECORDED, answers={namespace_target(): namespace(), release_target(): helm_release()}
    )

    create, delete = decide(seen, OURS).effects

    assert isinstance(create, Create)
    assert create.target == BINDING
    assert delete == Delete(release_target(), "hr-1", "30")


def test_our_rights_are_read_before_the_release_is_deleted_if_they_were_needed_before():
    of_team = Share(copies=("secret",))
    seen = observation(environment=RECORDED, namespace=namespace(), releases=[helm_release()], share=of_team)
    looked = replace(seen, answers={BINDING: None})

    assert without_events(decide(seen, OURS).effects) == [Read(BINDING)]
    create, delete = decide(looked, OURS).effects
    assert isinstance(create, Create)
    assert delete == Delete(release_target(), "hr-1", "30")


def test_a_release_that_the_status_does_not_record_is_not_deleted_beside_the_creation_of_a_binding():
    release = helm_release(name="before")
    of = observation(
        environment=environment(deleting=True),
        releases=[release],
        answers={namespace_target(): namespace(), release_target(): None, release_target("before"): release},
    )

    assert [type(effect) for effect in decide(of, OURS).effects] == [Create]


def test_storage_is_looked_for_only_when_a_new_binding_has_had_time_to_take_effect():
    early, later = (
        decide(
            observation(environment=environment(deleting=True), namespace=namespace(), ages={"uninstall": age}), OURS
        )
        for age in (0.03, 0.1)
    )

    assert early.effects == ()
    assert early.recheck_after == pytest.approx(0.07)
    assert Read(STORAGE) in later.effects


# Waiting for the end of the namespace


def test_a_due_look_at_the_terminating_namespace_is_one_request():
    cached = namespace(deleting=True)

    look = _waiting(is_due=True, namespace=cached, ages={"teardown": 30.0})
    rest = decide(
        observation(
            environment=environment(deleting=True), namespace=cached, answers={namespace_target(): cached}, ages={}
        ),
        OPTIONS,
    )

    assert look.effects == (Read(namespace_target()),)
    assert rest.effects == ()
    assert rest.recheck_after == 30.0


def _waiting(*, is_due, **seen):
    of = environment(deleting=True)
    return decide(replace(observation(environment=of, **seen), is_due=is_due), OPTIONS)


def test_a_change_of_the_terminating_namespace_is_judged_without_a_request():
    conditions = [_condition("NamespaceContentRemaining", "Pods remain.")]

    decision = _waiting(is_due=False, namespace=namespace(deleting=True, conditions=conditions))

    assert decision.effects == ()
    assert "Pods remain." in decision.message


@pytest.mark.parametrize(
    ("is_due", "seen"),
    [
        (True, {"namespace": namespace(deleting=True)}),
        (False, {"namespace": namespace()}),
        (False, {"namespace": None}),
        (False, {"namespace": namespace(deleting=True), "releases": [helm_release()]}),
        (False, {"namespace": foreign_namespace(deleting=True)}),
        (False, {"namespace": _adopted(deleting=True)}),
    ],
    ids=["due", "not terminating", "gone", "release left", "foreign", "adopted"],
)
def test_every_other_look_at_the_namespace_is_a_live_one(is_due, seen):
    assert Read(namespace_target()) in _waiting(is_due=is_due, **seen).effects
