"""A GitOps repository beside a small forge, which is GitHub and GitLab at once. Its pull requests are days old."""

import json
import time
from datetime import UTC, datetime, timedelta

import yaml

from controller.apimachinery.timestamps import to_time
from controller.app import cli
from hack.standins.scm.faults import FOR_EVER, Fault
from hack.standins.scm.forge import Forge
from hack.standins.scm.limits import Limits
from hack.standins.scm.server import ForgeServer
from tests.unit.pipeline.gitops.origin_repository import OriginRepository, environment

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
GITHUB, GITLAB = "https://github.com", "https://gitlab.com"
SHOP, CART = "acme/shop", "acme/cart"
_APIS = {"github.com": ("", "github"), "gitlab.com": ("/api/v4", "gitlab")}


class Bed:
    """See the module.

    Attributes:
        age: seconds by which the clock of the forge is behind.
    """

    def __init__(self, folder):
        self.repository = OriginRepository(folder)
        self.age = 2 * 86400.0
        self.forge = Forge(limits=Limits(requests=10_000), clock=lambda: time.time() - self.age)
        self.server = ForgeServer(forge=self.forge)
        self.server.start()
        self.forge.add_token("t")
        self.ids = {path: str(self.forge.add_repository(path)) for path in (SHOP, CART)}
        self.credentials = []
        self._files = {}
        for host, (api, provider) in _APIS.items():
            where = folder / provider
            where.mkdir()
            for name, text in {"token": "t", "api": self.server.url + api, "provider": provider}.items():
                (where / name).write_text(text)
            self.credentials.append(f"{host}/acme={where}")

    def add(self, number, *, host=GITHUB, path=SHOP, closed=False, merged=False, with_id=False):
        """Add a pull request with its environment. Returns the environment's name."""
        name = f"{path.rpartition('/')[2]}-{number}"
        self.forge.open_pull(path, number, sha=f"{number:040x}")
        if closed or merged:
            self.forge.close(path, number, merged=merged)
        self._files[f"envs/{name}.yaml"] = environment(
            name,
            repository=f"{host}/{path}",
            pull_request=str(number),
            repository_id=self.ids[path] if with_id else None,
        )
        return name

    def fail(self, failures):
        """Let requests about pull requests fail; `failures` by number."""
        self.forge.set_faults(
            Fault(path=f"*/{kind}/{number}", times=FOR_EVER, **failure)
            for number, failure in failures.items()
            for kind in ("pulls", "merge_requests")
        )

    def sweep(self, capsys, *flags):
        """Return the exit code, the report and what was said."""
        self.push()
        arguments = ["sweep", f"--repository={self.repository.path}", "--path=envs", "-o", "json", "--scm-timeout=0.4"]
        code = cli.main([*arguments, f"--credentials={','.join(self.credentials)}", *flags], {})
        out, err = capsys.readouterr()
        # The forge logs in this process.
        shown = "\n".join(line for line in out.splitlines() if "[debug" not in line)
        return code, json.loads(shown) if shown else {}, err

    def push(self, **files):
        """Commit the environments, and other files of the folder by name."""
        self._files |= {f"envs/{name}": text for name, text in files.items()}
        if self._files:
            self.repository.write(self._files)
            self._files = {}

    def names(self):
        """Return the environments that are left in the repository."""
        found = [path for path in self.repository.files() if path.startswith("envs/") and path.endswith(".yaml")]
        return {path.removeprefix("envs/").removesuffix(".yaml") for path in found}


def verdicts(report):
    """Return the verdict of each environment."""
    return {one["name"]: one["verdict"] for one in report["environments"]}


def ago(**kwargs):
    """Return a time before NOW."""
    return NOW - timedelta(**kwargs)


def live(**changes):
    """Return an environment of a cluster that has been expired for long, with changes such as status__expiresAt."""
    obj = yaml.safe_load(environment())
    obj["metadata"]["generation"] = 3
    obj["status"] = {
        "applicationStatus": "expired",
        "observedGeneration": 3,
        "expiresAt": to_time(ago(days=9)),
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": to_time(ago(days=8))}],
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = obj
        for parent in parents:
            place = place[parent]
        place[last] = value
    return obj
