"""The changes of several watches become one history, in the order of the server."""

from hack.soak.history import ADDED, DELETED, MODIFIED, History


def obj(name, version, uid="1"):
    return {"metadata": {"name": name, "uid": uid, "resourceVersion": f"{version}"}}


def synced():
    history = History(["a", "b"])
    history.listed(0.0, "a", 10, [])
    history.listed(0.0, "b", 10, [])
    history.ready()
    return history


def shown(history):
    return [(seen.version, seen.kind, seen.type, seen.vague) for seen in history.ready()]


def test_a_change_waits_until_every_watch_has_come_past_it():
    history = synced()
    history.changed(1.0, "a", ADDED, obj("x", 13))
    history.changed(1.0, "b", ADDED, obj("y", 12))
    assert shown(history) == [(12, "b", ADDED, False)]

    history.passed("b", 20)

    assert shown(history) == [(13, "a", ADDED, False)]


def test_changes_within_a_gap_of_any_watch_are_vague():
    history = synced()
    history.changed(1.0, "a", ADDED, obj("x", 12))
    history.changed(1.0, "a", DELETED, obj("x", 25))
    history.listed(1.0, "b", 20, [obj("y", 15)])
    history.passed("b", 30)

    assert shown(history) == [(12, "a", ADDED, True), (20, "b", ADDED, True), (25, "a", DELETED, False)]


def test_a_list_after_a_gap_shows_what_is_gone_new_and_changed():
    history = synced()
    for name, version in (("gone", 11), ("same", 12), ("changed", 13), ("again", 14)):
        history.changed(1.0, "a", ADDED, obj(name, version))
    history.passed("b", 14)
    history.ready()
    history.listed(2.0, "a", 20, [obj("same", 12), obj("changed", 16), obj("again", 17, uid="2"), obj("new", 18)])
    history.passed("b", 20)

    found = sorted((seen.obj["metadata"]["name"], seen.type) for seen in history.ready())
    assert found == [("again", ADDED), ("again", DELETED), ("changed", MODIFIED), ("gone", DELETED), ("new", ADDED)]


def test_a_line_that_is_repeated_counts_once():
    history = synced()
    history.changed(1.0, "a", ADDED, obj("x", 13))
    history.changed(1.0, "a", ADDED, obj("x", 13))
    history.passed("b", 20)

    assert shown(history) == [(13, "a", ADDED, False)]
