"""What a pipeline says of a pull request: inert text, or refused."""

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
def test_a_repositorys_name_becomes_a_name(name):
    assert set(parameters(repository_name=name).name) <= LETTERS


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_repository_that_cannot_be_read_is_refused(name):
    with pytest.raises(PipelineError, match=r"^--repo-name: "):
        parameters(repository_name=name)


# git takes them for branches, so they are.
BRANCHES = ["a;curl${IFS}x|sh", "$(id)", "!!python/object"]


@pytest.mark.parametrize("ref", BRANCHES)
def test_a_branch_is_text(ref):
    release = rendered(MINIMAL, git_ref=ref)["spec"]["application"]["release"]
    assert release["chart"]["ref"] == ref
    assert set(release["releaseName"]) <= LETTERS


@pytest.mark.parametrize("ref", [text for text in HOSTILE if text not in BRANCHES])
def test_what_git_takes_for_no_branch_is_refused(ref):
    with pytest.raises(PipelineError, match=r"^--git-ref: "):
        parameters(git_ref=ref)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["image_repository", "image_tag", "git_url"])
def test_what_is_no_image_and_no_url_is_refused(field, text):
    with pytest.raises(PipelineError) as refused:
        parameters(**{field: text})
    assert "\n" not in str(refused.value)
    assert f"--{field.replace('_', '-')}: " in str(refused.value)


def test_the_message_names_flag_value_and_remedy():
    with pytest.raises(PipelineError) as refused:
        parameters(image_tag="$(id)", git_url="https://me:hunter2@github.com/a/b")
    assert str(refused.value) == (
        "--git-url: 'https://***@github.com/a/b' cannot be used; take what stands before the @ out: "
        "https://github.com/a/b; a name and a password belong into the Secret that secret_ref or TronadorConfig names; "
        "--image-tag: '$(id)' cannot be used; give a tag of an image"
    )


NAMES = [
    *["nginx", "localhost:5000/a_b", "r.io/a/b__c-d", "Registry.Example.COM:5000/a/b", "[::1]:5000/a", "library/nginx"],
    *["123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop", "r.io/a---b/c.d"],
]


@pytest.mark.parametrize("tag", ["latest", "1.0", "_x", "a" * 128, "1.0@sha256:" + "a" * 64])
@pytest.mark.parametrize("name", NAMES)
def test_images_as_registries_name_them_are_taken(name, tag):
    assert parameters(image_repository=name, image_tag=tag).image_tag == tag


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("registry.example.com/shop:latest", "leave out ':latest'; the tag goes into --image-tag"),
        ("shop:latest", "leave out ':latest'; the tag goes into --image-tag"),
        ("localhost:5000/shop:1", "leave out ':1'; the tag goes into --image-tag"),
        (f"r.io/a@sha256:{'0' * 64}", f"leave out '@sha256:{'0' * 64}'; a digest goes after the tag in --image-tag"),
        (
            "ghcr.io/Acme/Shop",
            "registries take no capitals after the host: push and name the image as 'ghcr.io/acme/shop'",
        ),
        ("R.io/Shop", "registries take no capitals after the host: push and name the image as 'R.io/shop'"),
        ("Acme/shop", "registries take no capitals after the host: push and name the image as 'acme/shop'"),
        ("https://r.io/shop", "leave out 'https://'"),
        ("r.io/a//b", "give an image's name without its tag, such as registry.example.com/team/shop"),
        ("r.io/-a", "give an image's name without its tag, such as registry.example.com/team/shop"),
        ("r.io/" + "a" * 251, "give an image's name without its tag, such as registry.example.com/team/shop"),
        ("-r.io/a", "give the registry as host or host:port before the first '/'"),
    ],
)
def test_a_name_of_an_image_that_no_registry_takes_is_refused_with_the_remedy(name, remedy):
    with pytest.raises(PipelineError, match=r"^--image-repository: ") as refused:
        parameters(image_repository=name)
    assert str(refused.value).endswith(f" cannot be used; {remedy}")


def test_a_password_before_a_registry_is_not_shown():
    with pytest.raises(PipelineError) as refused:
        parameters(image_repository="me:hunter2@r.io/shop")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("flag", "remedy"),
    [
        ("git_url", "a name and a password belong into the Secret that secret_ref or TronadorConfig names"),
        ("repository_url", "it only says which repository is meant"),
    ],
)
def test_a_name_before_the_host_is_refused_with_the_url_that_is_left(flag, remedy):
    with pytest.raises(PipelineError) as refused:
        parameters(**{flag: "https://hunter2@dev.azure.com/acme/p/_git/shop"})
    assert str(refused.value) == (
        f"--{flag.replace('_', '-')}: 'https://***@dev.azure.com/acme/p/_git/shop' cannot be used; take what stands "
        f"before the @ out: https://dev.azure.com/acme/p/_git/shop; {remedy}"
    )


def test_a_pull_request_of_a_fork_is_marked():
    assert rendered(MINIMAL, fork=True)["metadata"]["annotations"]["tronador.stakater.com/fork"] == "true"
    assert "tronador.stakater.com/fork" not in rendered(MINIMAL)["metadata"]["annotations"]


def test_a_fork_is_cloned_but_its_environment_belongs_to_the_repository_that_the_pull_request_is_for():
    found = rendered(
        MINIMAL, git_url="https://github.com/someone/fork.git", repository_url="git@github.com:stakater-lab/shop.git"
    )
    assert found["spec"]["application"]["release"]["chart"]["git"] == "https://github.com/someone/fork.git"
    assert found["metadata"]["annotations"]["tronador.stakater.com/repository"] == "github.com/stakater-lab/shop"


@pytest.mark.parametrize("commit", ["6f50ff2ff844f5f7c2b6627e3d7319e4717ac847", "a" * 64])
def test_a_commit_does_not_name_a_release_because_the_next_push_would_rename_it(commit):
    release = rendered(MINIMAL, git_ref=commit)["spec"]["application"]["release"]
    assert release["releaseName"] == "stakater-nordmart-inventory-74"
    assert release["chart"]["ref"] == commit


def test_names_follow_the_template():
    assert parameters(name_template="pr-{pr}-{repo}").name == "pr-74-stakater-nordmart-inventory"
