"""Growth is what the last third of a life has more than the second one."""

import pytest

from hack.soak.samples import Sample, total, verdicts


def sample(number, *, mebibytes=50.0, life=1, leads=True, requests=0):
    return Sample(
        at=number * 10.0,
        replica="replica-1",
        life=life,
        leads=leads,
        resident_bytes=int(mebibytes * 2**20),
        cpu_seconds=0.0,
        threads=10,
        files=20,
        sockets=10,
        queue=0,
        timers=0,
        panics=0,
        requests=requests,
    )


def growing(samples):
    return [verdict.figure for verdict in verdicts(samples) if verdict.grows]


def test_memory_that_grows_to_the_end_is_noticed():
    assert growing([sample(number, mebibytes=50 + number * 0.5) for number in range(60)]) == ["resident memory, MiB"]


def test_memory_that_grows_only_at_first_is_flat():
    assert growing([sample(number, mebibytes=50 + min(number, 20) * 0.5) for number in range(60)]) == []


def test_the_longest_life_is_judged():
    short = [sample(number, mebibytes=number * 10, life=1) for number in range(30)]
    long = [sample(number, life=2) for number in range(30, 100)]

    assert growing([*short, *long]) == []
    assert verdicts([*short, *long])[0].seconds == pytest.approx(690)


def test_a_standby_that_becomes_the_leader_does_not_grow():
    standby = [sample(number, leads=False) for number in range(40)]
    leader = [sample(number, mebibytes=60) for number in range(40, 60)]

    assert growing([*standby, *leader]) == []


def test_a_short_life_is_not_judged():
    assert verdicts([sample(number) for number in range(10)]) == []


def test_a_counter_of_several_lives_is_added_up():
    samples = [sample(0, requests=5), sample(1, requests=9), sample(2, life=2, requests=3)]

    assert total(samples, lambda one: one.requests) == 12
