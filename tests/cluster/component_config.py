"""The configuration files of the node's components. Decides what is in them; writes none."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.cluster.components import CGROUP, PAUSE_IMAGE
from tests.cluster.layout import CLUSTER_DNS, CLUSTER_DOMAIN, NODE, PODS, Layout
from tests.cluster.packages import CNI_PLUGINS

_UNUSED_PLUGINS = (
    "snapshotter.v1.btrfs",
    "snapshotter.v1.zfs",
    "snapshotter.v1.aufs",
    "snapshotter.v1.devmapper",
    "internal.v1.opt",
)


def config_files(layout: Layout) -> dict[str, str]:
    """Return {name below the folder of configuration: content} for all components."""
    return {
        "containerd.toml": _containerd_config(layout),
        "cni/10-smi.conflist": json.dumps(_cni_config(layout), indent=1),
        "kubelet.yaml": yaml.safe_dump(_kubelet_config(layout)),
        "kube-proxy.yaml": yaml.safe_dump(_proxy_config(layout)),
        # The cluster's DNS asks here about names that are not the cluster's: there are none, and the answer comes at
        # once.
        "resolver.conf": f". {{\n    bind {NODE.ip}\n    template ANY ANY {{\n        rcode NXDOMAIN\n    }}\n}}\n",
        "resolv.conf": f"nameserver {NODE.ip}\n",
    }


def _containerd_config(layout: Layout) -> str:
    unused = json.dumps([f"io.containerd.{each}" for each in _UNUSED_PLUGINS])
    return f"""version = 2
root = "{layout.state / "containerd"}"
state = "{layout.run / "containerd"}"
# Without the right to lower it, runc cannot give a pod the score that the kubelet asks for; the next setting caps it.
oom_score = 0
disabled_plugins = {unused}
[grpc]
  address = "{layout.containerd_socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{layout.config / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def _cni_config(layout: Layout) -> dict[str, Any]:
    # A routed cable per pod: what pods send each other passes the node's packet filter, for which a shared bridge needs
    # a kernel module.
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": str(PODS)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(layout.state / "addresses"),
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": addresses},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return {"cniVersion": "0.4.0", "name": "smi", "plugins": plugins}


def _kubelet_config(layout: Layout) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(NODE.ip),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.keys / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.keys / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(layout.keys / "kubelet-server.key"),
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "clusterDNS": [str(CLUSTER_DNS)],
        "clusterDomain": CLUSTER_DOMAIN,
        "volumePluginDir": str(layout.state / "volume-plugins"),
        "resolvConf": str(layout.config / "resolv.conf"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "oomScoreAdj": 0,
        # Images come by import only, so none must ever be collected, and a full disk of the host is no reason to evict.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "maxPods": 250,
    }


def _proxy_config(layout: Layout) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": str(NODE.ip),
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "clientConnection": {"kubeconfig": str(layout.config / "kube-proxy.kubeconfig")},
        "clusterCIDR": str(PODS),
        "detectLocalMode": "ClusterCIDR",
        "mode": "iptables",
        "nodePortAddresses": ["primary"],
        "iptables": {"localhostNodePorts": False, "minSyncPeriod": "10ms"},
        # Limits of the whole machine, which a network namespace of its own cannot set.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "oomScoreAdj": 0,
    }
