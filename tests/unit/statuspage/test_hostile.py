"""What a pull request's author writes stays text, and an odd object costs the others nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.unit.odd import variants
from tests.unit.statuspage.builders import MARKUP, Html, Json, World, environment, everywhere


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_field_adds_no_element_and_no_attribute(text: str) -> None:
    harmless, hostile = World(everywhere(environment(), "x")), World(everywhere(environment(), text))
    for world in (harmless, hostile):
        world.timeline.saw(world.environments[0])
    assert shape(hostile.html()) == shape(harmless.html())
    assert shape(hostile.html(q=text, status=text)) == shape(harmless.html(q="x", status="x"))
    path = f"/environments/{quote(text, safe='')}"
    assert shape(hostile.html(path)) == shape(harmless.html("/environments/x"))
    assert text in hostile.html(path).text


def shape(page: Html) -> list[tuple[str, list[str]]]:
    """Its elements, and the names of their attributes."""
    return [(tag, sorted(attributes)) for tag, attributes in page.elements]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example",
        "https:///x",
        "https://user:s3cret@evil.example/",
        "http://[",
        "ftp://example.com/",
        "/local",
    ],
)
def test_only_a_web_address_without_a_password_becomes_a_link(url: str) -> None:
    world = World(environment(url=url))
    for path in ("/", "/environments/shop-74"):
        page = world.html(path)
        assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in page.links)
        assert "s3cret" not in page.source


def test_a_password_in_a_git_url_is_on_no_page() -> None:
    obj = environment()
    del obj["metadata"]["annotations"]
    obj["spec"]["application"]["release"]["chart"]["git"] = "https://bot:s3cret@github.com/acme/shop"
    world = World(obj)
    assert "s3cret" not in world.html().source + world.html("/environments/shop-74").source


def good() -> Json:
    """Short, because every place of it is exchanged for every odd value."""
    obj = environment()
    obj["status"]["conditions"][0] = {"type": "Ready", "lastTransitionTime": "2026-03-01T12:00:00Z"}
    return obj


def test_an_odd_object_is_shown_and_hides_no_other() -> None:
    world = World(environment(), environment("other"))
    for odd in [*variants(good(), "status"), *variants(good(), "spec"), *odd_metadata()]:
        world.environments[0] = odd
        world.timeline.saw(odd)
        assert b"/environments/other" in world.get().body
        assert world.get("/environments/shop-74").status == 200


def odd_metadata() -> list[Json]:
    metadata = good()["metadata"]
    changed = variants({"annotations": metadata["annotations"]}, "annotations")
    times = ("", "yesterday", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 7, None)
    return [
        *({**good(), "metadata": {**metadata, **odd}} for odd in changed),
        *({**good(), "metadata": {**metadata, "creationTimestamp": time}} for time in times),
        *(environment(conditions=[{"type": "Ready", "lastTransitionTime": time}]) for time in times),
    ]
