"""Who gets a free place, and which limit the others wait for."""

import pytest

from controller.environment.admission.claims import Claim, of
from controller.environment.admission.ledger import Hold, Ledger
from controller.environment.options import LimitOptions
from tests.unit.environment.support.builders import environment

SHOP, CART = "example.com/acme/shop", "example.com/acme/cart"


def ledger(*held, **limits):
    made = Ledger(LimitOptions(**limits))
    for name in held:
        made.put(Claim(name), Hold.HELD)
    made.give()
    return made


def called(found):
    found.give()
    return found.called()


def test_free_places_are_given_in_the_order_of_creation_and_then_of_names():
    found = ledger(max_environments=3)
    for claim in (Claim("d", "2"), Claim("c", "1"), Claim("b", "2"), Claim("a", "3")):
        found.wait(claim)

    assert called(found) == ("c", "b", "d")
    assert found.hold_of("a") is None


def test_a_place_that_becomes_free_calls_only_the_first_of_those_that_wait():
    found = ledger("x", max_environments=1)
    for name in ("a", "b"):
        found.wait(Claim(name))
    assert called(found) == ()
    found.free("x")

    assert called(found) == ("a",)
    assert called(found) == ()


def test_one_that_came_for_its_place_is_not_called():
    found = ledger(max_environments=1)
    found.wait(Claim("a"))
    found.give()
    found.put(Claim("a"), Hold.TAKEN)

    assert found.called() == ()


def test_none_is_called_while_more_places_are_held_than_the_limit_allows():
    found = ledger("x", "y", "z", max_environments=1)
    found.wait(Claim("a"))
    for name in ("x", "y"):
        found.free(name)
        assert called(found) == ()
    found.free("z")

    assert called(found) == ("a",)


def test_a_full_repository_does_not_hold_up_others():
    found = ledger(max_environments_per_repository=1)
    for claim in (Claim("a", "1", SHOP), Claim("b", "2", SHOP), Claim("c", "3", CART)):
        found.wait(claim)

    assert called(found) == ("a", "c")
    found.free("a")
    assert called(found) == ("b",)


def test_environments_of_unknown_repositories_share_no_limit():
    found = ledger(max_environments_per_repository=1)
    for name in ("a", "b"):
        found.wait(Claim(name))

    assert called(found) == ("a", "b")


def test_only_forks_count_for_the_limit_on_forks():
    found = ledger(max_fork_environments=1)
    for claim in (Claim("a", "1"), Claim("b", "2", is_fork=True), Claim("c", "3", is_fork=True), Claim("d", "4")):
        found.wait(claim)

    assert called(found) == ("a", "b", "d")


def test_a_holder_that_moves_to_another_repository_makes_room_in_its_own():
    found = ledger(max_environments_per_repository=1)
    found.put(Claim("a", "1", SHOP), Hold.HELD)
    found.wait(Claim("b", "2", SHOP))
    assert called(found) == ()
    found.put(Claim("a", "1", CART), Hold.HELD)

    assert called(found) == ("b",)
    assert found.reached(Claim("c", "3", CART))


def test_one_that_no_longer_waits_is_not_called():
    found = ledger("x", max_environments=1)
    for name in ("a", "b"):
        found.wait(Claim(name))
    found.withdraw("a")
    found.free("x")

    assert called(found) == ("b",)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"max_environments": 1}, "The limit on environments is reached: --max-environments=1."),
        (
            {"max_environments_per_repository": 1},
            f"The limit for {SHOP} is reached: --max-environments-per-repository=1.",
        ),
        ({"max_fork_environments": 1}, "The limit on environments of forks is reached: --max-fork-environments=1."),
        ({"max_environments": 2}, ""),
    ],
)
def test_the_limit_that_is_reached_is_named_with_its_flag(limits, said):
    found = ledger(**limits)
    found.put(Claim("a", "1", SHOP, is_fork=True), Hold.HELD)

    assert found.reached(Claim("b", "2", SHOP, is_fork=True)) == said


def test_ten_thousand_that_wait_are_passed_quickly():
    found = ledger(max_environments_per_repository=1)
    for number in range(10_000):
        found.wait(Claim(f"e{number:05}", "1", SHOP))
        found.give()
    assert found.called() == ("e00000",)
    found.free("e00000")

    assert called(found) == ("e00001",)


def _claim(annotations=None, **chart):
    obj = environment(chart=chart)
    obj["metadata"]["annotations"] = annotations
    return of(obj)


@pytest.mark.parametrize(
    ("claim", "repository"),
    [
        (_claim(git="git@example.com:acme/shop.git"), SHOP),
        (_claim({"tronador.stakater.com/repository": SHOP}, git="https://example.com/me/fork"), SHOP),
        (_claim({"tronador.stakater.com/repository": "https://example.com/acme/shop"}), SHOP),
        (_claim({"tronador.stakater.com/repository": "?"}, git="https://example.com/acme/shop/"), SHOP),
        (_claim({"tronador.stakater.com/repository": "Example.com/Acme/SHOP"}), SHOP),
        (_claim(git="file:///shop"), ""),
        (_claim(git=7), ""),
    ],
)
def test_an_environment_counts_for_the_repository_of_its_pull_request_or_else_of_its_chart(claim, repository):
    assert claim.repository == repository
