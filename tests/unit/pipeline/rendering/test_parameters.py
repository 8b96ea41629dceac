"""Parameters of a pull request are used as plain text, or rejected."""

import pytest

from controller.pipeline.errors import PipelineError
from tests.unit.pipeline.rendering.builders import MINIMAL, parameters, rendered

HOSTILE = [
    "a;curl${IFS}x|sh",
    "$(id)",
    '"; rm -rf /',
    "--upload-pack=x",
    "../../x",
    "a\nb: c",
    "{a: b}",
    "!!python/object",
    "\udcff",
    "",
]


LETTERS = set("abcdefghijklmnopqrstuvwxyz0123456789-")
UNREADABLE = ["a\nb: c", "\udcff", ""]


@pytest.mark.parametrize("name", [text for text in HOSTILE if text not in UNREADABLE])
def test_any_repository_name_gives_a_valid_environment_name(name):
    assert set(parameters(repository_name=name).name) <= LETTERS


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_repository_name_that_is_not_printable_is_rejected(name):
    with pytest.raises(PipelineError, match=r"^--repo-name: "):
        parameters(repository_name=name)


# These are valid branch names for git.
BRANCHES = ["a;curl${IFS}x|sh", "$(id)", "!!python/object"]


@pytest.mark.parametrize("ref", BRANCHES)
def test_a_branch_name_is_used_unchanged(ref):
    release = rendered(MINIMAL, git_ref=ref)["spec"]["application"]["release"]
    assert release["chart"]["ref"] == ref
    assert set(release["releaseName"]) <= LETTERS


@pytest.mark.parametrize("ref", [text for text in HOSTILE if text not in BRANCHES])
def test_an_invalid_branch_name_is_rejected(ref):
    with pytest.raises(PipelineError, match=r"^--git-ref: "):
        parameters(git_ref=ref)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["image_repository", "image_tag", "git_url"])
def test_invalid_images_and_urls_are_rejected(field, text):
    with pytest.raises(PipelineError) as refused:
        parameters(**{field: text})
    assert "\n" not in str(refused.value)
    assert f"--{field.replace('_', '-')}: " in str(refused.value)


def test_the_message_names_flag_value_and_remedy():
    with pytest.raises(PipelineError) as refused:
        parameters(image_tag="$(id)", git_url="https://me:hunter2@github.com/a/b")
    assert str(refused.value) == (
        "--git-url: 'https://***@github.com/a/b' is not valid; remove the part before the @: "
        "https://github.com/a/b; put the user name and password in the Secret that secret_ref or TronadorConfig names; "
        "--image-tag: '$(id)' is not valid; use an image tag"
    )


NAMES = [
    *["nginx", "localhost:5000/a_b", "r.io/a/b__c-d", "Registry.Example.COM:5000/a/b", "[::1]:5000/a", "library/nginx"],
    *["123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop", "r.io/a---b/c.d"],
]


@pytest.mark.parametrize("tag", ["latest", "1.0", "_x", "a" * 128, "1.0@sha256:" + "a" * 64])
@pytest.mark.parametrize("name", NAMES)
def test_valid_image_names_and_tags_are_accepted(name, tag):
    assert parameters(image_repository=name, image_tag=tag).image_tag == tag


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("registry.example.com/shop:latest", "remove ':latest'; pass the tag in --image-tag"),
        ("shop:latest", "remove ':latest'; pass the tag in --image-tag"),
        ("localhost:5000/shop:1", "remove ':1'; pass the tag in --image-tag"),
        (f"r.io/a@sha256:{'0' * 64}", f"remove '@sha256:{'0' * 64}'; write the digest after the tag in --image-tag"),
        (
            "ghcr.io/Acme/Shop",
            "registries reject capitals after the host; push the image as 'ghcr.io/acme/shop' and use this name",
        ),
        ("R.io/Shop", "registries reject capitals after the host; push the image as 'R.io/shop' and use this name"),
        ("Acme/shop", "registries reject capitals after the host; push the image as 'acme/shop' and use this name"),
        ("https://r.io/shop", "remove 'https://'"),
        ("r.io/a//b", "use the name of an image without its tag, such as registry.example.com/team/shop"),
        ("r.io/-a", "use the name of an image without its tag, such as registry.example.com/team/shop"),
        ("r.io/" + "a" * 251, "shorten it to at most 255 characters"),
        ("-r.io/a", "write the registry as host or host:port before the first '/'"),
    ],
)
def test_an_invalid_image_name_is_rejected_with_a_remedy(name, remedy):
    with pytest.raises(PipelineError, match=r"^--image-repository: ") as refused:
        parameters(image_repository=name)
    assert str(refused.value).endswith(f" is not valid; {remedy}")


def test_a_password_before_a_registry_is_not_shown():
    with pytest.raises(PipelineError) as refused:
        parameters(image_repository="me:hunter2@r.io/shop")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("flag", "remedy"),
    [
        ("git_url", "put the user name and password in the Secret that secret_ref or TronadorConfig names"),
        ("repository_url", "this URL only identifies the repository"),
    ],
)
def test_a_user_in_a_url_is_rejected_with_the_corrected_url(flag, remedy):
    with pytest.raises(PipelineError) as refused:
        parameters(**{flag: "https://hunter2@dev.azure.com/acme/p/_git/shop"})
    assert str(refused.value) == (
        f"--{flag.replace('_', '-')}: 'https://***@dev.azure.com/acme/p/_git/shop' is not valid; remove the part "
        f"before the @: https://dev.azure.com/acme/p/_git/shop; {remedy}"
    )


def test_a_pull_request_of_a_fork_is_marked():
    assert rendered(MINIMAL, fork=True)["metadata"]["annotations"]["tronador.stakater.com/fork"] == "true"
    assert "tronador.stakater.com/fork" not in rendered(MINIMAL)["metadata"]["annotations"]


def test_the_environment_of_a_fork_belongs_to_the_target_repository():
    found = rendered(
        MINIMAL, git_url="https://github.com/someone/fork.git", repository_url="git@github.com:stakater-lab/shop.git"
    )
    assert found["spec"]["application"]["release"]["chart"]["git"] == "https://github.com/someone/fork.git"
    assert found["metadata"]["annotations"]["tronador.stakater.com/repository"] == "github.com/stakater-lab/shop"


@pytest.mark.parametrize("commit", ["6f50ff2ff844f5f7c2b6627e3d7319e4717ac847", "a" * 64])
def test_a_release_is_not_named_after_a_commit(commit):
    release = rendered(MINIMAL, git_ref=commit)["spec"]["application"]["release"]
    assert release["releaseName"] == "stakater-nordmart-inventory-74"
    assert release["chart"]["ref"] == commit


def test_names_follow_the_template():
    assert parameters(name_template="pr-{pr}-{repo}").name == "pr-74-stakater-nordmart-inventory"
