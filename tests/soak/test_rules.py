"""A history that breaks a rule is noticed, and one that is right is not."""

from tests.soak.histories import (
    ENVIRONMENT,
    NAME,
    NAMESPACE,
    RELEASE,
    SECRET,
    STORED,
    Past,
    adoptable,
    environment,
    namespace,
    planted,
    release,
    stored,
)

DELETING = {"deletionTimestamp": "2026-01-02T00:00:00Z"}


def test_an_ordinary_life_breaks_no_rule():
    past = Past()
    past.see(ENVIRONMENT, environment(status="pending"))
    past.see(NAMESPACE, namespace())
    past.see(SECRET, planted())
    past.see(RELEASE, release(succeeded=False))
    past.see(STORED, stored())
    past.see(RELEASE, release())
    past.see(ENVIRONMENT, environment(status="deployed"))
    past.rules.closing(f"uid-{NAME}")
    past.see(ENVIRONMENT, environment(status="uninstalling", **DELETING))
    past.gone(RELEASE, release())
    past.gone(STORED, stored())
    past.see(NAMESPACE, namespace(**DELETING))
    past.gone(SECRET, planted())
    past.gone(NAMESPACE, namespace(**DELETING))
    past.gone(ENVIRONMENT, environment(**DELETING))

    assert past.broken == []
    assert past.rules.checked.total() >= 7


def test_an_environment_that_its_author_did_not_close_may_not_be_deleted():
    past = Past()
    past.see(ENVIRONMENT, environment(status="expired"))
    past.see(ENVIRONMENT, environment(status="expired", **DELETING))

    assert past.broken == ["environments are deleted by people alone"]


def test_the_finalizer_may_not_leave_before_the_namespace():
    past = Past()
    past.rules.closing(f"uid-{NAME}")
    past.see(NAMESPACE, namespace())
    past.see(ENVIRONMENT, environment())
    past.see(ENVIRONMENT, environment(finalizers=[]))
    past.gone(ENVIRONMENT, environment(finalizers=[]))

    assert past.broken == ["the finalizer outlives the namespace"]


def test_the_finalizer_may_leave_a_namespace_that_was_taken_over_by_a_later_life():
    past = Past()
    past.rules.closing(f"uid-{NAME}")
    past.see(NAMESPACE, namespace(annotations={"tronador.stakater.com/environment-uid": "uid-of-a-later-life"}))
    past.see(ENVIRONMENT, environment(**DELETING))
    past.gone(ENVIRONMENT, environment(**DELETING))

    assert past.broken == []


def test_a_status_may_not_claim_what_was_not_installed():
    past = Past()
    past.see(ENVIRONMENT, environment(tag="1"))
    past.see(RELEASE, release(tag="1"))
    past.see(ENVIRONMENT, environment(tag="1", status="deployed"))
    assert past.broken == []

    past.see(ENVIRONMENT, environment(tag="2", status="deployed"))

    assert past.broken == ["no status claims the success of an older generation"]


def test_a_release_that_was_not_observed_is_not_installed():
    past = Past()
    past.see(RELEASE, release(observed=0))
    past.see(ENVIRONMENT, environment(status="deployed"))

    assert past.broken == ["no status claims the success of an older generation"]


def test_a_status_may_not_be_ahead_of_its_environment():
    past = Past()
    past.see(ENVIRONMENT, environment() | {"status": {"observedGeneration": 2}})

    assert past.broken == ["no status claims the success of an older generation"]


def test_a_claim_is_not_judged_when_the_success_may_have_been_missed():
    past = Past()
    past.vague = True
    past.see(ENVIRONMENT, environment(tag="2"))
    past.vague = False
    past.see(ENVIRONMENT, environment(tag="2", status="deployed"))

    assert past.broken == []
    assert past.rules.unjudged == 1


def test_a_namespace_of_others_may_not_be_deleted_or_taken_over():
    past = Past()
    past.see(NAMESPACE, namespace(ours=False, foreign=True))
    past.see(NAMESPACE, namespace(ours=True, foreign=True))
    past.see(NAMESPACE, namespace(ours=True, foreign=True, **DELETING))

    assert past.broken == ["namespaces of others stay"] * 2


def test_a_namespace_of_others_may_be_adopted_but_not_deleted():
    past = Past()
    past.see(NAMESPACE, adoptable())
    past.see(NAMESPACE, namespace(foreign=True))
    assert past.broken == []

    past.gone(NAMESPACE, namespace(foreign=True))

    assert past.broken == ["namespaces of others stay"]


def test_an_object_of_others_may_not_be_deleted_beside_ours():
    past = Past()
    past.see(NAMESPACE, namespace())
    past.see(SECRET, planted())
    past.gone(SECRET, planted())

    assert past.broken == ["objects of others stay"]


def test_an_object_of_others_may_not_be_changed():
    past = Past()
    past.see(SECRET, planted(data={"theirs": "1"}))
    past.see(SECRET, planted(data={"theirs": "2"}))

    assert past.broken == ["objects of others stay"]


def _with_a_deleted_release():
    """An environment whose release is deleted, and not yet uninstalled."""
    past = Past()
    past.see(ENVIRONMENT, environment())
    past.see(RELEASE, release("web"))
    past.see(STORED, stored("web"))
    past.gone(RELEASE, release("web"))
    return past


def test_a_second_release_may_not_be_made_before_the_first_is_uninstalled():
    past = _with_a_deleted_release()
    past.see(RELEASE, release("shop"))

    assert past.broken == ["never two releases of one environment"]


def test_a_release_may_be_made_when_the_one_before_is_uninstalled():
    past = _with_a_deleted_release()
    past.gone(STORED, stored("web"))
    past.see(RELEASE, release("shop"))

    assert past.broken == []


def test_what_the_engine_does_with_a_release_that_is_gone_is_not_judged():
    past = Past()
    past.see(ENVIRONMENT, environment())
    past.see(RELEASE, release("web", succeeded=False))
    past.gone(RELEASE, release("web", succeeded=False))
    past.see(RELEASE, release("shop"))
    past.see(STORED, stored("web"))

    assert past.broken == []


def test_no_namespace_may_be_made_beyond_the_limit():
    past = Past()
    past.rules.limit(0.0, 1)
    past.see(NAMESPACE, namespace("pr-1"))
    past.see(NAMESPACE, namespace("pr-1", **DELETING))
    past.see(NAMESPACE, namespace("pr-2"))

    assert past.broken == ["never more environments than the limit"]


def test_a_limit_that_was_lowered_counts_some_time_later():
    past = Past()
    past.rules.limit(0.0, 2)
    past.later(1000)
    past.rules.limit(past.now, 1)
    past.see(NAMESPACE, namespace("pr-1"))
    past.see(NAMESPACE, namespace("pr-2"))
    assert past.broken == []

    past.later(1000)
    past.see(NAMESPACE, namespace("pr-3"))

    assert past.broken == ["never more environments than the limit"]


def queue(past: Past) -> None:
    """One place is taken, and an environment waits for it."""
    past.rules.limit(0.0, 1)
    past.see(ENVIRONMENT, environment("pr-1", status="deployed", created=1, tag=""))
    past.see(NAMESPACE, namespace("pr-1"))
    past.see(ENVIRONMENT, environment("pr-2", status="queued", created=2))
    past.see(ENVIRONMENT, environment("pr-3", status="queued", created=3))
    past.broken.clear()
    past.later(60)
    past.gone(NAMESPACE, namespace("pr-1"))


def test_a_younger_environment_may_not_get_the_place_for_which_an_older_one_waits():
    past = Past()
    queue(past)
    past.see(NAMESPACE, namespace("pr-3"))

    assert past.broken == ["places are given in the order of creation"]


def test_the_oldest_environment_gets_the_place():
    past = Past()
    queue(past)
    past.see(NAMESPACE, namespace("pr-2"))

    assert past.broken == []
    assert past.rules.checked["places are given in the order of creation"] >= 1
