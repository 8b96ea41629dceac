"""`make demo`: one pull request's journey on the embedded cluster, from its webhook to the end of everything.

Exit code 0 when the whole journey succeeded, 1 with the reason otherwise.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from controller.apimachinery.errors import ApiError
from controller.client import Client, config
from hack.demo import report, repositories, world
from hack.demo.engines import ENGINES, Engine
from hack.demo.forge import OWNER, PullRequest, repetitions
from hack.demo.journey import Journey, JourneyError
from hack.demo.pipeline import Pipeline, PipelineError
from hack.demo.programs import ProgramError, Programs
from hack.paths import ROOT
from hack.serviceaccounts import write_kubeconfig

ARGOCD_MANIFESTS = ROOT / "manifests" / "argocd"


def main() -> int:
    """Run the demonstration; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hack.demo", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="stop before the pull request is closed, and leave everything running"
    )
    parser.add_argument("--engine", default="helm-operator", help=f"what installs the chart: {', '.join(ENGINES)}")
    arguments = parser.parse_args()
    if arguments.engine not in ENGINES:
        print(f"ENGINE={arguments.engine} is unknown: use one of {', '.join(ENGINES)}", file=sys.stderr)
        return 2
    # Handle SIGTERM like Ctrl-C, so that the programs end with the demonstration.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="tronador-demo-"))
    try:
        _run(console, folder, engine=ENGINES[arguments.engine], keep=arguments.keep)
    except (JourneyError, PipelineError, ProgramError, ApiError) as error:
        console.print(f"\n[red]The demonstration failed:[/red] {error}\nThe logs are in {folder}")
        return 1
    except subprocess.CalledProcessError as error:
        console.print(f"\n[red]{Path(error.cmd[0]).name} failed:[/red] {error.stderr}\nThe logs are in {folder}")
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted.")
        return 1
    return 0


def _run(console: Console, folder: Path, *, engine: Engine, keep: bool) -> None:
    kubeconfig, audit_log = folder / "kubeconfig", folder / "audit.jsonl"
    application = repositories.make_application(folder / "application")
    gitops = repositories.make_gitops(folder / "gitops.git")
    # Chosen here, so that it can be shown in the end.
    page = f"127.0.0.1:{_free_port()}"
    console.print("Local git repositories stand in for two URLs:", highlight=False)
    console.print(f"  {repositories.APPLICATION_URL}: {application.path}", highlight=False)
    console.print(f"  {repositories.GITOPS_URL}: {gitops}", highlight=False)

    with Programs(folder=folder, environ={"KUBECONFIG": str(kubeconfig), "TRONADOR_LOG_FORMAT": "json"}) as programs:
        console.print(
            f"Starting a Kubernetes API server, a kubelet, {engine.title}, Argo CD, GitHub, the controller and the "
            "reporter …"
        )
        client = _start(
            programs, folder, engine=engine, application=application.path, gitops=gitops, audit_log=audit_log, page=page
        )
        pull_request = _start_feedback(programs, folder)
        if engine.note:
            console.print(engine.note, highlight=False)
        pipeline = Pipeline(
            folder=folder / "pipeline",
            application=application,
            gitops=gitops,
            kubeconfig=kubeconfig,
            show=lambda line: console.print(f"  [bold]{line}[/bold]", highlight=False),
        )
        journey = Journey(
            client=client,
            engine=engine,
            programs=programs,
            console=console,
            application=application,
            gitops=gitops,
            pipeline=pipeline,
            pull_request=pull_request,
        )
        journey.open()
        journey.push()
        journey.fail()
        journey.mend()
        if not keep:
            journey.close()
        console.print()
        journey.timeline.show(console)
        report.show(console, journey.steps, audit_log=audit_log, controller_log=programs.log_of("controller"))
        writes = pull_request.writes()
        counts = f"{len(writes)}, {repetitions(writes)} of them without a change"
        console.print(f"Writes to the pull request: {counts}. It has one comment.")
        console.print(f"The journey took {journey.timeline.seconds:.0f} seconds.")
        console.print(f"The logs and repositories stay in {folder}. Remove it when you are done.", highlight=False)
        if keep:
            console.print(f"\nThe pull request: {pull_request.page}", highlight=False)
            _explain(console, kubeconfig, gitops, journey.name, page, programs.leave_running())


def _start(
    programs: Programs, folder: Path, *, engine: Engine, application: Path, gitops: Path, audit_log: Path, page: str
) -> Client:
    """Start every program, and have Argo CD sync the environments."""
    kubeconfig = folder / "kubeconfig"
    programs.start(
        "localcluster",
        ["hack.localcluster", "--kubeconfig", str(kubeconfig), "--audit-log", str(audit_log), "--pods"],
        ready=kubeconfig.exists,
    )
    client = Client(connection=config.load(kubeconfig=str(kubeconfig)), user_agent="demo")
    world.kubectl(kubeconfig, "apply", "-k", str(ROOT / "manifests" / "crds"))
    world.kubectl(kubeconfig, "apply", "-k", str(ROOT / "manifests" / "rbac"))
    standin = ("hack.standins", "--kubeconfig", str(kubeconfig), "--install-crds")
    programs.start(
        engine.name,
        [*standin, engine.name, "--git-rewrite", f"{repositories.APPLICATION_URL}={application}", *engine.flags],
        ready=lambda: world.is_served(client, engine.releases) and "ready" in _text(programs.log_of(engine.name)),
    )
    programs.start("kubelet", [*standin, "kubelet"], ready=lambda: "ready" in _text(programs.log_of("kubelet")))
    programs.start(
        "argocd",
        [*standin, "argocd", "--git-rewrite", f"{repositories.GITOPS_URL}={gitops}", "--refresh-interval", "0.5"],
        ready=lambda: "ready" in _text(programs.log_of("argocd")),
    )
    world.kubectl(kubeconfig, "create", "namespace", world.ARGOCD)
    world.kubectl(kubeconfig, "apply", "-f", str(ARGOCD_MANIFESTS / "argocd-cm.yaml"))
    world.kubectl(kubeconfig, "apply", "-k", str(ARGOCD_MANIFESTS))
    account = write_kubeconfig(
        folder / "controller.kubeconfig", admin=kubeconfig, namespace="tronador-system", name="tronador-controller"
    )
    rest = (
        *("--leader-elect=false", "--metrics-address", "127.0.0.1:0", "--health-address", page),
        # Before the engine rolls a failed version back, and its Pods are gone.
        *("--diagnose-after", "3s"),
    )
    programs.start(
        "controller",
        ["controller", "run", "--kubeconfig", str(account), *rest],
        ready=lambda: "controller starting" in _text(programs.log_of("controller")),
    )
    return client


def _start_feedback(programs: Programs, folder: Path) -> PullRequest:
    """Start a GitHub with the repository, and the reporter with credentials for it."""
    url = folder / "github.url"
    programs.start(
        "github",
        ["hack.standins", "scm", "--port", "0", "--url-file", str(url)],
        ready=lambda: "ready" in _text(programs.log_of("github")),
    )
    pull_request = PullRequest(url.read_text())
    credentials = pull_request.prepare(folder / "credentials")
    kubeconfig = folder / "kubeconfig"
    world.kubectl(kubeconfig, "apply", "-f", str(ROOT / "manifests" / "report" / "rbac.yaml"))
    account = write_kubeconfig(
        folder / "report.kubeconfig", admin=kubeconfig, namespace="tronador-system", name="tronador-report"
    )
    programs.start(
        "report",
        [
            *("controller", "report", "--kubeconfig", str(account), "--leader-elect=false", "--edit-interval=0s"),
            *(f"--credentials=github.com/{OWNER}={credentials}", "--metrics-address=0", "--health-address=0"),
        ],
        ready=lambda: "controller starting" in _text(programs.log_of("report")),
    )
    return pull_request


def _explain(console: Console, kubeconfig: Path, gitops: Path, name: str, page: str, processes: list[int]) -> None:
    console.print(f"\nEverything keeps running. The status page is http://{page}/. Try:", highlight=False)
    for line in (
        f"export KUBECONFIG={kubeconfig} PATH={Path(sys.executable).parent}:$PATH",
        "kubectl get envp -o wide",
        "tronador list",
        f"kubectl describe envp {name}",
        "kubectl get applications -n argocd",
        f"git --git-dir {gitops} log --stat",
        f"tronador retire --name {name} --repository {gitops} --path {repositories.ENVIRONMENTS}",
        f"tronador wait {name} --for=gone",
    ):
        console.print(f"  {line}", highlight=False)
    console.print(f"To stop it: kill {' '.join(map(str, reversed(processes)))}", highlight=False)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _text(file: Path) -> str:
    return file.read_text(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
