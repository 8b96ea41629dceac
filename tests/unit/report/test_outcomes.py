"""What an answer means for the next request."""

import pytest

from controller.report import outcomes
from controller.report.outcomes import Answer, Limited, Refused, Rejected, Unauthorized, Unavailable

NOW = 1_770_000_000.0
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


@pytest.mark.parametrize(
    ("status", "headers", "body", "error", "seconds"),
    [
        (500, {}, None, Unavailable, None),
        (503, {"retry-after": "5"}, "<html>", Unavailable, None),
        (408, {}, None, Unavailable, None),
        (401, {}, {"message": "Bad credentials"}, Unauthorized, None),
        (403, {}, {"message": "Resource not accessible by integration"}, Refused, None),
        (404, {}, {"message": "Not Found"}, Refused, None),
        (403, {}, {"message": "Unable to create comment because issue is locked."}, Rejected, None),
        (410, {}, None, Rejected, None),
        (422, {}, {"message": "Validation Failed"}, Rejected, None),
        (400, {}, {"message": {"sha": ["does not exist"]}}, Rejected, None),
        (429, {"retry-after": "30"}, None, Limited, 30),
        (403, {"retry-after": "30"}, SECONDARY, Limited, 30),
        (403, {}, SECONDARY, Limited, 60),
        (429, {}, None, Limited, 60),
        (429, {"retry-after": "Mon, 02 Feb 2026 02:40:30 GMT"}, None, Limited, 30),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, {}, Limited, 90),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "odd"}, {}, Limited, 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 999_999)}, {}, Limited, 3600),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, {}, Limited, 1),
        (429, {"ratelimit-remaining": "0", "ratelimit-reset": str(int(NOW) + 20)}, "Retry later", Limited, 20),
        (403, {"x-ratelimit-remaining": "17"}, {"message": "No."}, Refused, None),
        (429, {"retry-after": "-5"}, None, Limited, 60),
    ],
)
def test_each_failure_has_its_consequence(status, headers, body, error, seconds):
    with pytest.raises(error) as raised:
        outcomes.check(Answer(status, headers, body), "POST /x", now=lambda: NOW)

    assert str(raised.value).startswith(f"POST /x: {status}")
    assert getattr(raised.value, "seconds", None) == seconds


def test_the_end_of_a_limit_is_read_by_the_clock_of_the_server():
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(NOW) + 600),
        "date": "Sun, 01 Feb 2026 02:50:00 GMT",
    }
    server = 1_769_914_200

    with pytest.raises(Limited) as raised:
        outcomes.check(Answer(403, {**headers, "x-ratelimit-reset": str(server + 45)}, {}), "GET /x", now=lambda: NOW)

    assert raised.value.seconds == 45


def test_a_long_page_of_a_proxy_is_cut_in_the_message():
    with pytest.raises(Unavailable) as raised:
        outcomes.check(Answer(502, {}, "<html>" + "x" * 10_000), "GET /x")

    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_returned(status):
    answer = Answer(status, {}, None)

    assert outcomes.check(answer, "GET /x") is answer


HOSTILE = [
    "1e99",
    "-5",
    "\xb2",
    "9" * 5000,
    "inf",
    "nan",
    "\x00",
    "Mon, 01 Jan 99999 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 -0000",
    "Mon, 01 Jan 9999 23:59:59 -9999",
    "a b c d e f g",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_header_of_any_value_makes_a_pause_of_an_hour_at_most(value):
    for headers in (
        {"retry-after": value},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": value},
        {"ratelimit-remaining": "0", "ratelimit-reset": "5", "date": value},
    ):
        seconds = outcomes.limit(Answer(429, headers, None))
        assert seconds is not None
        assert 1 <= seconds <= 3600


def test_an_answer_that_is_not_json_is_not_from_the_server():
    with pytest.raises(Unavailable, match="not in JSON"):
        outcomes.check(Answer(200, {}, "<html>"), "GET /x")
