"""The command line: what it refuses, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hack.localcluster import LocalCluster
from hack.standins.__main__ import main
from tests.standins.cluster_bed import URL, ClusterBed
from tests.standins.flux_bed import FluxBed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required"),
        (["helm-operator", "--fail", "instal"], "'instal' is not one of fetch, install"),
        (["helm-operator", "--git-rewrite", "https://x"], "'https://x' is not PREFIX=PREFIX"),
        (["helm-operator", "--sync-interval", "-1"], "invalid"),
        (["helm-operator", "--sync-interval", "soon"], "invalid"),
        (["flux", "--git-rewrite", "https://x"], "'https://x' is not PREFIX=PREFIX"),
        (["flux", "--longest-interval", "soon"], "invalid"),
        (["engine-double", "--git-rewrite", "a=b"], "unrecognized arguments"),
        (["argocd", "--refresh-interval", "often"], "invalid"),
        (["argocd", "--fail", "install"], "unrecognized arguments"),
    ],
)
def test_bad_arguments_end_with_2_and_the_reason(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_missing_kubeconfig_ends_with_1_and_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kubeconfig", str(tmp_path / "none"), "engine-double"]) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


@pytest.mark.parametrize(("program", "number"), [("helm-operator", signal.SIGTERM), ("engine-double", signal.SIGINT)])
def test_it_says_when_it_is_ready_and_runs_until_a_signal(
    bed: ClusterBed, cluster: LocalCluster, program: str, number: signal.Signals
) -> None:
    command = [
        sys.executable,
        "-m",
        "hack.standins",
        "--kubeconfig",
        str(cluster.kubeconfig),
        "--install-crds",
        program,
    ]
    if program == "helm-operator":
        command += ["--git-rewrite", "=".join(bed.rewrites[0]), "--allow-namespace", bed.namespace]
        command += ["--mirror-delay", "0.1", "--git-retry-interval", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        bed.create()
        bed.reached("Succeeded")
        process.send_signal(number)
        assert process.wait(30) == 0


def test_flux_runs_as_a_program_too(flux_bed: FluxBed, cluster: LocalCluster) -> None:
    command = [
        *(sys.executable, "-m", "hack.standins", "--kubeconfig", str(cluster.kubeconfig), "--install-crds", "flux"),
        *("--git-rewrite", f"{URL}={flux_bed.repo.path}", "--allow-namespace", flux_bed.namespace),
        *("--min-retry-delay", "0.05", "--max-retry-delay", "0.2", "--longest-interval", "0.3"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        flux_bed.create_source()
        flux_bed.create_release()
        flux_bed.ready()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
