"""A real bare repository for tests to publish to, and environments to publish."""

import os
import subprocess
from pathlib import Path

import yaml

SHOP = "https://github.com/acme/shop"


def environment(name="shop-74", *, repository=SHOP, pull_request="74", repository_id=None, tag="one"):
    """Return an environment's file. None leaves out an annotation."""
    annotations = {
        "tronador.stakater.com/repository": repository,
        "tronador.stakater.com/pull-request": pull_request,
        "tronador.stakater.com/repository-id": repository_id,
    }
    chart = {"git": SHOP, "path": "deploy", "ref": "run-pipeline"}
    document = {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": {"name": name, "annotations": {key: text for key, text in annotations.items() if text is not None}},
        "spec": {"application": {"release": {"chart": chart, "values": {"image": {"tag": tag}}}}},
    }
    return yaml.safe_dump(document).encode()


class OriginRepository:
    """The GitOps repository on its server: bare, with one commit on `main`."""

    def __init__(self, folder: Path):
        self.path = folder / "origin.git"
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_{what}": "somebody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        self.path.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main")
        self.write({"README.md": "The team's environments"})

    def git(self, *arguments, feed=b""):
        """Run git in the repository. Returns its output."""
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(command, env=self._environ, input=feed, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def write(self, files, *, mode="100644", branch="main"):
        """Commit as somebody else. `files` is content by path; None removes a file."""
        tip = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").strip()
        self.git("read-tree", "--empty")
        if tip:
            self.git("read-tree", tip)
        for path, content in files.items():
            if content is None:
                self.git("update-index", "--force-remove", "--", path)
                continue
            text = content if isinstance(content, bytes) else content.encode()
            sha = self.git("hash-object", "-w", "--stdin", feed=text).strip()
            self.git("update-index", "--add", "--cacheinfo", f"{mode},{sha},{path}")
        tree = self.git("write-tree").strip()
        commit = self.git("commit-tree", tree, *(("-p", tip) if tip else ()), "-m", "Somebody's change").strip()
        self.git("update-ref", f"refs/heads/{branch}", commit)

    def refuse(self, words, *, hook="pre-receive"):
        """Make the server reject every push with these words."""
        self.hook(hook, f"echo '{words}' >&2\nexit 1\n")

    def hook(self, name, script):
        """Make the server run a script as the hook `name`."""
        file = self.path / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}")
        file.chmod(0o755)

    def files(self, branch="main"):
        """Return the content of all files by path."""
        paths = self.git("ls-tree", "-r", "-z", "--name-only", branch).split("\0")
        return {path: self.git("cat-file", "blob", f"{branch}:{path}") for path in paths if path}

    def log(self, form="%s", branch="main"):
        """Return the history, newest commit first."""
        return self.git("log", f"--format={form}", branch).splitlines()
