"""How each component of the node is started: its command line. Decides; starts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.cluster.binaries import RESOLVER, Binaries
from tests.cluster.layout import API_PORT, CLUSTER_DOMAIN, NODE, NODE_NAME, SERVICES, Layout

PAUSE_IMAGE = "smi.test/pause:1"
CGROUP = "smi-node"
"""The control group of all pods."""
NAMES = (
    "etcd",
    "containerd",
    RESOLVER,
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
)
"""Every component, in the order of starting."""
WITH_KUBECONFIG = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One program of the node: `command` begins with an absolute path whose last part is `name`."""

    name: str
    command: tuple[str, ...]


def component(name: str, layout: Layout, binaries: Binaries) -> Component:
    """Return the component of that name (one of NAMES)."""
    makers = {
        "etcd": _etcd,
        "containerd": _containerd,
        RESOLVER: _resolver,
        "kube-apiserver": _api_server,
        "kube-controller-manager": _controller_manager,
        "kube-scheduler": _scheduler,
        "kubelet": _kubelet,
        "kube-proxy": _proxy,
    }
    program = f"/usr/bin/{name}" if name in ("etcd", "containerd") else str(binaries.path(name))
    return Component(name=name, command=(program, *makers[name](layout)))


def _etcd(layout: Layout) -> list[str]:
    return [
        f"--data-dir={layout.state / 'etcd'}",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _containerd(layout: Layout) -> list[str]:
    return [f"--config={layout.config / 'containerd.toml'}"]


def _resolver(layout: Layout) -> list[str]:
    return [f"-conf={layout.config / 'resolver.conf'}"]


def _api_server(layout: Layout) -> list[str]:
    keys = layout.keys
    return [
        f"--advertise-address={NODE.ip}",
        f"--secure-port={API_PORT}",
        "--etcd-servers=http://127.0.0.1:2379",
        f"--service-cluster-ip-range={SERVICES}",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={keys / 'ca.crt'}",
        f"--tls-cert-file={keys / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={keys / 'kube-apiserver.key'}",
        f"--kubelet-certificate-authority={keys / 'ca.crt'}",
        f"--kubelet-client-certificate={keys / 'kube-apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={keys / 'kube-apiserver-kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-key-file={keys / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={keys / 'service-accounts.key'}",
        "--enable-aggregator-routing=true",
        f"--requestheader-client-ca-file={keys / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={keys / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={keys / 'front-proxy-client.key'}",
        "--profiling=false",
    ]


def _alone(kubeconfig: Path) -> list[str]:
    """What the only controller manager and the only scheduler of a cluster have in common."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]


def _controller_manager(layout: Layout) -> list[str]:
    kubeconfig, keys = layout.config / "kube-controller-manager.kubeconfig", layout.keys
    return [
        *_alone(kubeconfig),
        "--use-service-account-credentials=true",
        f"--root-ca-file={keys / 'ca.crt'}",
        f"--service-account-private-key-file={keys / 'service-accounts.key'}",
        f"--cluster-signing-cert-file={keys / 'ca.crt'}",
        f"--cluster-signing-key-file={keys / 'ca.key'}",
        f"--requestheader-client-ca-file={keys / 'front-proxy-ca.crt'}",
    ]


def _scheduler(layout: Layout) -> list[str]:
    return _alone(layout.config / "kube-scheduler.kubeconfig")


def _kubelet(layout: Layout) -> list[str]:
    return [
        f"--config={layout.config / 'kubelet.yaml'}",
        f"--kubeconfig={layout.config / 'kubelet.kubeconfig'}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={NODE.ip}",
    ]


def _proxy(layout: Layout) -> list[str]:
    return [f"--config={layout.config / 'kube-proxy.yaml'}", f"--hostname-override={NODE_NAME}"]
