"""The two git repositories of the journey: the application's, and the one that Argo CD watches. Real, and local.

The manifests contain public URLs; the stand-ins map these to the local repositories.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from hack.samples import Repo, make_application_repository

APPLICATION_URL = "https://github.com/stakater-lab/stakater-nordmart-inventory"
GITOPS_URL = "https://git.example.com/platform/environments"
CONFIG = Path(__file__).parent / "tronador.yaml"
BASE_BRANCH, BRANCH = "main", "run-pipeline"
ENVIRONMENTS = "environments"


def make_application(path: Path) -> Repo:
    """A repository with a chart and a `.tronador.yaml`, and a branch that is about to become a pull request."""
    repository = make_application_repository(path, branch=BASE_BRANCH)
    repository.commit("Ask for environments", {".tronador.yaml": CONFIG.read_text()})
    repository.commit("Sell more", {"README.md": "# Inventory\n\nSells more.\n"}, branch=BRANCH)
    return repository


def make_gitops(path: Path) -> Path:
    """A bare repository with an empty folder for environments; gives `path`."""
    _git("init", "--quiet", "--bare", f"--initial-branch={BASE_BRANCH}", str(path))
    seed = path.with_suffix(".seed")
    _git("init", "--quiet", f"--initial-branch={BASE_BRANCH}", str(seed))
    Repo(seed).commit("Make room for environments", {f"{ENVIRONMENTS}/.gitkeep": "", "README.md": "# Environments\n"})
    _git("-C", str(seed), "push", "--quiet", str(path), BASE_BRANCH)
    shutil.rmtree(seed)
    return path


def clone(repository: Path, branch: str, folder: Path) -> Path:
    """A fresh checkout, as a pipeline makes it; gives `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    _git("clone", "--quiet", "--branch", branch, "--", str(repository), str(folder))
    return folder


def last_commit(bare: Path) -> str:
    """Short SHA and subject of a bare repository's newest commit."""
    return _git("--git-dir", str(bare), "log", "-1", "--format=%h %s", BASE_BRANCH).strip()


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=30).stdout
