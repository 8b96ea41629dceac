"""Tables as kubectl prints them, and who waits for whom."""

import json

from controller.api.summary import in_order, queue, summarize
from controller.app.commands.listing import show, table


def test_columns_are_aligned_and_lines_have_no_trailing_spaces():
    assert table(["NAME", "STATUS"], [["shop-74", "deployed"], ["a", ""]]) == (
        "NAME      STATUS\nshop-74   deployed\na\n"
    )


def test_control_characters_cannot_act_on_a_terminal():
    assert table(["N"], [["a\x1b[31m\nb"]]) == "N\na?[31m?b\n"


def _summary(name, status, created, *, has_namespace=False):
    conditions = [{"type": "NamespaceReady", "status": "True" if has_namespace else "False"}]
    return summarize(
        {
            "metadata": {"name": name, "creationTimestamp": f"2026-03-01T12:00:0{created}Z"},
            "status": {"applicationStatus": status, "conditions": conditions},
        }
    )


CROWD = in_order(
    [
        _summary("d", "queued", 3),
        _summary("c", "queued", 3),
        _summary("b", "failed", 2),
        _summary("e", "uninstalling", 0),
        _summary("a", "deployed", 1, has_namespace=True),
    ]
)


def test_the_list_shows_who_holds_a_place_and_who_comes_next():
    lines = [line.split()[:4] for line in show(CROWD, queue(CROWD), "table").splitlines()]
    assert [line[:3] for line in lines] == [
        ["NAME", "STATUS", "PLACE"],
        ["e", "uninstalling", "held"],
        ["a", "deployed", "held"],
        ["b", "failed", lines[3][2]],
        ["c", "queued", "queue"],
        ["d", "queued", "queue"],
    ]
    assert lines[3][2] not in ("held", "queue")
    assert [line[3] for line in lines[4:]] == ["1", "2"]


def test_without_a_queue_the_list_has_no_column_for_it():
    assert "PLACE" not in show(CROWD[:2], queue(CROWD[:2]), "table")


def test_scripts_get_the_position_and_the_holders():
    found = json.loads(show(CROWD, queue(CROWD), "json"))
    assert [(one["name"], one["holdsPlace"], one["queuePosition"]) for one in found] == [
        ("e", True, None),
        ("a", True, None),
        ("b", False, None),
        ("c", False, 1),
        ("d", False, 2),
    ]
