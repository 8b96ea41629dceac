"""`make demo`: one pull request's environment on the embedded cluster, from the EP to the end of everything.

Exit code 0 when the whole journey succeeded, 1 with the reason otherwise.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from rich.console import Console

from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import ApiError
from controller.client import Client, config
from hack.demo import report, world
from hack.demo.journey import Journey, JourneyError
from hack.demo.programs import ROOT, ProgramError, Programs
from hack.samples import make_application_repository
from hack.serviceaccounts import write_kubeconfig

MANIFEST = ROOT / "manifests" / "samples" / "environmentprovisioner.yaml"
SECOND_TAG = "SNAPSHOT-PR-74-1b9c4e07"


def main() -> int:
    """Run the demonstration; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hack.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running instead of tearing it down")
    keep = parser.parse_args().keep
    # As Ctrl-C: whoever ends the demonstration ends its programs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="tronador-demo-"))
    try:
        _run(console, folder, keep=keep)
    except (JourneyError, ProgramError, ApiError) as error:
        console.print(f"\n[red]The demonstration failed:[/red] {error}\nEverything that was logged is in {folder}")
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"\n[red]kubectl failed:[/red] {error.stderr}\nEverything that was logged is in {folder}")
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted.")
        return 1
    return 0


def _run(console: Console, folder: Path, *, keep: bool) -> None:
    environment = yaml.safe_load(MANIFEST.read_text())
    release = environment["spec"]["application"]["release"]
    name, tag = environment["metadata"]["name"], release["values"]["application"]["deployment"]["image"]["tag"]
    kubeconfig, audit_log = folder / "kubeconfig", folder / "audit.jsonl"
    repository = make_application_repository(folder / "application", branch=release["chart"]["ref"])
    console.print(f"The application is a git repository with a chart; {release['chart']['git']} leads to it.")

    with Programs(folder=folder, environ={"KUBECONFIG": str(kubeconfig), "TRONADOR_LOG_FORMAT": "json"}) as programs:
        console.print("Starting a Kubernetes API server, a Helm Operator and the controller …")
        programs.start(
            "localcluster",
            ["hack.localcluster", "--kubeconfig", str(kubeconfig), "--audit-log", str(audit_log)],
            ready=kubeconfig.exists,
        )
        client = Client(connection=config.load(kubeconfig=str(kubeconfig)), user_agent="demo")
        world.kubectl(kubeconfig, "apply", "-k", str(ROOT / "manifests" / "crds"))
        world.kubectl(kubeconfig, "apply", "-k", str(ROOT / "manifests" / "rbac"))
        account = write_kubeconfig(
            folder / "controller.kubeconfig", admin=kubeconfig, namespace="tronador-system", name="tronador-controller"
        )
        programs.start(
            "helm-operator",
            [
                *("hack.standins", "--kubeconfig", str(kubeconfig), "--install-crds", "helm-operator"),
                *("--git-rewrite", f"{release['chart']['git']}={repository.path}", "--mirror-delay", "2"),
                *("--sync-interval", "5", "--git-retry-interval", "1", "--git-poll-interval", "1"),
                # Long enough for an eye to follow.
                *("--install-delay", "1.5", "--upgrade-delay", "1.5", "--uninstall-delay", "1"),
            ],
            ready=lambda: world.is_served(client, HELM_RELEASES) and "ready" in _text(programs.log_of("helm-operator")),
        )
        addresses = ("--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0")
        programs.start(
            "controller",
            ["controller", "run", "--kubeconfig", str(account), "--leader-elect=false", *addresses],
            ready=lambda: "starting" in _text(programs.log_of("controller")),
        )
        journey = Journey(
            name=name, kubeconfig=kubeconfig, client=client, programs=programs, console=console, manifest=MANIFEST
        )
        journey.deploy(tag)
        journey.update(SECOND_TAG)
        if not keep:
            journey.tear_down()
        console.print()
        report.show(console, journey.steps, audit_log=audit_log, controller_log=programs.log_of("controller"))
        if keep:
            _explain(console, kubeconfig, name, programs.leave_running())


def _explain(console: Console, kubeconfig: Path, name: str, processes: list[int]) -> None:
    console.print("\nEverything goes on running. Try:", highlight=False)
    for line in (
        f"export KUBECONFIG={kubeconfig} PATH={Path(sys.executable).parent}:$PATH",
        "kubectl get envp -o wide",
        f"kubectl describe envp {name}",
        f"kubectl delete envp {name}",
    ):
        console.print(f"  {line}", highlight=False)
    console.print(f"To end it: kill {' '.join(map(str, reversed(processes)))}", highlight=False)


def _text(file: Path) -> str:
    return file.read_text(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
