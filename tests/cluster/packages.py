"""What the node takes from Debian: etcd, containerd, runc, the CNI plugins and small tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step

CNI_PLUGINS = Path("/usr/lib/cni")
PROGRAMS = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
}
"""{program: Debian package that has it}."""
_FOLDERS = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """Return the Debian packages of which a program is not there, by name."""
    packages = {package for program, package in PROGRAMS.items() if not find(program)}
    if not (CNI_PLUGINS / "ptp").exists():
        packages.add("containernetworking-plugins")
    return sorted(packages)


def find(program: str) -> str | None:
    """Return the path of a program of Debian's; a user's PATH need not have the folders of the administrator."""
    return shutil.which(program) or shutil.which(program, path=_FOLDERS)


def install() -> None:
    """Install what is missing; raises ClusterProblem with the command to type when that cannot be done here."""
    packages = missing()
    if not packages:
        return
    by_hand = f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ClusterProblem(f"missing programs; as root: {by_hand}")
    with step(f"Debian packages: {' '.join(packages)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages],
        ):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
            if done.returncode:
                raise ClusterProblem(f"`{by_hand}` failed: {' | '.join(done.stderr.strip().splitlines()[-2:])}")
    if still := missing():
        raise ClusterProblem(f"installed, and yet not found: {' '.join(still)}")
