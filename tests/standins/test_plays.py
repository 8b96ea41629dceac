"""Failures and delays on demand."""

from hack.standins.plays import DELAY, FAIL, INSTALL, UNINSTALL, Play, Plays

ORDINARY = Plays(seconds={INSTALL: 2.0}, failing=[(UNINSTALL, "team-*/x")])


def obj(namespace: str = "ns", **annotations: str) -> dict:
    return {"metadata": {"name": "x", "namespace": namespace, "annotations": annotations}}


def test_the_command_line_speaks_for_everybody() -> None:
    assert ORDINARY.play(INSTALL, obj()) == Play(seconds=2.0)
    assert ORDINARY.play(UNINSTALL, obj()) == Play()
    assert ORDINARY.play(UNINSTALL, obj("team-a")) == Play(fail=True)
    assert Plays(seconds={}, failing=[], longest_wait=4.0).play(INSTALL, obj()) == Play(longest_wait=4.0)


def test_annotations_speak_for_one_object_and_win() -> None:
    mine = obj(**{FAIL: "install, upgrade", DELAY: "install=0.5,uninstall=30"})
    assert ORDINARY.play(INSTALL, mine) == Play(seconds=0.5, fail=True)
    assert ORDINARY.play(UNINSTALL, mine) == Play(seconds=30.0)


def test_an_invalid_play_is_ignored() -> None:
    assert ORDINARY.play(INSTALL, obj(**{FAIL: "instal", DELAY: "install=soon,=1,install"})) == Play(seconds=2.0)
