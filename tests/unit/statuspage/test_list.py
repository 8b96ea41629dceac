"""The list of environments: what a row says, how it is filtered and sorted, and what stands there without any."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.statuspage import Process
from controller.statuspage.query import PAGE
from tests.unit.statuspage.builders import NOW, World, environment


def test_a_row_shows_the_main_facts_about_an_environment() -> None:
    page = World(environment()).html()
    for said in (
        "shop-74",
        "deployed",
        "Waiting For Next Reconciliation Loop",
        "acme/shop",
        "#74",
        "feat/x",
        "PR-74-abc",
        "shop-74.example.com",
        "5m",
    ):
        assert said in page.text
    assert "https://shop-74.example.com/" in page.links


def test_a_row_says_when_the_environment_ends() -> None:
    assert "ends 2026-03-02 12:00:00 UTC" in World(environment(expiresAt="2026-03-02T12:00:00Z")).html().text
    over = environment(expiresAt="2026-02-02T12:00:00Z", applicationStatus="expired")
    assert "ends" not in World(over).html().text
    assert "Expired 2026-02-02 12:00:00 UTC" in World(over).html("/environments/shop-74").text


def test_a_failed_row_has_the_reason_and_the_message() -> None:
    ready = [{"type": "Ready", "status": "False", "reason": "ReleaseFailed"}]
    failed = environment(applicationStatus="failed", applicationStatusMsg="It timed out.", conditions=ready)
    assert "ReleaseFailed It timed out." in World(failed).html().text


def test_a_long_message_is_cut_in_the_list_and_whole_on_the_environments_page() -> None:
    world = World(environment(applicationStatusMsg="x" * 5000))
    assert "x" * 199 + "…" in world.html().text
    assert "x" * 5000 in world.html("/environments/shop-74").text


def test_values_of_the_release_are_on_no_page() -> None:
    world = World(environment())
    assert "not to be shown" not in world.html().source + world.html("/environments/shop-74").source


ENVIRONMENTS = (
    environment("b-old", minutes=300, applicationStatus="failed", applicationStatusMsg="No such image."),
    environment("c-new", minutes=1, applicationStatus="deploying"),
    environment("a-mid", minutes=60),
)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["c-new", "a-mid", "b-old"]),
        ({"sort": "-age"}, ["b-old", "a-mid", "c-new"]),
        ({"sort": "name"}, ["a-mid", "b-old", "c-new"]),
        ({"sort": "-name"}, ["c-new", "b-old", "a-mid"]),
        ({"sort": "status"}, ["b-old", "c-new", "a-mid"]),
        ({"sort": "nonsense"}, ["c-new", "a-mid", "b-old"]),
        ({"status": "failed"}, ["b-old"]),
        ({"status": "nonsense"}, []),
        ({"q": "OLD"}, ["b-old"]),
        ({"q": "image such"}, ["b-old"]),
        ({"q": "#74"}, ["c-new", "a-mid", "b-old"]),
        ({"q": "shop old new"}, []),
        ({"q": "acme", "status": "deployed"}, ["a-mid"]),
        ({"page": "9"}, ["c-new", "a-mid", "b-old"]),
        ({"page": "-1"}, ["c-new", "a-mid", "b-old"]),
        ({"page": "²"}, ["c-new", "a-mid", "b-old"]),
    ],
)
def test_the_url_selects_and_sorts_the_environments(query: dict[str, str], names: list[str]) -> None:
    assert World(*ENVIRONMENTS).html(**query).rows == names


def test_equal_environments_are_in_the_order_of_their_names_in_both_directions() -> None:
    world = World(*(environment(name) for name in "cab"))
    assert world.html(sort="status").rows == world.html(sort="-status").rows == ["a", "b", "c"]


def test_environments_without_a_sensible_time_are_the_oldest() -> None:
    odd = environment("odd")
    odd["metadata"]["creationTimestamp"] = "yesterday"
    assert World(odd, *ENVIRONMENTS).html().rows[-1] == "odd"


def test_statuses_are_links_with_their_counts_the_most_urgent_first() -> None:
    page = World(*ENVIRONMENTS).html(sort="name", q="e")
    assert "All 3 failed 1 deploying 1 deployed 1" in page.text
    assert "/?q=e&status=failed&sort=name" in page.links


def test_a_second_click_on_a_heading_reverses_the_order() -> None:
    world = World(*ENVIRONMENTS)
    assert "/?q=e&sort=name" in world.html(q="e").links
    assert "/?q=e&sort=-name" in world.html(q="e", sort="name").links
    sorted_by = [e["aria-sort"] for tag, e in world.html(sort="-name").elements if "aria-sort" in e]
    assert sorted_by == ["descending"]


def test_the_form_keeps_the_status_and_the_order() -> None:
    page = World(*ENVIRONMENTS).html(status="failed", sort="name", q='"x')
    fields = {e["name"]: e["value"] for tag, e in page.elements if tag == "input"}
    assert fields == {"q": '"x', "status": "failed", "sort": "name"}


def test_a_long_list_has_pages() -> None:
    world = World(*(environment(f"e-{number}", minutes=number) for number in range(PAGE + 2)))
    first, second = world.html(), world.html(page="2")
    assert len(first.rows) == PAGE
    assert "/?page=2" in first.links
    assert second.rows == [f"e-{PAGE}", f"e-{PAGE + 1}"]
    assert "page 2 of 2" in second.text


def test_an_empty_page_says_how_to_create_an_environment() -> None:
    page = World().html()
    assert "No environments yet" in page.text
    assert "kubectl apply -f environment.yaml" in page.text


def test_a_page_without_matches_links_to_all_environments() -> None:
    page = World(*ENVIRONMENTS).html(q="nonsense")
    assert "No environment matches" in page.text
    assert "/" in page.links


def test_the_page_does_not_look_empty_before_the_caches_are_filled() -> None:
    world = World()
    world.process = Process(role="starting")
    page = world.html()
    assert "No environments yet" not in page.text
    assert "still filling its caches" in page.text


def test_the_page_of_a_standby_says_so() -> None:
    world = World(*ENVIRONMENTS)
    assert "This replica stands by" not in world.html().text
    world.process = Process(role="standby")
    page = world.html()
    assert "This replica stands by" in page.text
    assert len(page.rows) == 3


def test_the_page_says_when_it_may_be_out_of_date() -> None:
    world = World(*ENVIRONMENTS)
    world.process = Process(role="leader", trouble="namespaces has been out of date for 65 s: 403")
    assert "may be out of date. namespaces has been out of date for 65 s: 403" in world.html().text


def test_a_row_follows_its_object_and_the_time() -> None:
    world = World(environment(), environment("other"))
    assert "5m" in world.html().text
    world.now = NOW + timedelta(hours=5)
    world.environments[0] = environment(applicationStatus="failed")
    page = world.html()
    assert "failed 1 deployed 1" in page.text
    assert page.text.count("5h") == 2


def test_a_text_that_looks_like_an_age_is_not_changed() -> None:
    world = World(environment(applicationStatusMsg="\0age\0"), environment("odd", applicationStatusMsg="\0age\0"))
    world.environments[1]["metadata"]["creationTimestamp"] = None
    page = world.html()
    assert page.text.count("5m") == 1
    assert page.source.count("\0age\0") == 2


def test_the_state_changes_with_every_change_of_the_page() -> None:
    world = World(environment())
    states = [world.get("/state").body]
    assert states[0].decode() in world.html().source
    assert world.get("/state").body == states[0]
    world.revision = "2"
    states.append(world.get("/state").body)
    world.process = Process(role="standby")
    states.append(world.get("/state").body)
    world.process = Process(role="standby", trouble="old")
    states.append(world.get("/state").body)
    world.now = NOW + timedelta(minutes=1)
    states.append(world.get("/state").body)
    assert len(set(states)) == len(states)
