"""A GitHub App instead of a token."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from controller.metrics import Registry
from controller.report.auth import App
from controller.report.folders import Secrets
from controller.report.metrics import ReportMetrics
from controller.report.outcomes import Refused, Unauthorized, Unavailable
from controller.report.web import Web
from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import Fault
from tests.unit.report.bed import SHOP


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def app_bed(bed, key):
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    bed.forge.add_app(
        7,
        slug="previews",
        public_key=public.decode(),
        owner="acme",
        permissions={"*": "write", "metadata": "read"},
        installed_for=["acme"],
    )
    (bed.folder / "token").unlink()
    (bed.folder / "app-id").write_text("7")
    (bed.folder / "app-key").write_bytes(private)
    bed.private = private.decode()
    bed.app = lambda private=bed.private: App(
        Secrets(provider="github", api=bed.server.url, app_id="7", app_key=private),
        Web(
            api=bed.server.url,
            authorities="",
            timeout=5,
            user_agent="test",
            metrics=ReportMetrics(Registry()),
        ),
        now=lambda: 1_700_000_000.0 + bed.clock.now(),
    )
    return bed


def test_its_bot_writes_the_comment_and_finds_it_again(app_bed):
    headers = app_bed.app().headers(SHOP)

    assert headers["Authorization"].startswith("Bearer ghs_")
    assert app_bed.app().login() == "previews[bot]"


def test_a_token_is_used_for_an_hour_and_then_replaced(app_bed):
    app = app_bed.app()
    first = app.headers(SHOP)
    app_bed.clock.advance(3000)
    assert app.headers(SHOP) == first
    app_bed.clock.advance(400)

    assert app.headers(SHOP) != first
    assert len(app_bed.forge.requests("POST", "/app/installations/*")) == 2


def test_a_token_that_was_revoked_is_replaced(app_bed):
    app = app_bed.app()
    first = app.headers(SHOP)

    assert app.renew()
    assert app.headers(SHOP) != first
    assert app_bed.app().renew() is False


def test_a_repository_without_the_app_is_refused(app_bed):
    app_bed.forge.add_repository("other/shop")

    with pytest.raises(Refused):
        app_bed.app().headers("other/shop")


@pytest.mark.parametrize("broken", ["", "odd", "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"])
def test_a_broken_key_is_never_shown(app_bed, broken):
    with pytest.raises(Unauthorized, match="app-key") as raised:
        app_bed.app(broken or "-").login()

    assert "abc" not in str(raised.value)


@pytest.mark.parametrize("token", [None, "", 7, "ghs_a\nX-Evil: 1", "ghs_\N{HORIZONTAL ELLIPSIS}"])
def test_a_token_that_no_header_can_hold_is_refused_without_its_text(app_bed, token):
    lent = {"token": token, "expires_at": "2030-01-01T00:00:00Z"}
    app_bed.forge.set_faults([Fault(method="POST", answer=Answer(status=201, body=lent))])

    with pytest.raises(Unavailable, match="no token") as raised:
        app_bed.app().headers(SHOP)

    assert "ghs" not in str(raised.value)
