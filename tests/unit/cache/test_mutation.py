"""The mutation detector finds changed cache objects."""

from __future__ import annotations

import pytest

from controller.cache import Informer, ReflectorSettings
from tests.unit.fakes import DEADLINE, WIDGETS, LiveApi, eventually
from tests.unit.mutation import MutationDetector


@pytest.mark.promise("store")
def test_the_detector_finds_a_changed_object_and_no_other() -> None:
    detector = MutationDetector()
    api = LiveApi("a")
    informer = Informer(
        client=api, resource=WIDGETS, transform=detector.transform, settings=ReflectorSettings(watch_list=False)
    )
    informer.start()
    stored = eventually(lambda: informer.store.get("ns/a"))
    detector.verify()
    stored["metadata"]["labels"] = {"oops": "changed"}
    with pytest.raises(AssertionError, match="a cached object was changed"):
        detector.verify()
    assert informer.stop(DEADLINE)
