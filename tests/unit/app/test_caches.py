"""How the changes of watched objects become keys in a queue."""

from controller.app.caches import Spread
from controller.cache import DeletedFinalStateUnknown


def test_a_change_for_many_keys_is_delivered_one_after_another():
    added = []
    spread = Spread(
        keys=lambda before, after: ["a", "b", "c"], add_after=lambda *arguments: added.append(arguments), per_second=50
    )
    spread.on_update({}, {})
    assert added == [("a", 0.0), ("b", 0.02), ("c", 0.04)]


def test_the_selector_of_keys_gets_the_old_and_the_new_object():
    seen = []
    spread = Spread(
        keys=lambda before, after: seen.append((before, after)) or (), add_after=lambda *_: None, per_second=1
    )
    old, new = {"a": 1}, {"a": 2}
    spread.on_add(new)
    spread.on_update(old, new)
    spread.on_delete(old)
    spread.on_delete(DeletedFinalStateUnknown("key", old))
    assert seen == [(None, new), (old, new), (old, None), (old, None)]
