"""What is to be changed, decided from what lies in the folder."""

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


def test_a_new_environment_is_one_file():
    change = published(Content())
    assert (change.outcome, change.writes) == (Outcome.PUBLISHED, {FILE: b"new"})


def test_the_same_content_changes_nothing():
    change = published(Content(file=b"new", origin=SHOP))
    assert (change.outcome, change.writes) == (Outcome.UNCHANGED, {})


def test_another_content_replaces_it():
    assert published(Content(file=b"old", origin=SHOP)).writes == {FILE: b"new"}
    assert published(Content(file=b"old", origin=UNKNOWN), source=UNKNOWN).writes == {FILE: b"new"}
    # A name may be handed on from one pull request of a repository to the next.
    assert published(Content(file=b"old", origin=SHOP), source=NEXT).writes == {FILE: b"new"}


@pytest.mark.parametrize(
    ("present", "source", "words"),
    [
        (OTHER, SHOP, "pull request 74 of the repository github.com/other/shop, not to"),
        (UNKNOWN, SHOP, "a repository that it does not name"),
        (SHOP, UNKNOWN, "pull request 74 of the repository github.com/acme/shop"),
        (None, SHOP, "cannot be read"),
    ],
)
def test_what_belongs_to_somebody_else_is_not_overwritten(present, source, words):
    for document in (b"new", b"old"):
        with pytest.raises(GitOpsError) as refused:
            published(Content(file=b"old", origin=present), source=source, document=document)
        assert words in str(refused.value)
        assert FILE in str(refused.value)


def of_branch(ref, release, *, tag="one", name="shop-74"):
    """An environment's file."""
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
def test_a_release_that_runs_keeps_its_former_name(ref, former, todays, name):
    present, wanted = of_branch(ref, former), of_branch(ref, todays, tag="two")
    change = published(Content(file=present, origin=SHOP), document=wanted)
    assert change.writes == {FILE: of_branch(ref, former, tag="two")}
    assert published(Content(file=present, origin=SHOP), document=of_branch(ref, todays)).writes == {}


def test_the_release_of_a_forks_commit_keeps_its_former_name_too():
    name, todays = "2048-74", names.release_name("2048-74")
    present = of_branch("a" * 40, name, name=name)
    wanted = of_branch("b" * 40, todays, name=name)
    change = published(Content(file=present, origin=SHOP), document=wanted)
    assert change.writes == {FILE: of_branch("b" * 40, name, name=name)}


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        # It has today's name already, another branch, or a name that somebody chose.
        (("123", "r-123-a665a45920"), ("123", "r-123-a665a45920")),
        (("123", "123"), ("124", names.release_name("124"))),
        (("123", "mine"), ("123", "r-123-a665a45920")),
        (("123", "123"), ("123", "mine")),
        (("run-pipeline", "other"), ("run-pipeline", "run-pipeline")),
    ],
)
def test_any_other_name_of_a_release_is_published_as_it_is(present, wanted):
    document = of_branch(*wanted, tag="two")
    assert published(Content(file=of_branch(*present), origin=SHOP), document=document).writes == {FILE: document}


def test_a_new_environment_has_todays_name():
    document = of_branch("123", "r-123-a665a45920")
    assert published(Content(), document=document).writes == {FILE: document}


@pytest.mark.parametrize("time", ["", EARLY, CLOSED])
def test_a_build_that_ends_after_the_close_brings_nothing_back(time):
    change = published(Content(tombstone=GRAVE), time=time)
    assert (change.outcome, change.writes) == (Outcome.RETIRED, {})
    assert "--revive" in change.reason


@pytest.mark.parametrize("stone", [GRAVE, Tombstone(SHOP), Tombstone(UNKNOWN), Tombstone(Origin(SHOP.repository))])
def test_a_tombstone_can_be_overruled(stone):
    change = published(Content(tombstone=stone), revive=True)
    assert (change.outcome, change.writes) == (Outcome.PUBLISHED, {STONE: None, FILE: b"new"})


def test_what_happened_after_the_close_is_a_reopening():
    assert published(Content(tombstone=GRAVE), time=LATE).writes == {STONE: None, FILE: b"new"}


def test_a_tombstone_without_a_time_holds_until_it_is_overruled():
    assert published(Content(tombstone=Tombstone(SHOP)), time=LATE).outcome is Outcome.RETIRED


@pytest.mark.parametrize("stone", [Tombstone(OTHER, CLOSED), Tombstone(NEXT, CLOSED)])
def test_a_tombstone_holds_for_its_own_pull_request_only(stone):
    assert published(Content(tombstone=stone), time=EARLY).writes == {FILE: b"new"}


def test_a_retired_environment_leaves_a_tombstone():
    change = retired(Content(file=b"old", origin=SHOP))
    assert change.outcome is Outcome.RETIRED
    assert change.writes == {
        FILE: None,
        STONE: b'{"repository": "github.com/acme/shop", "pullRequest": "74", "time": "2026-03-01T12:00:00Z"}\n',
    }


def test_a_tombstone_learns_from_the_file_what_it_was_not_told():
    change = retired(Content(file=b"old", origin=SHOP), source=UNKNOWN, time="")
    assert change.writes[STONE] == b'{"repository": "github.com/acme/shop", "pullRequest": "74"}\n'


def test_a_file_that_cannot_be_read_is_retired_all_the_same():
    assert retired(Content(file=b"broken", origin=None)).writes[FILE] is None


def test_the_tombstone_of_an_environment_that_never_was_stops_its_late_build():
    change = retired(Content())
    assert change.outcome is Outcome.RETIRED
    assert list(change.writes) == [STONE]


@pytest.mark.parametrize("time", ["", EARLY, CLOSED])
def test_retiring_again_changes_nothing(time):
    change = retired(Content(tombstone=GRAVE), time=time)
    assert (change.outcome, change.writes) == (Outcome.UNCHANGED, {})


def test_a_second_close_moves_the_tombstone_on():
    assert LATE.encode() in retired(Content(tombstone=GRAVE), time=LATE).writes[STONE]


def test_the_next_pull_requests_tombstone_takes_the_place_of_the_last_ones():
    assert b'"75"' in retired(Content(tombstone=GRAVE), source=NEXT).writes[STONE]


@pytest.mark.parametrize("present", [OTHER, NEXT])
def test_what_belongs_to_somebody_else_is_left_alone(present):
    change = retired(Content(file=b"theirs", origin=present))
    assert (change.outcome, change.writes) == (Outcome.UNCHANGED, {})
    assert "left alone" in change.reason


def test_a_renamed_repository_publishes_over_its_own_file():
    old, new = Origin("github.com/acme/shop", "74", "1"), Origin("github.com/other/shop", "74", "1")
    assert published(Content(file=b"old", origin=old), source=new).writes == {FILE: b"new"}
    assert retired(Content(file=b"old", origin=old), source=new).writes[FILE] is None


def test_a_repository_that_took_the_place_of_a_renamed_one_is_another():
    old, new = Origin("github.com/acme/shop", "74", "1"), Origin("github.com/acme/shop", "74", "2")
    with pytest.raises(GitOpsError, match="is there already and belongs to"):
        published(Content(file=b"old", origin=old), source=new)
    assert retired(Content(file=b"old", origin=old), source=new).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("present", [None, SHOP, OTHER])
def test_what_the_pull_request_was_called_before_is_retired_too(present):
    content = Content(file=None if present is None else b"x", origin=present, kin=frozenset({"store-74"}))
    change = retired(content)
    assert change.outcome is Outcome.RETIRED
    assert change.writes["envs/store-74.yaml"] is None
    assert b"acme/shop" in change.writes["envs/.retired/store-74"]
    assert "envs/store-74.yaml" in change.reason
    assert (STONE in change.writes) is (present is not OTHER)
    assert (FILE in change.writes) is (present is SHOP)


def test_the_last_file_leaves_something_that_keeps_the_folder():
    assert retired(Content(file=b"old", origin=SHOP, others=False)).writes[KEEP] == b""
    assert KEEP not in retired(Content(file=b"old", origin=SHOP, others=True)).writes


def test_the_root_needs_nothing_that_keeps_it():
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
def test_a_folder_that_leads_elsewhere_is_refused(text):
    with pytest.raises(ValueError, match="no folder of the repository"):
        folder(text)


@pytest.mark.parametrize("name", ["", "..", "../../x", "a/b", "A", "--x", "a\n", "$(id)", "a" * 64, ".retired"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="no name of an environment"):
        places("envs", name)


def test_two_repositories_of_one_place_are_told_apart_by_their_numbers():
    old, new = (Origin(SHOP.repository, "74", number) for number in ("1", "2"))
    with pytest.raises(GitOpsError) as refused:
        published(Content(file=b"old", origin=old), source=new)
    for words in (str(refused.value), retired(Content(file=b"old", origin=old), source=new).reason):
        assert "(repository number 1), not to" in words
        assert "(repository number 2)" in words


def test_a_retirement_that_finds_no_file_says_so():
    assert retired(Content()).reason.startswith(f"there is no {FILE}")
    assert f"{FILE} is retired" in retired(Content(file=b"old", origin=SHOP)).reason
    # A file of another name went: only that one is named.
    assert FILE not in retired(Content(kin=frozenset({"store-74"}))).reason
