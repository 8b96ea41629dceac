"""What must be as in the undisturbed journey, whatever went wrong in this one."""

from __future__ import annotations

from collections import Counter

from tests.faults.support.travel import Travelled

# A new process may repeat the write whose answer it never got, be refused once because its cache is older than a write
# of the process before it, and show a state in between that the other one had passed already.
MORE_WRITES = 3


def check(reference: Travelled, travelled: Travelled, *, more_writes: int = MORE_WRITES) -> None:
    """Compare with the undisturbed journey. What is there in the end was compared before.

    Args:
        reference: the undisturbed journey.
        travelled: the other one.
        more_writes: how many writes more than the undisturbed one it may have.

    Raises:
        AssertionError: something else was touched, created, deleted or done in another order, or too much was written.
    """
    assert not travelled.touched, f"others were touched: {travelled.touched}"
    wanted, found = Counter(reference.acts), Counter(travelled.acts)
    assert found == wanted, f"done beyond the reference: {list(found - wanted)}; not done: {list(wanted - found)}"
    assert travelled.order == reference.order, f"in the order {travelled.order}, not {reference.order}"
    most = len(reference.writes) + more_writes
    assert len(travelled.writes) <= most, f"{len(travelled.writes)} writes, {most} at the most: {travelled.writes}"
