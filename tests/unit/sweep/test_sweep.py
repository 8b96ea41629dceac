"""`tronador sweep` on a real git repository, beside a GitHub and a GitLab that fail in every way."""

import json

import pytest

from controller.app import cli
from hack.standins.scm.exchange import Answer
from tests.unit.pipeline.gitops.origin_repository import environment
from tests.unit.sweep.bed import CART, GITHUB, GITLAB, SHOP, live, verdicts

FAILURES = (
    {"answer": Answer(status=404, body={"message": "Not Found"})},
    {"answer": Answer(status=403, body={"message": "Forbidden"})},
    {"answer": Answer(status=401, body={"message": "Bad credentials"})},
    {"answer": Answer(status=500, text="oops")},
    {"answer": Answer(status=503, body={})},
    # No answer, and one that comes too late.
    {"answer": None},
    {"delay": 2.0, "only_late": True},
    {"answer": Answer(status=429, headers={"Retry-After": "1"}, body={})},
    {"answer": Answer(status=200, body={})},
    {"answer": Answer(status=200, body=[])},
    {"answer": Answer(status=200, text='{"number": 1, "state": "clo')},
    # No time, and no number: it may be about another pull request.
    {"answer": Answer(status=200, body={"number": 111, "state": "closed"})},
    {"answer": Answer(status=200, body={"state": "closed", "closed_at": "2020-01-01T00:00:00Z"})},
    {"answer": Answer(status=204)},
    {"answer": Answer(status=301, headers={"Location": "https://evil.example.com/repos/a/b"})},
    {"answer": Answer(status=301)},
)


@pytest.mark.slow
def test_of_300_environments_exactly_those_go_whose_pull_request_is_closed(bed, capsys):
    closed = {bed.add(number, closed=True, with_id=number % 2 == 0) for number in range(1, 21)}
    closed |= {bed.add(number, host=GITLAB, path=CART, merged=True, with_id=number < 7) for number in range(1, 21)}
    failing = {bed.add(100 + number, closed=True) for number, _ in enumerate(FAILURES)}
    failing |= {bed.add(100 + n, host=GITLAB, path=CART, closed=True, with_id=True) for n, _ in enumerate(FAILURES)}
    opened = {bed.add(number) for number in range(200, 500 - len(closed) - len(failing))}
    bed.fail(dict(enumerate(FAILURES, start=100)))

    code, report, _ = bed.sweep(capsys, "--apply")

    assert len(closed) == 40
    assert (code, set(report["retired"])) == (1, closed)
    assert bed.names() == opened | failing
    found = verdicts(report)
    assert {found[name] for name in opened} == {"open"}
    assert {name: found[name] for name in failing} == dict.fromkeys(failing, "unknown")
    commits = bed.repository.log()
    assert commits[0] == "Retire 40 environments whose pull requests are closed"
    stones = [path for path in bed.repository.files() if path.startswith("envs/.retired/")]
    assert len(stones) == 40

    bed.forge.set_faults([])
    code, report, _ = bed.sweep(capsys, "--apply")
    assert (code, set(report["retired"])) == (0, failing), "what was not known goes as soon as it is"
    assert bed.sweep(capsys, "--apply")[1]["retired"] == []
    assert len(bed.repository.log()) == len(commits) + 1


def test_without_apply_nothing_is_written(bed, capsys):
    bed.add(1, closed=True)
    bed.add(2)
    bed.push()
    commits = bed.repository.log()
    code, report, err = bed.sweep(capsys)
    assert (code, report["retired"], verdicts(report)) == (0, [], {"shop-1": "closed", "shop-2": "open"})
    assert (bed.repository.log(), err) == (commits, "")

    flags = [f"--repository={bed.repository.path}", "--path=envs", f"--credentials={bed.credentials[0]}"]
    assert cli.main(["sweep", *flags], {}) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "[debug" not in line]
    assert lines[0].split() == ["NAME", "STATE", "ACTION", "REASON"]
    assert lines[1].startswith("shop-1   closed   would retire   closed at 2")
    assert lines[2:] == ["2 environments: 1 open, 1 closed; 1 would be retired (add --apply)"]


def test_the_tombstone_has_the_time_of_the_close(bed, capsys):
    bed.add(1, closed=True, with_id=True)
    bed.add(2)
    _, report, _ = bed.sweep(capsys, "--apply")
    (since,) = [one["since"] for one in report["environments"] if one["retired"]]
    stone = json.loads(bed.repository.files()["envs/.retired/shop-1"])
    location = f"github.com/{SHOP}"
    assert stone == {"repository": location, "repositoryId": bed.ids[SHOP], "pullRequest": "1", "time": since}


def test_a_pull_request_that_was_closed_a_moment_ago_is_left_to_its_pipeline(bed, capsys):
    bed.add(1)
    bed.age = 600.0
    bed.add(2, closed=True)
    code, report, _ = bed.sweep(capsys, "--apply")
    assert (code, verdicts(report)) == (0, {"shop-1": "open", "shop-2": "closed recently"})
    assert bed.sweep(capsys, "--apply", "--grace=5m")[1]["retired"] == ["shop-2"]


@pytest.mark.parametrize(("host", "path"), [(GITHUB, SHOP), (GITLAB, CART)])
@pytest.mark.parametrize("with_id", [True, False])
def test_a_renamed_repository_is_followed(bed, capsys, host, path, with_id):
    opened, closed = (
        bed.add(1, host=host, path=path, with_id=with_id),
        bed.add(2, host=host, path=path, with_id=with_id, closed=True),
    )
    bed.forge.rename(path, "elsewhere/renamed")
    code, report, _ = bed.sweep(capsys, "--apply")
    assert (code, report["retired"], bed.names()) == (0, [closed], {opened})


@pytest.mark.parametrize(("host", "path"), [(GITHUB, SHOP), (GITLAB, CART)])
def test_another_repository_that_took_the_name_is_not_asked(bed, capsys, host, path):
    opened = bed.add(1, host=host, path=path, with_id=True)
    unknown = bed.add(2, host=host, path=path)
    bed.push()
    bed.forge.rename(path, "elsewhere/renamed")
    bed.forge.add_repository(path)
    for number in (1, 2):
        bed.forge.open_pull(path, number, sha="f" * 40)
        bed.forge.close(path, number)
    code, report, _ = bed.sweep(capsys, "--apply", "--max-percent=100")
    # Without the number of the repository nothing shows that it is another one.
    assert (code, report["retired"], bed.names()) == (0, [unknown], {opened})


def test_too_many_at_once_are_refused(bed, capsys):
    names = {bed.add(number, closed=number > 1) for number in range(1, 4)}
    code, report, err = bed.sweep(capsys, "--apply")
    assert (code, report["retired"], bed.names()) == (1, [], names)
    words = "2 of 3 environments would go, more than 50 percent: nothing is retired"
    assert words in err
    assert words in report["problems"][0]
    code, report, _ = bed.sweep(capsys, "--apply", "--max-percent=67")
    assert (code, report["retired"]) == (0, ["shop-2", "shop-3"])


def test_the_folder_stays_when_its_last_environment_goes(bed, capsys):
    bed.add(1, closed=True)
    assert bed.sweep(capsys, "--apply", "--max-percent=100")[0] == 0
    assert sorted(path for path in bed.repository.files() if path.startswith("envs/")) == [
        "envs/.gitkeep",
        "envs/.retired/shop-1",
    ]


def test_other_files_and_repositories_without_credentials_are_skipped(bed, capsys):
    other = bed.add(1, host="https://git.example.com", closed=True)
    bed.push(**{"kustomization.yaml": "resources: []\n", "README.md": "x", "broken.yaml": "{", "shop-9.yaml": "a: b\n"})
    bed.push(**{"shop-8.yaml": environment("shop-8").decode() + "# long\n" * 80_000})
    code, report, _ = bed.sweep(capsys, "--apply", "--max-percent=100")
    assert (code, report["retired"]) == (0, [])
    assert verdicts(report) == dict.fromkeys((other, "kustomization", "broken", "shop-8", "shop-9"), "skipped")
    reasons = {one["name"]: one["reason"] for one in report["environments"]}
    assert reasons["shop-9"] == "the file is not an environment that tronador published"
    assert reasons["shop-8"] == "the file is longer than 524288 bytes, so it is not read: shorten it, or remove it"


def test_a_file_that_has_changed_meanwhile_is_left_alone(bed, capsys, monkeypatch):
    bed.add(1, closed=True)
    bed.add(2)
    bed.push()
    from controller.sweep import verdicts as deciding

    def refusal(*_):
        bed.repository.write({"envs/shop-1.yaml": "# reopened\n"})
        return ""

    monkeypatch.setattr(deciding, "refusal", refusal)
    code, report, _ = bed.sweep(capsys, "--apply")
    assert (code, report["retired"], bed.names()) == (0, [], {"shop-1", "shop-2"})
    (reason,) = [one["reason"] for one in report["environments"] if one["verdict"] == "closed"]
    assert reason.endswith("but its file has changed meanwhile")


@pytest.mark.parametrize(
    ("failure", "verdict", "left"), [(None, "open", {"shop-1", "shop-2"}), (500, "closed", {"shop-2"})]
)
def test_what_was_reopened_during_the_questions_stays(bed, capsys, monkeypatch, failure, verdict, left):
    bed.add(1, closed=True)
    bed.add(2)
    from controller.sweep import verdicts as deciding

    def refusal(*_):
        if failure:
            bed.fail({1: {"answer": Answer(status=failure, body={})}})
        else:
            bed.forge.reopen(SHOP, 1)
        return ""

    monkeypatch.setattr(deciding, "refusal", refusal)
    _, report, _ = bed.sweep(capsys, "--apply")
    assert (verdicts(report)["shop-1"], bed.names()) == (verdict, left)


@pytest.mark.parametrize("second", ["deployed", "expired", ""])
def test_an_expired_environment_that_is_used_again_during_the_questions_stays(bed, capsys, monkeypatch, second):
    from controller.app.commands import sweep

    def read(status):
        return ({"shop-74": live(status__applicationStatus=status)}, "") if status else ({}, "no answer")

    bed.push(**{"shop-74.yaml": environment()})
    answers = [read("expired"), read(second)]
    monkeypatch.setattr(sweep, "_live", lambda *_: answers.pop(0))
    _, report, _ = bed.sweep(capsys, "--apply", "--max-percent=100")
    assert bed.names() == (set() if second == "expired" else {"shop-74"})
    assert report["problems"] == ([] if second else ["no answer"])


def test_the_order_of_the_questions_is_left_to_chance(bed, capsys, monkeypatch):
    monkeypatch.setattr("random.sample", lambda population, number: population[number - 1 :: -1])
    for number in (1, 2, 3):
        bed.add(number)
    _, report, _ = bed.sweep(capsys)
    asked = [entry.path.rpartition("/")[2] for entry in bed.forge.requests("GET", "*/pulls/*")]
    assert (asked, [one["name"] for one in report["environments"]]) == (["3", "2", "1"], ["shop-1", "shop-2", "shop-3"])


def test_a_folder_without_environments_is_pointed_out(bed, capsys):
    bed.push(**{".gitkeep": ""})
    assert bed.sweep(capsys)[2] == "tronador sweep: there are no environments in envs: check --path and --branch\n"


def test_somebody_has_to_be_asked(bed, capsys):
    assert cli.main(["sweep", f"--repository={bed.repository.path}"], {}) == 2
    assert "--credentials: name at least one prefix" in capsys.readouterr().err
