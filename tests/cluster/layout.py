"""Where everything of the test cluster is: folders, files and addresses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from tests.cluster.problem import ClusterProblem

HERE = Path(__file__).resolve().parent
GO = HERE / "go"
MANIFESTS = HERE / "manifests"
FOLDER_VARIABLE = "SMI_CLUSTER_DIR"

NODE_NAME = "smi-node"
RANGE = IPv4Network("10.250.0.0/16")
"""Every address below is in here, and the host routes all of it to the node."""
NODE = IPv4Interface("10.250.0.1/30")
HOST = IPv4Interface("10.250.0.2/30")
"""The host's end of the cable between host and node."""
SERVICES = IPv4Network("10.250.64.0/18")
PODS = IPv4Network("10.250.128.0/17")
API_SERVICE: IPv4Address = SERVICES[1]
CLUSTER_DNS: IPv4Address = SERVICES[10]
API_PORT = 6443
API_URL = f"https://{NODE.ip}:{API_PORT}"
CLUSTER_DOMAIN = "cluster.local"

_LONGEST = 70  # bytes of the node's folder: the name of a Unix socket in it must stay within 107


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Paths below one folder; `cache` outlives a node, `node` and everything in it goes with `down`."""

    folder: Path

    @classmethod
    def find(cls) -> Layout:
        """Return the layout below $SMI_CLUSTER_DIR, else `.cluster` in the project's folder;
        ClusterProblem when that is too long."""
        layout = cls(folder=Path(os.environ.get(FOLDER_VARIABLE) or HERE.parents[1] / ".cluster").resolve())
        if len(os.fsencode(layout.node)) > _LONGEST:
            raise ClusterProblem(
                f"{layout.folder} is too long a path for the sockets in it; name a shorter one with {FOLDER_VARIABLE}"
            )
        return layout

    @property
    def cache(self) -> Path:
        """Programs and images by the hash of their sources."""
        return self.folder / "cache"

    @property
    def node(self) -> Path:
        """All state of a running node."""
        return self.folder / "node"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig (mode 0600)."""
        return self.node / "kubeconfig"

    @property
    def keys(self) -> Path:
        """Certificates and keys (folder mode 0700)."""
        return self.node / "keys"

    @property
    def config(self) -> Path:
        """Configuration files of the components."""
        return self.node / "config"

    @property
    def logs(self) -> Path:
        """One log per component."""
        return self.node / "logs"

    @property
    def run(self) -> Path:
        """Sockets."""
        return self.node / "run"

    @property
    def state(self) -> Path:
        """What the components keep: etcd's data, containerd's images, the kubelet's pods."""
        return self.node / "state"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.run / "containerd.sock"

    def bound_folders(self) -> dict[Path, Path]:
        """Return {folder that a component insists on: folder of ours that the node sees there}."""
        insisted = ("/var/lib/kubelet", "/var/lib/cni", "/run/containerd", "/var/log/pods", "/var/log/containers")
        return {Path(each): self.state / each.strip("/").replace("/", "-") for each in insisted}
