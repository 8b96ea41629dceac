"""Tombstone files, including broken ones."""

import pytest

from controller.pipeline.gitops import Origin
from controller.pipeline.gitops.tombstone import Tombstone, parse


@pytest.mark.parametrize(
    "stone",
    [
        Tombstone(Origin("github.com/acme/shop", "74"), "2026-03-01T12:00:00Z"),
        Tombstone(Origin("github.com/acme/shop", "74", "1"), "2026-03-01T12:00:00Z"),
        Tombstone(Origin("github.com/acme/shop")),
        Tombstone(Origin()),
    ],
)
def test_a_tombstone_is_read_back_as_it_was_written(stone):
    assert parse(stone.text()) == stone
    assert stone.text().count(b"\n") == 1


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\xff", b"[]", b"3", b"{}", b"[" * 100_000, b'{"repository": null}']
)
def test_an_unreadable_tombstone_applies_to_every_pull_request(content):
    stone = parse(content)
    assert stone.outlives(Origin("github.com/acme/shop", "74"), time="2026-03-01T12:00:00Z")


def test_a_tombstone_without_a_repository_id_applies_to_one_with_it():
    stone = parse(b'{"repository": "github.com/acme/shop", "pullRequest": "74", "time": "2026-03-01T12:00:00Z"}')
    assert stone.outlives(Origin("github.com/Acme/Shop", "74", "1"), time="2026-03-01T12:00:00Z")


def test_a_reopening_in_the_second_of_the_close_counts_as_later():
    stone = Tombstone(Origin("github.com/acme/shop", "74"), "2026-03-01T12:00:00Z")
    assert not stone.outlives(stone.origin, time="2026-03-01T12:00:00.5Z")
    assert stone.outlives(stone.origin, time="2026-03-01T12:00:00Z")
