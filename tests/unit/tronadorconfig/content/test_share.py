"""Which part of a TronadorConfig an environment gets, by the repository of its chart, and which it may not get."""

import pytest
import yaml

from controller.apimachinery.findings import shown
from controller.tronadorconfig.content import Sharing, parse
from tests.samples import documents

REPOSITORY = "https://github.com/org/private"


def _secret(name):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": "hunter2"}}


def _config(**spec):
    return parse({"spec": {"secrets": [_secret("git"), _secret("registry"), _secret("other")], **spec}})


def _share(config, url=REPOSITORY, *, prefixes=(), fork=False):
    return Sharing(config, credential_git_prefixes=prefixes).of("" if fork else url)


def _mapped(*repositories):
    return _config(mappings=[{"repos": list(repositories), "authSecret": "git", "imagePullSecret": "registry"}])


def _names(share):
    return [manifest.name for manifest in share.manifests]


def test_an_empty_config_gives_nothing():
    assert _share(parse({})).is_empty
    assert _share(parse({})) == _share(parse({"spec": {"mappings": None}}))


def test_manifests_are_for_every_environment():
    config = parse({"resources": {"manifests": [_secret("common")]}})
    for url in (REPOSITORY, "git@other.example:a/b", "no URL at all"):
        assert _names(_share(config, url)) == ["common"]
    assert _names(_share(config, fork=True)) == ["common"]


def test_a_mapped_repository_gets_what_its_mapping_names_and_nothing_else():
    share = _share(_mapped("github.com/org/private"))
    assert _names(share) == ["git", "registry"]
    assert (share.git_secret, share.image_pull_secret) == ("git", "registry")
    assert share.withheld == ()


def test_an_object_that_creates_a_secret_of_the_name_is_included():
    external = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "git"}}
    config = _config(
        secrets=[external, _secret("registry")], mappings=[{"repos": ["github.com/org/private"], "authSecret": "git"}]
    )
    assert [manifest.kind for manifest in _share(config).manifests] == ["ExternalSecret"]


def test_a_repository_that_no_mapping_names_gets_what_is_for_all():
    config = _config(
        mappings=[{"repos": ["github.com/org/other"], "authSecret": "other"}],
        orgLevelSecrets={"imagePullSecret": "registry"},
    )
    assert _names(_share(config)) == ["registry"]
    assert _names(_share(config, "https://github.com/org/other")) == ["other"]


def test_a_mapping_without_an_auth_secret_means_a_public_repository():
    config = _config(
        mappings=[{"repos": ["private"], "authSecret": "", "imagePullSecret": "registry"}],
        orgLevelSecrets={"authSecret": "git"},
    )
    share = _share(config, prefixes=("github.com/org",))
    assert (share.git_secret, _names(share)) == ("", ["registry"])


def test_a_name_with_its_host_takes_precedence_over_a_bare_one():
    config = _config(
        mappings=[
            {"repos": ["private"], "authSecret": "other"},
            {"repos": ["github.com/org/private"], "authSecret": "git"},
        ]
    )
    assert _share(config, prefixes=("github.com",)).git_secret == "git"
    assert _share(config, "https://github.com/team/private", prefixes=("github.com",)).git_secret == "other"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/org/private",
        "https://github.com/org/private.git",
        "https://GitHub.com:443/org/private/",
        "ssh://git@github.com/org/private.git",
        "git@github.com:org/private.git",
    ],
)
def test_a_repository_is_the_same_however_its_url_is_written(url):
    assert _share(_mapped("github.com/org/private"), url).git_secret == "git"
    assert _share(_mapped("private"), url, prefixes=("github.com/org",)).git_secret == "git"


# SecretNames that an environment may not get


@pytest.mark.parametrize(
    ("url", "prefixes"),
    [
        (REPOSITORY, ()),
        ("https://evil.example/private", ("github.com/org",)),
        ("https://github.com/organisation/private", ("github.com/org",)),
        ("https://github.com.evil.example/org/private", ("github.com/org",)),
        ("https://evil.example/github.com/org/private", ("github.com/org",)),
        ("https://github.com:8443/org/private", ("github.com/org",)),
        ("http://github.com/org/private", ("github.com/org",)),
    ],
)
def test_a_bare_name_gets_no_git_credential_outside_the_prefixes(url, prefixes):
    share = _share(_mapped("private"), url, prefixes=prefixes)
    assert (share.git_secret, _names(share), share.withheld) == ("", ["registry"], ("git",))


@pytest.mark.parametrize("prefix", ["github.com", "github.com/org", "github.com/org/private"])
def test_a_bare_name_gets_its_git_credential_below_a_prefix(prefix):
    assert _share(_mapped("private"), prefixes=(prefix,)).git_secret == "git"


@pytest.mark.parametrize("url", ["https://evil.example/org/private", "http://github.com/org/private"])
def test_a_name_with_host_gets_its_credential_on_that_host_but_not_over_http(url):
    share = _share(_mapped("github.com/org/private"), url, prefixes=("github.com",))
    assert (share.git_secret, "git" in _names(share)) == ("", False)


def test_a_git_credential_for_all_is_for_those_below_a_prefix():
    config = _config(orgLevelSecrets={"authSecret": "git", "imagePullSecret": "registry"})
    inside = _share(config, prefixes=("github.com/org",))
    outside = _share(config, "https://evil.example/any", prefixes=("github.com/org",))
    assert (inside.git_secret, _names(inside)) == ("git", ["git", "registry"])
    assert (outside.git_secret, _names(outside)) == ("", ["registry"])


def test_a_git_credential_is_not_given_out_as_a_pull_secret():
    config = _config(
        mappings=[
            {"repos": ["private"], "imagePullSecret": "git"},
            {"repos": ["github.com/org/other"], "authSecret": "git"},
        ]
    )
    share = _share(config, "https://evil.example/private")
    assert (share.image_pull_secret, _names(share), share.withheld) == ("", [], ("git",))
    assert _share(config, prefixes=("github.com/org",)).image_pull_secret == "git"


@pytest.mark.parametrize("copy", [{"name": "git"}, {"name": "git", "repos": ["private"]}])
def test_a_git_credential_is_not_given_out_as_a_copy(copy):
    config = _config(
        secrets=[], mappings=[{"repos": ["github.com/org/private"], "authSecret": "git"}], copySecrets=[copy]
    )
    assert _share(config, "https://evil.example/private").copies == ()
    assert _share(config, prefixes=("github.com/org",)).copies == ("git",)


def test_a_copy_is_for_every_environment_or_for_those_of_its_repositories():
    config = _config(copySecrets=[{"name": "all"}, {"name": "some", "repos": ["github.com/org/private"]}])
    assert _share(config).copies == ("all", "some")
    assert _share(config, "https://evil.example/org/private").copies == ("all",)
    assert _share(config, "no URL at all").copies == ("all",)


def test_a_bare_name_gives_a_copy_below_a_prefix_only():
    config = _config(copySecrets=[{"name": "some", "repos": ["private"]}])
    assert _share(config).copies == ()
    assert _share(config, prefixes=("github.com/org",)).copies == ("some",)


def test_code_from_a_fork_gets_only_what_is_for_all():
    config = parse(
        {
            "resources": {"manifests": [_secret("common")]},
            "spec": {
                "secrets": [_secret("git"), _secret("registry")],
                "mappings": [{"repos": ["github.com/org/private"], "authSecret": "git", "imagePullSecret": "registry"}],
                "orgLevelSecrets": {"imagePullSecret": "registry"},
                "copySecrets": [{"name": "all"}, {"name": "some", "repos": ["github.com/org/private"]}],
            },
        }
    )
    share = _share(config, prefixes=("github.com",), fork=True)
    assert (_names(share), share.copies) == (["common"], ("all",))
    assert (share.git_secret, share.image_pull_secret) == ("", "")


# A problem of a part concerns only the environments that get it


def test_a_bad_secret_concerns_only_environments_that_map_to_it():
    bad = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git"}, "data": {"password": "password"}}
    config = _config(
        secrets=[bad, _secret("registry")],
        mappings=[{"repos": ["github.com/org/private"], "authSecret": "git"}],
        orgLevelSecrets={"imagePullSecret": "registry"},
    )
    assert [shown(problem.path) for problem in _share(config).problems] == ["spec.secrets[0].data[password]"]
    assert _share(config, "https://github.com/org/other").problems == ()


def test_a_duplicate_concerns_only_environments_that_get_both_objects():
    config = _config(
        mappings=[{"repos": ["github.com/org/private"], "authSecret": "git"}],
        copySecrets=[{"name": "git", "repos": ["github.com/org/private"]}],
    )
    assert [problem.reason for problem in _share(config).problems] == ["Duplicate"]
    assert _share(config, "https://github.com/org/other").problems == ()


def test_a_misfit_concerns_every_environment():
    config = parse({"resources": {"manifests": "text"}})
    share = _share(config)
    assert [shown(problem.path) for problem in share.problems] == ["resources.manifests"]
    assert not share.is_empty


# As users wrote them


def _written(name):
    [file] = documents(f"tronadorconfig-{name}")
    return parse(yaml.safe_load(file.read_text()))


def test_mappings_lead_to_the_secrets_that_they_name():
    config = _written("mappings")
    prefixes = ("git.example.com/acme",)
    url = "https://git.example.com/acme/"

    public = _share(config, url + "shop", prefixes=prefixes)
    private = _share(config, url + "reviews-private", prefixes=prefixes)
    elsewhere = _share(config, "https://evil.example/reviews-private", prefixes=prefixes)

    assert [(m.kind, m.name) for m in public.manifests] == [("ExternalSecret", "registry")]
    assert public.git_secret == "mains"
    assert {(m.kind, m.name) for m in private.manifests} == {
        ("Secret", "private-git"),
        ("ExternalSecret", "registry"),
    }
    assert (private.git_secret, private.image_pull_secret) == ("private-git", "registry")
    assert [(m.kind, m.name) for m in elsewhere.manifests] == [("ExternalSecret", "registry")]
    assert elsewhere.withheld == ("private-git",)


def test_common_secrets_are_for_every_environment():
    assert _names(_share(_written("secrets"))) == ["database", "mail"]
    assert _names(_share(_written("externalsecret"))) == ["database", "registry"]
