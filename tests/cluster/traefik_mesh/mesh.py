"""Traefik Mesh with access control, in the running cluster, and every trace of it removed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cluster.kubectl import Kubectl, Object
from tests.cluster.progress import step
from tests.cluster.traefik_mesh import manifests, programs

_CONTROLLER = "deployment/traefik-mesh-controller"
_CLUSTER_WIDE = ("clusterrole/traefik-mesh-controller", "clusterrolebinding/traefik-mesh-controller")
_IN_KUBE_SYSTEM = ("role/traefik-mesh-prepare", "rolebinding/traefik-mesh-prepare")
_BLOCKS = re.compile(r"(?:(?<=\n)\n)?#### Begin (Maesh|Traefik Mesh) Block\n.*?#### End \1 Block\n?", re.DOTALL)


class TraefikMesh:
    """See tests.cluster.meshes.Mesh."""

    title = "Traefik Mesh"
    control = ("traefik-mesh-controller", manifests.NAMESPACE)

    @property
    def version(self) -> str:
        """The pinned versions of controller and proxy."""
        return f"Traefik Mesh {programs.controller_version()} with ACL, proxy Traefik {programs.proxy_version()}"

    def archives(self, cache: Path) -> list[Path]:
        """Return the images of controller and proxy."""
        return programs.archives(cache)

    def install(self, kubectl: Kubectl) -> None:
        """SMI's kinds first: the controller looks for them when it starts."""
        with step(f"{self.title}: SMI kinds"):
            kubectl.apply(manifests.crds())
            kubectl.established(manifests.LABEL)
        with step(f"{self.title}: controller, proxies, name server"):
            kubectl.apply(manifests.mesh(controller=programs.controller_version(), proxy=programs.proxy_version()))
            kubectl.rolled_out(_CONTROLLER, manifests.NAMESPACE)
            kubectl.rolled_out("daemonset/traefik-mesh-proxy", manifests.NAMESPACE)
            kubectl.rolled_out("deployment/coredns", "kube-system")

    def remove(self, kubectl: Kubectl) -> None:
        """The controller first: it would make its shadow Services, which go with the namespace, again."""
        kubectl.delete(_CONTROLLER, namespace=manifests.NAMESPACE)
        _restore_dns(kubectl)
        kubectl.delete(*_CLUSTER_WIDE)
        kubectl.delete(*_IN_KUBE_SYSTEM, namespace="kube-system")
        kubectl.delete_labelled("customresourcedefinitions", manifests.LABEL)
        kubectl.delete(f"namespace/{manifests.NAMESPACE}")
        kubectl.rolled_out("deployment/coredns", "kube-system")


def without_blocks(corefile: str) -> str:
    """Return the Corefile without the server blocks that the mesh puts between its marks, each after a blank line."""
    return _BLOCKS.sub("", corefile)


def _restore_dns(kubectl: Kubectl) -> None:
    """Take the mesh's domain out of the cluster's name server, and start that again without it."""
    found = kubectl.get("configmap/coredns", "kube-system")
    corefile = found["data"]["Corefile"] if found else ""
    if without_blocks(corefile) != corefile:
        _patch(kubectl, "configmap/coredns", {"data": {"Corefile": without_blocks(corefile)}})
    # By this annotation of its pods' template the mesh had CoreDNS started again; without it, it is once more.
    _patch(
        kubectl,
        "deployment/coredns",
        {"spec": {"template": {"metadata": {"annotations": {"traefik-mesh-hash": None}}}}},
    )


def _patch(kubectl: Kubectl, name: str, change: Object) -> None:
    kubectl.run("patch", name, "--namespace=kube-system", "--type=merge", f"--patch={json.dumps(change)}")
