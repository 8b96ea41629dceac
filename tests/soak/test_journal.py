"""What happened can be read as the story of one environment."""

import json

from hack.soak.journal import Journal


def test_a_story_has_what_happened_to_one_environment_and_to_all(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write("opens", "pr-1", release="web")
    journal.write("opens", "pr-2")
    journal.write("the leader is killed", name="replica-1")
    journal.write("closes", "pr-1")
    journal.close()

    found = [line.split("  ", 1)[-1].split("s  ")[-1] for line in journal.story("pr-1").splitlines()]
    assert found == ["opens, release web", "the leader is killed, name replica-1", "closes"]
    assert journal.counts["opens"] == 2
    assert [json.loads(line)["what"] for line in path.read_text().splitlines()][-1] == "closes"
