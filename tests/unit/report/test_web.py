"""Requests to one server and to no other."""

import pytest
import trustme

from controller.metrics import Registry
from controller.report.metrics import ReportMetrics
from controller.report.outcomes import Unavailable
from controller.report.web import Web
from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.unit.report.bed import PULL, SHOP, TOKEN

COMMENTS = f"/repos/{SHOP}/issues/{PULL}/comments"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def web(api, *, authorities="", timeout=5.0):
    metrics = ReportMetrics(Registry())
    return Web(api=api, authorities=authorities, timeout=timeout, user_agent="test", metrics=metrics)


def test_an_unchanged_answer_is_not_sent_again(bed):
    found = web(bed.server.url)
    answers = [found.send("GET", COMMENTS, headers=HEADERS) for _ in range(2)]

    assert answers[0] == answers[1]
    assert [int(entry.status) for entry in bed.forge.requests()] == [200, 304]


def test_what_one_token_may_see_is_not_kept_for_another(bed):
    found = web(bed.server.url)
    found.send("GET", COMMENTS, headers=HEADERS)

    assert found.send("GET", COMMENTS, headers={"Authorization": "Bearer other"}).status == 401


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/repos/x",
        "http://127.0.0.1:1/api/repos/x",
        "http://127.0.0.1/api/repos/x",
        "https://127.0.0.1:5/api/repos/x",
        "http://127.0.0.1:5@evil.example/api/x",
        "http://127.0.0.1:5/apix",
        "http://127.0.0.1:5/other",
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url):
    found = web("http://127.0.0.1:5/api")

    with pytest.raises(ValueError, match="another host"):
        found.below(url)


@pytest.mark.parametrize(
    "location", ["https://evil.example/x", "//evil.example/x", "http://127.0.0.1:1/x", "javascript:x"]
)
def test_a_redirect_to_another_host_is_not_followed(bed, location):
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=301, headers={"Location": location}))])

    with pytest.raises(Unavailable, match="another host"):
        web(bed.server.url).send("GET", COMMENTS, headers=HEADERS)


def test_redirects_in_a_circle_end(bed):
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=301, headers={"Location": COMMENTS}))])

    with pytest.raises(Unavailable, match="too many"):
        web(bed.server.url).send("GET", COMMENTS, headers=HEADERS)


def test_an_answer_that_takes_too_long_is_an_outage(bed):
    bed.forge.set_faults([Fault(delay=30.0, only_late=True)])

    with pytest.raises(Unavailable, match="no answer"):
        web(bed.server.url, timeout=0.2).send("GET", COMMENTS, headers=HEADERS)


def test_no_error_shows_a_token(bed):
    bed.server.stop(5)

    with pytest.raises(Unavailable) as raised:
        web(bed.server.url).send("GET", COMMENTS, headers=HEADERS)

    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.fixture
def secure(tmp_path):
    authority = trustme.CA()
    certificate = tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    forge = Forge()
    forge.add_token(TOKEN)
    with ForgeServer(forge=forge, certificate=certificate) as server:
        yield server, authority.cert_pem.bytes().decode()


def test_a_certificate_of_ones_own_authority_is_trusted(secure):
    server, authority = secure

    assert web(server.url, authorities=authority).send("GET", "/user", headers=HEADERS).status == 200


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent(secure):
    server, _ = secure

    with pytest.raises(Unavailable, match=r"(?i)certificate"):
        web(server.url).send("GET", "/user", headers=HEADERS)
    assert server.forge.requests() == []
