"""The memory of what was reported."""

import pytest

from controller.report import feedback, record
from controller.report.options import CHANNELS
from controller.report.record import Record
from tests.unit.report.environments import OTHER_COMMIT, environment


def wanted(obj, **options):
    given = {"channels": CHANNELS, "cluster": "eu", "context": "tronador/preview", **options}
    return record.wanted(feedback.of(obj), **given)


def changed(before, after, **options):
    return set(Record(wanted(before)).due(wanted(after, **options)))


def test_a_record_survives_the_annotation():
    before = Record(wanted(environment("deployed")), generation=10**9, failed=10**9, pending=64 * "a")

    assert record.parse(record.render(before)) == before
    assert len(record.render(before)) < 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "odd",
        "comment",
        "generation=-1",
        "generation=²",
        "id=5,url=https://evil.example",
        "pending=main",
        "x" * 10_000,
    ],
)
def test_what_others_wrote_into_the_annotation_counts_as_nothing(text):
    found = record.parse(text)

    assert (found.generation, found.pending) == (0, "")
    assert set(found.due(wanted(environment("deployed")))) == set(CHANNELS)


DEPLOYED = environment("deployed", url="https://shop.example.com")


@pytest.mark.parametrize(
    ("before", "after", "channels"),
    [
        (DEPLOYED, DEPLOYED, set()),
        # A new generation alone says nothing new.
        (DEPLOYED, environment("deployed", url="https://shop.example.com", generation=2), set()),
        (environment("pending"), environment("queued"), {"comment"}),
        (environment("pending"), environment("deploying"), {"comment", "deployment"}),
        (environment("deploying"), DEPLOYED, {"comment", "status", "deployment"}),
        (DEPLOYED, environment("deployed", url="https://other.example.com"), {"comment", "deployment"}),
        (environment("failed", ready="a"), environment("failed", ready="b"), {"comment"}),
        (DEPLOYED, environment("deployed", deleting=True), {"comment", "deployment"}),
        (environment("deployed", deleting=True), environment("failed", deleting=True), set()),
        (DEPLOYED, environment("suspended"), {"comment"}),
        (
            DEPLOYED,
            environment(
                "deployed",
                url="https://shop.example.com",
                annotations={"tronador.stakater.com/commit": OTHER_COMMIT},
            ),
            {"comment", "status", "deployment"},
        ),
        # The annotations of another environment, copied into this one.
        (DEPLOYED, environment("deployed", url="https://shop.example.com", uid="u2"), set(CHANNELS)),
    ],
)
def test_only_what_changed_is_due(before, after, channels):
    assert changed(before, after) == channels


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ({"cluster": "us"}, set(CHANNELS)),
        ({"context": "other"}, {"status"}),
        ({"channels": ("comment",)}, set()),
    ],
)
def test_another_option_concerns_what_it_changes(options, channels):
    assert changed(DEPLOYED, DEPLOYED, **options) == channels


@pytest.mark.parametrize(
    ("missing", "channels"),
    [("pull-request", {"status", "deployment"}), ("commit", {"comment"})],
)
def test_a_channel_without_its_place_has_nothing_to_show(missing, channels):
    assert set(wanted(environment("deployed", annotations={f"tronador.stakater.com/{missing}": ""}))) == channels
