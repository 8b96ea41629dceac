"""A pod, run by hand: the container of a pod template as a process of this machine, as a kubelet would start it.

It gets the template's arguments and variables, the service account's files where a pod has them, and no variable of
ours. Where this machine lets us (root, with util-linux), it is also the template's user, without capabilities, on a
root file system that is read-only but for /tmp. What it shares with others is the network, so it listens elsewhere.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hack.serviceaccounts import write_kubeconfig
from tests.integration.support.clusters import ROOT
from tests.integration.support.ports import free_port
from tests.integration.support.waiting import DEADLINE

PROGRAM = Path(sys.executable).parent / "tronador"
# $1: home of the user who runs this. $2: folder of the service account's files. $3, $4: user and group. Then the paths
# to keep, --, and the command.
_SANDBOX = """
set -e
home=$1 account=$2 user=$3 group=$4
shift 4
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir -p /mnt/account
cp "$account"/* /mnt/account/ && chmod -R a+rX /mnt/account
count=0
while [ "$1" != -- ]; do
    mkdir -p "/mnt/kept/$count" && mount --bind "$1" "/mnt/kept/$count"
    kept="$kept $count:$1"
    count=$((count + 1))
    shift
done
shift
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/secrets/kubernetes.io && cp -r /mnt/account /run/secrets/kubernetes.io/serviceaccount
mount -t tmpfs -o mode=755 tmpfs "$home"
mount -t tmpfs -o mode=1777 tmpfs /tmp
for entry in $kept; do
    path=${entry#*:}
    [ -e "$path" ] || { mkdir -p "$path" && mount --bind "/mnt/kept/${entry%%:*}" "$path"; }
done
mount -o remount,bind,ro /
cd /tmp
exec setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A running pod.

    Attributes:
        process: its container.
        ports: where each of the container's ports is on this machine, by its name.
        log: what it prints.
    """

    process: subprocess.Popen[bytes]
    ports: Mapping[str, int]
    log: Path

    def stop(self) -> int:
        """End it as a kubelet does. Gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)


@contextmanager
def running_pod(template: Mapping[str, Any], *, namespace: str, admin: Path, folder: Path) -> Iterator[Pod]:
    """A pod of the template: `admin` is the kubeconfig that leads to its cluster, `folder` may be written to."""
    spec = template["spec"]
    [container] = spec["containers"]
    account = _account_files(spec["serviceAccountName"], namespace, admin=admin, folder=folder)
    ports = {port["name"]: free_port() for port in container["ports"]}
    environ = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        **_variables(container, {"metadata.namespace": namespace, "metadata.name": "tronador-controller-0"}),
        **{f"TRONADOR_{name.upper()}_ADDRESS": f"127.0.0.1:{port}" for name, port in ports.items()},
    }
    command = [str(PROGRAM), *container["args"]]
    if sandbox(account, spec["securityContext"]):
        server = _server(admin)
        environ |= {"KUBERNETES_SERVICE_HOST": server[0], "KUBERNETES_SERVICE_PORT": server[1]}
        assert container["securityContext"]["readOnlyRootFilesystem"]
        command = [*_entry(account, spec["securityContext"]), "env", "-i", *_pairs(environ), *command]
    else:
        environ["KUBECONFIG"] = str(folder / "pod.kubeconfig")
    log = folder / "pod.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield Pod(process=process, ports=ports, log=log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def sandbox(account: Path, security: Mapping[str, Any]) -> bool:
    """Whether this machine can run a program as the template's user on a read-only root."""
    return os.geteuid() == 0 and _works(tuple(_entry(account, security)))


@cache
def _works(entry: tuple[str, ...]) -> bool:
    done = subprocess.run([*entry, str(PROGRAM), "--version"], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def _entry(account: Path, security: Mapping[str, Any]) -> list[str]:
    script = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SANDBOX, "sh"]
    kept = dict.fromkeys([sys.base_prefix, sys.prefix, str(ROOT)])
    return [
        *script,
        str(Path.home()),
        str(account),
        str(security["runAsUser"]),
        str(security["runAsGroup"]),
        *kept,
        "--",
    ]


def _pairs(environ: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environ.items()]


def _variables(container: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """The variables of a container, with the fields of the pod that they refer to."""
    return {
        variable["name"]: variable["value"]
        if "value" in variable
        else fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
        for variable in container["env"]
    }


def _account_files(name: str, namespace: str, *, admin: Path, folder: Path) -> Path:
    """The folder with what a pod of that account gets mounted."""
    config = yaml.safe_load(
        write_kubeconfig(folder / "pod.kubeconfig", admin=admin, namespace=namespace, name=name).read_text()
    )
    [cluster], [user] = config["clusters"], config["users"]
    files = folder / "serviceaccount"
    files.mkdir()
    (files / "token").write_text(user["user"]["token"])
    (files / "namespace").write_text(namespace)
    (files / "ca.crt").write_bytes(base64.b64decode(cluster["cluster"]["certificate-authority-data"]))
    return files


def _server(admin: Path) -> tuple[str, str]:
    [cluster] = yaml.safe_load(admin.read_text())["clusters"]
    host, _, port = cluster["cluster"]["server"].removeprefix("https://").rpartition(":")
    return host, port
