"""Days of pull requests may leave nothing behind in the controller."""

import pytest

from hack.bench.churn import Sample, judge

_MIB = 2**20


def _day(*mebibytes: float, threads: int = 20, files: int = 10) -> list[Sample]:
    """Hours of that much memory; the numbers of threads and files are those of the last hour."""
    hours = [Sample(hour, int(size * _MIB), 1.0, 20, 10) for hour, size in enumerate(mebibytes, 1)]
    return [*hours[:-1], Sample(len(hours), hours[-1].resident_bytes, 1.0, threads, files)]


def test_growth_within_the_warm_up_is_allowed() -> None:
    assert judge(_day(50, 60, 70, 71, 72, 73))


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(_day(50, 50, 50, 50, 50, 53), id="memory"),
        pytest.param(_day(50, 50, 50, 50, 50, 50, threads=21), id="threads"),
        pytest.param(_day(50, 50, 50, 50, 50, 50, files=11), id="files"),
    ],
)
def test_what_grows_after_the_warm_up_fails(day: list[Sample]) -> None:
    assert not judge(day)


def test_the_result_names_both_hours(capsys: pytest.CaptureFixture[str]) -> None:
    judge(_day(50, 50, 50, 50, 51))
    assert "from hour 3 to 5: 2.0 % of memory (limit 5 %), 0 threads, 0 files" in capsys.readouterr().out
