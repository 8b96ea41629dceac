"""Which changes publish and retire decide on, given the content of the folder."""

import pytest
import yaml

from controller.apimachinery import names
from controller.pipeline.gitops import Content, GitOpsError, Origin, Outcome, folder, places, publish, retire
from controller.pipeline.gitops.tombstone import Tombstone
from controller.pipeline.yamlfiles import write
from tests.unit.pipeline.gitops.origin_repository import environment

SHOP = Origin("github.com/acme/shop", "74")
OTHER = Origin("github.com/other/shop", "74")
NEXT = Origin("github.com/acme/shop", "75")
UNKNOWN = Origin()
PLACES = places("envs", "shop-74")
FILE, STONE, KEEP = "envs/shop-74.yaml", "envs/.retired/shop-74", "envs/.gitkeep"
EARLY, CLOSED, LATE = "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"
GRAVE = Tombstone(SHOP, CLOSED)


def published(content, *, document=b"new", source=SHOP, revive=False, time=""):
    return publish(content, places=PLACES, document=document, source=source, revive=revive, time=time)


def retired(content, *, source=SHOP, time=CLOSED):
    return retire(content, places=PLACES, source=source, time=time)


def test_publishing_a_new_environment_writes_one_file():
    change = published(Content())
    assert (change.outcome, change.writes) == (Outcome.PUBLISHED, {FILE: b"new"})


def test_publishing_the_same_content_changes_nothing():
    change = published(Content(file=b"new", origin=SHOP))
    assert (change.outcome, change.writes) == (Outcome.UNCHANGED, {})


def test_publishing_new_content_replaces_the_file():
    assert published(Content(file=b"old", origin=SHOP)).writes == {FILE: b"new"}
    assert published(Content(file=b"old", origin=UNKNOWN), source=UNKNOWN).writes == {FILE: b"new"}
    # Another pull request of the same repository may reuse the name.
    assert published(Content(file=b"old", origin=SHOP), source=NEXT).writes == {FILE: b"new"}


@pytest.mark.parametrize(
    ("present", "source", "words"),
    [
        (OTHER, SHOP, "pull request 74 of the repository github.com/other/shop, not to"),
        (UNKNOWN, SHOP, "an unnamed repository"),
        (SHOP, UNKNOWN, "pull request 74 of the repository github.com/acme/shop"),
        (None, SHOP, "cannot be read"),
    ],
)
def test_publish_refuses_to_overwrite_a_file_of_another_owner(present, source, words):
    for document in (b"new", b"old"):
        with pytest.raises(GitOpsError) as refused:
            published(Content(file=b"old", origin=present), source=source, document=document)
        assert words in str(refused.value)
        assert FILE in str(refused.value)


def of_branch(ref, release, *, tag="one", name="shop-74"):
    """Return an environment's file."""
    obj = yaml.safe_load(environment(name, tag=tag))
    obj["spec"]["application"]["release"] |= {"releaseName": release}
    obj["spec"]["application"]["release"]["chart"]["ref"] = ref
    return write(obj).encode()


@pytest.mark.parametrize(
    ("ref", "former", "todays", "name"),
    [
        ("123", "123", "r-123-a665a45920", "shop-74"),
        ("123-fix-bug", "123-fix-bug", "r-123-fix-bug-62f8211988", "shop-74"),
        ("yes", "yes", "yes-8a798890fe", "shop-74"),
        ("1_000", "1-000-5033ad0f24", "r-1-000-5033ad0f24", "shop-74"),
    ],
)
def test_a_running_release_keeps_its_former_name(ref, former, todays, name):
    present, wanted = of_branch(ref, former), of_branch(ref, todays, tag="two")
    change = published(Content(file=present, origin=SHOP), document=wanted)
    assert change.writes == {FILE: of_branch(ref, former, tag="two")}
    assert published(Content(file=present, origin=SHOP), document=of_branch(ref, todays)).writes == {}


def test_a_release_named_after_its_environment_keeps_its_former_name():
    name, todays = "2048-74", names.release_name("2048-74")
    present = of_branch("a" * 40, name, name=name)
    wanted = of_branch("b" * 40, todays, name=name)
    change = published(Content(file=present, origin=SHOP), document=wanted)
    assert change.writes == {FILE: of_branch("b" * 40, name, name=name)}


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        # The name is already the current one, the branch differs, or somebody chose the name.
        (("123", "r-123-a665a45920"), ("123", "r-123-a665a45920")),
        (("123", "123"), ("124", names.release_name("124"))),
        (("123", "mine"), ("123", "r-123-a665a45920")),
        (("123", "123"), ("123", "mine")),
        (("run-pipeline", "other"), ("run-pipeline", "run-pipeline")),
    ],
)
def test_any_other_release_name_is_published_unchanged(present, wanted):
    document = of_branch(*wanted, tag="two")
    assert published(Content(file=of_branch(*present), origin=SHOP), document=document).writes == {FILE: document}


def test_a_new_environment_gets_the_current_release_name():
    document = of_branch("123", "r-123-a665a45920")
    assert published(Content(), document=document).writes == {FILE: document}


@pytest.mark.parametrize("time", ["", EARLY, CLOSED])
def test_a_build_that_ends_after_the_close_publishes_nothing(time):
    change = published(Content(tombstone=GRAVE), time=time)
    assert (change.outcome, change.writes) == (Outcome.RETIRED, {})
    assert "--revive" in change.reason


@pytest.mark.parametrize("stone", [GRAVE, Tombstone(SHOP), Tombstone(UNKNOWN), Tombstone(Origin(SHOP.repository))])
def test_revive_overrides_a_tombstone(stone):
    change = published(Content(tombstone=stone), revive=True)
    assert (change.outcome, change.writes) == (Outcome.PUBLISHED, {STONE: None, FILE: b"new"})


def test_an_event_later_than_the_close_counts_as_a_reopening():
    assert published(Content(tombstone=GRAVE), time=LATE).writes == {STONE: None, FILE: b"new"}


def test_a_tombstone_without_a_time_applies_to_every_event():
    assert published(Content(tombstone=Tombstone(SHOP)), time=LATE).outcome is Outcome.RETIRED


@pytest.mark.parametrize("stone", [Tombstone(OTHER, CLOSED), Tombstone(NEXT, CLOSED)])
def test_a_tombstone_applies_only_to_its_own_pull_request(stone):
    assert published(Content(tombstone=stone), time=EARLY).writes == {FILE: b"new"}


def test_a_retired_environment_leaves_a_tombstone():
    change = retired(Content(file=b"old", origin=SHOP))
    assert change.outcome is Outcome.RETIRED
    assert change.writes == {
        FILE: None,
        STONE: b'{"repository": "github.com/acme/shop", "pullRequest": "74", "time": "2026-03-01T12:00:00Z"}\n',
    }


def test_a_tombstone_takes_unknown_fields_from_the_retired_file():
    change = retired(Content(file=b"old", origin=SHOP), source=UNKNOWN, time="")
    assert change.writes[STONE] == b'{"repository": "github.com/acme/shop", "pullRequest": "74"}\n'


def test_an_unreadable_file_is_retired_too():
    assert retired(Content(file=b"broken", origin=None)).writes[FILE] is None


def test_retiring_an_absent_environment_writes_only_a_tombstone():
    change = retired(Content())
    assert change.outcome is Outcome.RETIRED
    assert list(change.writes) == [STONE]


@pytest.mark.parametrize("time", ["", EARLY, CLOSED])
def test_retiring_again_changes_nothing(time):
    change = retired(Content(tombstone=GRAVE), time=time)
    assert (change.outcome, change.writes) == (Outcome.UNCHANGED, {})


def test_a_second_close_updates_the_time_of_the_tombstone():
    assert LATE.encode() in retired(Content(tombstone=GRAVE), time=LATE).writes[STONE]


def test_a_tombstone_replaces_one_of_an_earlier_pull_request():
    assert b'"75"' in retired(Content(tombstone=GRAVE), source=NEXT).writes[STONE]


@pytest.mark.parametrize("present", [OTHER, NEXT])
def test_retire_does_not_change_a_file_of_another_owner(present):
    change = retired(Content(file=b"theirs", origin=present))
    assert (change.outcome, change.writes) == (Outcome.UNCHANGED, {})
    assert "is not changed" in change.reason


def test_a_renamed_repository_still_owns_its_file():
    old, new = Origin("github.com/acme/shop", "74", "1"), Origin("github.com/other/shop", "74", "1")
    assert published(Content(file=b"old", origin=old), source=new).writes == {FILE: b"new"}
    assert retired(Content(file=b"old", origin=old), source=new).writes[FILE] is None


def test_a_new_repository_under_an_old_name_does_not_own_the_old_file():
    old, new = Origin("github.com/acme/shop", "74", "1"), Origin("github.com/acme/shop", "74", "2")
    with pytest.raises(GitOpsError, match="already exists and belongs to"):
        published(Content(file=b"old", origin=old), source=new)
    assert retired(Content(file=b"old", origin=old), source=new).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("present", [None, SHOP, OTHER])
def test_environments_under_a_former_repository_name_are_retired_too(present):
    content = Content(file=None if present is None else b"x", origin=present, kin=frozenset({"store-74"}))
    change = retired(content)
    assert change.outcome is Outcome.RETIRED
    assert change.writes["envs/store-74.yaml"] is None
    assert b"acme/shop" in change.writes["envs/.retired/store-74"]
    assert "envs/store-74.yaml" in change.reason
    assert (STONE in change.writes) is (present is not OTHER)
    assert (FILE in change.writes) is (present is SHOP)


def test_retiring_the_last_file_keeps_the_folder_in_git():
    assert retired(Content(file=b"old", origin=SHOP, others=False)).writes[KEEP] == b""
    assert KEEP not in retired(Content(file=b"old", origin=SHOP, others=True)).writes


def test_retiring_the_last_file_of_the_root_adds_no_file():
    root = places(".", "shop-74")
    change = retire(Content(file=b"old", origin=SHOP, others=False), places=root, source=SHOP, time="")
    assert sorted(change.writes) == [".retired/shop-74", "shop-74.yaml"]


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("envs", "envs/shop-74.yaml"),
        ("./team/envs/", "team/envs/shop-74.yaml"),
        ("team//envs", "team/envs/shop-74.yaml"),
        (".", "shop-74.yaml"),
        ("", "shop-74.yaml"),
        ("-x", "-x/shop-74.yaml"),
        ("a b;$(id)", "a b;$(id)/shop-74.yaml"),
    ],
)
def test_a_folder_is_relative_to_the_root(text, file):
    assert places(folder(text), "shop-74").file == file


@pytest.mark.parametrize("text", ["/etc", "..", "a/../../b", ".git", "a/.GIT/hooks", "a\nb", "a\\b", "a\x00b"])
def test_a_folder_outside_the_repository_is_rejected(text):
    with pytest.raises(ValueError, match="not a folder in the repository"):
        folder(text)


@pytest.mark.parametrize("name", ["", "..", "../../x", "a/b", "A", "--x", "a\n", "$(id)", "a" * 64, ".retired"])
def test_an_invalid_environment_name_is_rejected(name):
    with pytest.raises(ValueError, match="not a valid environment name"):
        places("envs", name)


def test_a_message_about_two_repositories_of_one_name_has_their_ids():
    old, new = (Origin(SHOP.repository, "74", number) for number in ("1", "2"))
    with pytest.raises(GitOpsError) as refused:
        published(Content(file=b"old", origin=old), source=new)
    for words in (str(refused.value), retired(Content(file=b"old", origin=old), source=new).reason):
        assert "(repository ID 1), not to" in words
        assert "(repository ID 2)" in words


def test_the_reason_says_which_files_were_retired():
    assert retired(Content()).reason.startswith(f"there is no {FILE}")
    assert f"{FILE} is retired" in retired(Content(file=b"old", origin=SHOP)).reason
    # Only a file of another name was retired, so the reason names that one.
    assert FILE not in retired(Content(kin=frozenset({"store-74"}))).reason
