"""`hack/image` installs the runtime dependencies with hashes, does not run as root, and says what it needs."""

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.manifests.pods import pod_template

ROOT = Path(__file__).parent.parent.parent
CONTAINERFILE = (ROOT / "hack/image/Containerfile").read_text()
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
PINNED = {
    _name.lower().replace("_", "-"): version
    for _name, version, _ in PIN.findall((ROOT / "hack/image/requirements.txt").read_text())
}


def _setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_every_requirement_has_hashes():
    lines = (ROOT / "hack/image/requirements.txt").read_text().splitlines()
    assert len(PINNED) == len([line for line in lines if "==" in line])


def test_the_image_installs_the_versions_that_ci_tests():
    tested = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    tested = {name.lower().replace("_", "-"): version for name, version in tested.items()}
    assert {name: tested.get(name) for name in PINNED} == PINNED


def test_the_image_installs_runtime_dependencies_and_no_developer_tools():
    wanted = {
        re.split(r"[\[<>=]", line)[0].strip() for line in _setup()["options"]["install_requires"].split("\n") if line
    }
    assert wanted <= PINNED.keys()
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & PINNED.keys()


@pytest.mark.parametrize("stage", ["controller", "tronador"])
def test_each_stage_ends_as_the_user_of_the_deployment(stage):
    body = CONTAINERFILE.split(f" AS {stage}\n")[1].split("\nFROM ")[0]
    pod = pod_template()["spec"]["securityContext"]
    assert re.findall(r"^USER (.*)$", body, re.MULTILINE)[-1] == f"{pod['runAsUser']}:{pod['runAsGroup']}"


def test_make_image_without_a_builder_says_what_to_install(tmp_path):
    for program in ("sh", "dirname", "sed", "git"):
        (tmp_path / program).symlink_to(
            next(p for p in map(Path, (f"/bin/{program}", f"/usr/bin/{program}")) if p.exists())
        )
    done = subprocess.run(
        [ROOT / "hack/image/build.sh"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert "apt-get install buildah" in done.stderr
