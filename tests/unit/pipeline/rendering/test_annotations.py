"""The annotations about the pull request and its author, and where its application can be seen."""

import pytest

from controller.pipeline.errors import PipelineError
from controller.pipeline.rendering import differences
from tests.unit.pipeline.rendering.builders import MINIMAL, config, parameters, refusal, rendered

SHA = "6f50ff2f00112233445566778899aabbccddeeff"
OURS = "tronador.stakater.com/"
FACTS = {
    "commit": SHA,
    "branch": "feat/x",
    "author": "renovate[bot]",
    "pull_request_url": "https://github.com/acme/shop/pull/74",
}
WITH_URL = MINIMAL + "  preview_url: https://{{ENVIRONMENT_NAME}}.preview.example.com/\n"


def annotations(text=MINIMAL, **others):
    found = rendered(text, **others)["metadata"]["annotations"]
    return {name.removeprefix(OURS): value for name, value in found.items()}


def test_the_facts_about_the_pull_request_become_annotations():
    found = annotations(**FACTS)
    assert {name.replace("-", "_"): found[name] for name in ("commit", "branch", "author", "pull-request-url")} == FACTS


def test_facts_that_are_not_known_leave_no_annotation():
    assert set(annotations()) == {"repository", "pull-request"}


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("commit", "6f50ff2f", "--commit: '6f50ff2f' is not valid; use the full SHA"),
        ("commit", SHA.upper(), "use the full SHA"),
        ("branch", "a..b", "--branch: 'a..b' is not valid; use a branch name"),
        ("branch", "a" * 256, "use a branch name"),
        ("branch", "x\ny", "use a branch name"),
        ("author", "Jane Doe", "--author: 'Jane Doe' is not valid; use the user name"),
        ("author", "@all", "use the user name"),
        ("author", "x" * 300, "use the user name"),
        ("author", "x](https://evil.example)", "use the user name"),
        (
            "pull_request_url",
            "javascript:alert(1)",
            "--pull-request-url: 'javascript:alert(1)' is not valid; begin with",
        ),
        ("pull_request_url", "https://a:secret@evil.example/", "'https://***@evil.example/' is not valid; remove"),
    ],
)
def test_a_fact_that_could_be_more_than_a_fact_is_refused(field, value, remedy):
    with pytest.raises(PipelineError) as error:
        parameters(**{field: value})
    assert remedy in str(error.value)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://{{ENVIRONMENT_NAME}}.preview.example.com", "https://shop-74.preview.example.com"),
        ('"https://{{RELEASE_NAME}}.example.com/{{PR_NUMBER}}/"', "https://feat-x.example.com/74/"),
        ("https://{ { PR_NUMBER } }.example.com", "https://74.example.com"),
        ("http://localhost:30080", "http://localhost:30080"),
    ],
)
def test_the_preview_url_is_filled_in_for_us_and_for_argo_cd(written, url):
    found = annotations(f"{MINIMAL}  preview_url: {written}\n", repository_name="shop", git_ref="feat-x")
    assert found["preview-url"] == found["link.argocd.argoproj.io/external-link"] == url


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("ftp://shop.example.com", "'ftp://shop.example.com' is refused (InvalidSpec); use an https or http URL"),
        ("https://me:secret@shop.example.com", "'https://***@shop.example.com' is refused (InvalidSpec)"),
        ("javascript:alert(1)", "is refused (InvalidSpec)"),
        ("https://*.example.com", "is refused (InvalidSpec)"),
        ('"https://{{ENVIRONMENT}}.example.com"', "is refused (InvalidSpec)"),
        ("https://{{ENVIRONMENT_NAM}}.example.com", "unknown placeholder {{ENVIRONMENT_NAM}} (did you mean"),
        ("74", "74 is an integer, not a string; quote it"),
        ("[https://shop.example.com]", "the value is a list; write a string"),
        ('""', "the value is empty; fill it in (URL of the application"),
    ],
)
def test_another_kind_of_preview_url_is_refused_at_its_line(written, problem):
    (line,) = refusal(f"{MINIMAL}  preview_url: {written}\n")
    assert line.startswith("c.yaml:7:16: application.preview_url: ")
    assert problem in line
    assert "secret" not in line


def test_the_preview_url_comes_from_the_base_branch():
    mine = MINIMAL + "  preview_url: https://evil.example\n"
    assert annotations(mine, base=WITH_URL)["preview-url"].endswith(".preview.example.com/")
    assert "preview-url" not in annotations(mine, base=MINIMAL)
    assert differences(config(mine), config(WITH_URL)) == ("preview_url",)


def test_a_placeholder_of_the_environment_may_stand_in_the_values_too():
    text = MINIMAL + "    host: {{ENVIRONMENT_NAME}}.example.com\n"
    release = rendered(text, repository_name="shop")["spec"]["application"]["release"]
    assert release["values"]["host"] == "shop-74.example.com"


@pytest.mark.parametrize("template", ["{{ENVIRONMENT}}", "{{ release_name }}", "{{ RELEASE_NAME | quote }}"])
def test_words_that_only_resemble_the_new_placeholders_belong_to_the_chart(template):
    release = rendered(f"{MINIMAL}    x: '{template}'\n")["spec"]["application"]["release"]
    assert release["values"]["x"] == template
