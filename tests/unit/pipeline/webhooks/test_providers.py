"""Which provider sent a delivery: its headers say so, and without them its body."""

import hmac
import json

import pytest

from controller.pipeline.webhooks import BodyError, Unverified, parse_headers, providers
from tests.unit.pipeline.webhooks import imaginary
from tests.unit.pipeline.webhooks.payloads import ask, gitea, github, gitlab

SECRET = b"It's a Secret to Everybody"
ID = "76cfa806-1c16-448b-b50d-2fe0789cf397"
BITBUCKET = {"pullrequest": {"id": 1}, "repository": {}}
BITBUCKET_PUSH = {"actor": {}, "repository": {}, "push": {"changes": []}}
DATA_CENTER = {"eventKey": "pr:opened", "pullRequest": {"id": 1}}
GOGS = {"action": "opened", "pull_request": {"head_branch": "x"}, "repository": {}}


def signed(body, *, algorithm="sha256"):
    """Return the HMAC of a body."""
    return hmac.new(SECRET, json.dumps(body).encode(), algorithm).hexdigest()


def of_github(body, event="pull_request"):
    """Return the headers that GitHub sends."""
    return {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Content-Type": "application/json",
        "X-GitHub-Delivery": ID,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": "292430182",
        "X-GitHub-Hook-Installation-Target-ID": "79929171",
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-Hub-Signature": f"sha1={signed(body, algorithm='sha1')}",
        "X-Hub-Signature-256": f"sha256={signed(body)}",
    }


def of_github_enterprise(body, event="pull_request"):
    """Return the headers that GitHub Enterprise Server sends."""
    return {
        **of_github(body, event),
        "X-GitHub-Enterprise-Host": "github.example.com",
        "X-GitHub-Enterprise-Version": "3.14.2",
    }


def of_gitea(body, event="pull_request"):
    """Return the headers that Gitea sends: its own, and those of Gogs and GitHub."""
    own = {
        f"X-{name}-{part}": value
        for name in ("Gitea", "Gogs")
        for part, value in (("Delivery", ID), ("Event", event), ("Event-Type", event), ("Signature", signed(body)))
    }
    return {**own, "X-GitHub-Event-Type": event, **without(of_github(body, event), "X-GitHub-Hook", "User-Agent")}


def of_forgejo(body, event="pull_request"):
    """Return the headers that Forgejo sends: its own, and those of Gitea, Gogs and GitHub."""
    gitea_headers = of_gitea(body, event)
    own = {name.replace("Gitea", "Forgejo"): value for name, value in gitea_headers.items() if "Gitea" in name}
    return {**own, **gitea_headers}


def of_gitlab(body, event="Merge Request Hook"):
    """Return the headers that GitLab sends."""
    return {
        "User-Agent": "GitLab/17.5.1",
        "Idempotency-Key": ID,
        "X-Gitlab-Event": event,
        "X-Gitlab-Event-UUID": ID,
        "X-Gitlab-Instance": "https://gitlab.example.com",
        "X-Gitlab-Token": SECRET.decode(),
        "X-Gitlab-Webhook-UUID": ID,
    }


def of_bitbucket(body, event="pullrequest:created"):
    """Return the headers that Bitbucket sends. It signs as GitHub does, in a header with GitHub's old name."""
    return {
        "User-Agent": "Bitbucket-Webhooks/2.0",
        "X-Attempt-Number": "1",
        "X-Event-Key": event,
        "X-Hook-UUID": ID,
        "X-Request-UUID": ID,
        "X-Hub-Signature": f"sha256={signed(body)}",
    }


def of_gogs(body, event="pull_request"):
    """Return the headers that Gogs sends: its own, and two of GitHub."""
    own = {"X-Gogs-Delivery": ID, "X-Gogs-Event": event, "X-Gogs-Signature": signed(body)}
    return {"X-Github-Delivery": ID, "X-Github-Event": event, **own}


def without(headers, *beginnings):
    """Return the headers whose names do not start with one of these texts."""
    return {name: value for name, value in headers.items() if not name.startswith(beginnings)}


@pytest.mark.parametrize("lower", [False, True], ids=["as sent", "in lower case"])
@pytest.mark.parametrize("secret", [SECRET, None], ids=["verified", "unverified"])
@pytest.mark.parametrize(
    ("headers", "body", "name"),
    [
        (of_github, github(), "github"),
        (of_github_enterprise, github(), "github"),
        (of_gitea, gitea(), "gitea"),
        (of_forgejo, gitea(), "gitea"),
        (of_gitlab, gitlab(), "gitlab"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_headers_name_the_provider(headers, body, name, secret, lower):
    sent = {key.lower() if lower else key: value for key, value in headers(body).items()}
    decision = ask(body, headers=sent, secret=secret)
    assert (str(decision.verdict), decision.provider) == ("apply", name)


@pytest.mark.parametrize(
    ("headers", "event", "name"),
    [
        (of_github, "push", "github"),
        (of_github, "ping", "github"),
        (of_gitea, "push", "gitea"),
        (of_forgejo, "pull_request_approved", "gitea"),
    ],
)
def test_other_events_are_ignored_with_the_name_of_their_provider(headers, event, name):
    body = {"ref": "refs/heads/main", "repository": {"id": 1}}
    decision = ask(body, headers=headers(body, event), secret=SECRET)
    assert (str(decision.verdict), decision.provider) == ("ignore", name)


def test_a_system_hook_of_gitlab_is_read_by_its_body():
    assert str(ask(gitlab(), headers=of_gitlab(gitlab(), "System Hook"), secret=SECRET).verdict) == "apply"


@pytest.mark.parametrize(
    ("headers", "body", "name"),
    [
        (of_bitbucket, BITBUCKET, "Bitbucket"),
        (of_bitbucket, BITBUCKET_PUSH, "Bitbucket"),
        # Only the headers distinguish this delivery from one of GitHub.
        (of_bitbucket, github(), "Bitbucket"),
        (of_gogs, GOGS, "Gogs"),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, None])
def test_unsupported_providers_are_refused_by_their_headers(headers, body, name, secret):
    with pytest.raises(BodyError, match=f"webhooks of {name} are not supported"):
        ask(body, headers=headers(body), secret=secret)


@pytest.mark.parametrize("body", [BITBUCKET, BITBUCKET_PUSH, DATA_CENTER])
@pytest.mark.parametrize("event", ["", "pullrequest:created", "pr:opened"])
def test_bitbucket_is_refused_without_headers_although_it_signs_as_github(body, event):
    with pytest.raises(BodyError, match="webhooks of Bitbucket are not supported"):
        ask(body, event=event, signature=f"sha256={signed(body)}", secret=SECRET)


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {"X-Hub-Signature-256": "sha256=x"}])
def test_headers_that_name_no_provider_are_refused(headers):
    with pytest.raises(BodyError, match="the headers name no known provider; pass all headers"):
        ask(github(), headers=headers)


@pytest.mark.parametrize(
    ("headers", "body", "name"),
    [(of_github, github(), "github"), (of_forgejo, gitea(), "gitea"), (of_gitlab, gitlab(), "gitlab")],
)
@pytest.mark.parametrize("sent", ["nothing", "another"])
def test_headers_without_a_right_signature_or_token_are_refused(headers, body, name, sent):
    proofs = ("X-Hub", "X-Gitea-Signature", "X-Forgejo-Signature", "X-Gitlab-Token")
    given = headers({"another": "body"}) if sent == "another" else without(headers(body), *proofs)
    given = {key: "another" if key == "X-Gitlab-Token" else value for key, value in given.items()}
    with pytest.raises(Unverified, match=f"no signature or token of {name}") as refused:
        ask(body, headers=given, secret=SECRET)
    assert SECRET.decode() not in str(refused.value)


def test_a_token_in_the_header_of_another_provider_is_not_accepted():
    with pytest.raises(Unverified):
        ask(github(), headers={"X-GitHub-Event": "pull_request", "X-Gitlab-Token": SECRET.decode()}, secret=SECRET)
    with pytest.raises(Unverified):
        ask(github(), headers={"X-GitHub-Event": "pull_request"}, signature=f"sha256={signed(github())}", secret=SECRET)


def test_a_delivery_does_not_show_its_secrets():
    shown = repr(
        providers.Delivery(raw=b"", headers={"X-Gitlab-Token": "hunter2"}, signature="hunter2", secret=b"hunter2")
    )
    assert "hunter2" not in shown


def test_headers_are_read_from_lines():
    raw = b"X-GitHub-Event: pull_request\r\n\r\nx-url:https://a:b\n"
    assert parse_headers(raw) == {"X-GitHub-Event": "pull_request", "x-url": "https://a:b"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"", "is empty"), (b"\n \n", "is empty"), (b"a: b\nc\n", "line 2 of the headers"), (b": b", "line 1")],
)
def test_headers_in_another_form_are_refused(raw, words):
    with pytest.raises(Unverified, match=words):
        parse_headers(raw)


@pytest.fixture
def forge(monkeypatch):
    """Add the row of the imaginary provider."""
    monkeypatch.setattr(providers, "PROVIDERS", (imaginary.PROVIDER, *providers.PROVIDERS))


@pytest.mark.usefixtures("forge")
@pytest.mark.parametrize(
    "known",
    [
        {"headers": {"X-Forge-Kind": "proposal", "X-Forge-Proof": signed(imaginary.BODY)}},
        {"headers": {"X-Forge-Kind": "proposal", "X-Forge-Proof": signed(imaginary.BODY), "X-GitHub-Event": "push"}},
        {"event": "proposal", "signature": signed(imaginary.BODY)},
        {"signature": f"sha256={signed(imaginary.BODY)}"},
    ],
)
def test_a_fourth_provider_needs_only_its_row_and_its_file(known):
    decision = ask(imaginary.BODY, secret=SECRET, **known)
    assert (str(decision.verdict), decision.provider, decision.parameters["name"]) == ("apply", "forge", "shop-7")
    with pytest.raises(Unverified):
        ask({**imaginary.BODY, "proposal": 8}, secret=SECRET, **known)


@pytest.mark.usefixtures("forge")
def test_a_fourth_provider_changes_nothing_for_the_others():
    for body, headers, name in ((github(), of_github, "github"), (gitea(), of_forgejo, "gitea")):
        assert ask(body, headers=headers(body), secret=SECRET).provider == name
        assert ask(body).provider == name
