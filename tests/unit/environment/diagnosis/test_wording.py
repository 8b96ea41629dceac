"""No secret, and nothing that changes by itself, reaches a status."""

import time

import pytest

from controller.environment.diagnosis import wording

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.abc-DEF_123"
SECRETS = {
    "user and password in a URL": ("https://jane:hunter2@registry.example.com/v2/: bad", "hunter2"),
    "a password with an @": ("https://jane:hunt@er2@registry.example.com/v2/: bad", "er2"),
    "user and password without a scheme": ('image "jane:hunter2@registry.example.com/web:1"', "hunter2"),
    "token in a query": ("Get https://registry.example.com/token?account=x&password=hunter2: EOF", "hunter2"),
    "signature in a query": ('Get "https://bucket.example.com/layer?X-Amz-Signature=0123abc": EOF', "0123abc"),
    "bearer": ("sent Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
    "basic": ("sent Authorization: Basic amFuZTpodW50ZXIy", "amFuZTpodW50ZXIy"),
    "assignment": ("DB_PASSWORD=hunter2 is wrong", "hunter2"),
    "quoted assignment": ("token='hunter 2' is wrong", "hunter 2"),
    "JSON": ('{"access_token":"hunter2","x":1}', "hunter2"),
    "JSON with a space": ('{"password": "hunter2"}', "hunter2"),
    "JWT": (f"denied for {JWT}", "eyJzdWIiOiJ4In0"),
    "GitHub token": ("denied for ghp_0123456789abcdefABCDEF", "0123456789abcdef"),
    "GitLab token": ("denied for glpat-0123456789abcdef", "0123456789abcdef"),
    "deploy token": ("denied for gldt-0123456789abcdef", "0123456789abcdef"),
    "token of Google": ("denied for ya29.a0AfH6SMBx1234567890", "a0AfH6SMBx"),
    "token of Vault": ("denied for hvs.CAESIJ1234567890abcdef", "CAESIJ"),
    "configuration of Docker": ('{"auths":{"r.example.com":{"auth":"amFuZTpodW50ZXIy"}}}', "amFuZTpodW50ZXIy"),
    "authorization": ("sent Authorization: token 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    "key of an account": ("AccountKey=Eby8vdM02xNOcqFlqUwJPLl/K1SZFPTOtr==;", "K1SZFPTOtr"),
    "passphrase": ("passphrase=hunter2", "hunter2"),
    "AWS key": ("key AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    "long random text": ("value wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1 is wrong", "wJalrXUtnFEMI"),
}
KEPT = (
    "docker.io/acme/web:1@sha256:0a399eb16751",
    'image "registry.example.com/acme/web:SNAPSHOT-PR-74-7d3a1f0e5b2c4d6e8f90a1b2c3d4e5f607182930" not found',
    "failed to fetch oauth token: unexpected status",
    "unable to retrieve auth token: invalid username/password: unauthorized",
    "no basic auth credentials",
    'secret "web-tls" not found',
    "couldn't find key DB_PASSWORD in Secret shop-74/web",
    "https://www.docker.com/increase-rate-limit",
    "dial tcp: lookup registry.example.com: no such host",
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    "a-very-long-name-of-a-config-map-that-someone-made-in-2026-for-no-reason",
    "requested: requests.cpu=500m, limited: requests.cpu=2",
)
SAME = {
    "back-off": ("back-off 10s restarting", "back-off 2m40s restarting"),
    "timeout": ("timed out after 1.5s", "timed out after 20ms"),
    "address of a Pod": ("dial tcp 10.1.2.3:80: refused", "dial tcp 10.244.12.200:80: refused"),
    "IPv6": ("dial tcp [fd00::1]:80: refused", "dial tcp [fd00:10:244::7]:80: refused"),
    "own port": ("read tcp 10.0.0.1:5021->10.0.0.2:80: reset", "read tcp 10.0.0.1:6100->10.0.0.3:80: reset"),
    "request": (
        "RequestID: 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        "RequestID: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
    ),
    "time": ("at 2026-03-21T12:00:00Z", "at 2026-03-22T09:10:11.123456+01:00"),
    "Pod": ("used by Pod web-7d4b9c8f5d-x2x7z", "used by Pod web-7d4b9c8f5d-bbbbb"),
    "projected volume": (
        "unmounted volumes=[d], unattached volumes=[d kube-api-access-ab]: late",
        "unmounted volumes=[d], unattached volumes=[d kube-api-access-cd]: late",
    ),
    "white space": ("two\n\twords", "two words"),
    "control characters": ("two\x1b\u202e words", "two  words"),
}
PODS = {"web-7d4b9c8f5d-x2x7z": "web", "web-7d4b9c8f5d-bbbbb": "web"}


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_hidden(text, secret):
    assert secret not in wording.clean(text, {})


@pytest.mark.parametrize("text", KEPT)
def test_what_explains_a_problem_stays(text):
    assert wording.clean(text, {}) == text


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME)
def test_what_changes_by_itself_does_not_change_the_text(first, second):
    assert wording.clean(first, PODS) == wording.clean(second, PODS)


@pytest.mark.parametrize("text", ["a:" * 50_000, "a" * 100_000, "://" * 40_000, "A1b" * 40_000, "?http://a" * 20_000])
def test_a_hostile_text_takes_no_noticeable_time(text):
    started = time.process_time()

    wording.clean(text, PODS)

    assert time.process_time() - started < 0.5


def test_a_text_that_is_too_long_ends_with_an_ellipsis():
    assert wording.cut("x" * 500, 480) == "x" * 479 + "…"
    assert wording.cut("x" * 480, 480) == "x" * 480


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(("a", "b"), "a: b."), (("a", ""), "a."), (("a", "b."), "a: b."), (("a:", ": b"), "a: b.")],
)
def test_parts_become_a_sentence(parts, expected):
    assert wording.sentence(*parts) == expected
