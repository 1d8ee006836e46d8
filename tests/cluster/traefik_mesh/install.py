"""Install Traefik Mesh with ACL into the running cluster, and remove every trace of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from tests.cluster import binaries
from tests.cluster.containerd import import_image
from tests.cluster.layout import Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step
from tests.cluster.traefik_mesh import manifests, programs

READY = 120.0
"""Seconds that a workload may take to be ready, and that a deleted object may take to be gone."""
_OWNER = "pytest-smi-cluster"
_CLUSTER_WIDE = ("clusterrole/traefik-mesh-controller", "clusterrolebinding/traefik-mesh-controller")
_IN_KUBE_SYSTEM = ("role/traefik-mesh-prepare", "rolebinding/traefik-mesh-prepare")


def up() -> str:
    """Install the mesh (again) and wait until it serves; returns its version in words. Raises ClusterProblem."""
    layout = _running()
    built = programs.build(layout.cache)
    with step("Traefik Mesh: images"):
        import_image(programs.image(built.controller, f"traefik/mesh:{built.controller_version}"))
        import_image(programs.image(built.proxy, f"traefik:{built.proxy_version}"))
    kubectl = Kubectl(layout)
    with step("Traefik Mesh: SMI kinds"):
        kinds = manifests.crds()
        kubectl.apply(kinds)
        names = [f"crd/{each['metadata']['name']}" for each in kinds]
        kubectl.run("wait", "--for=condition=Established", f"--timeout={READY:.0f}s", *names)
    with step("Traefik Mesh: controller, proxies, name server"):
        kubectl.apply(manifests.mesh(controller=built.controller_version, proxy=built.proxy_version))
        kubectl.rolled_out("deployment/traefik-mesh-controller", manifests.NAMESPACE)
        kubectl.rolled_out("daemonset/traefik-mesh-proxy", manifests.NAMESPACE)
        kubectl.rolled_out("deployment/coredns", "kube-system")
    return f"Traefik Mesh {built.controller_version} with ACL, proxy Traefik {built.proxy_version}"


def down() -> None:
    """Remove the mesh, its shadow Services, its block in the Corefile and the SMI kinds with all their objects; raises ClusterProblem."""
    layout = _running()
    built = programs.build(layout.cache)
    kubectl = Kubectl(layout)
    with step("Traefik Mesh: removing"):
        # The controller first: it would make the shadow Services again.
        kubectl.delete("deployment/traefik-mesh-controller", namespace=manifests.NAMESPACE)
        _restore(built.controller, layout)
        patch = {"spec": {"template": {"metadata": {"annotations": {"traefik-mesh-hash": None}}}}}
        kubectl.run("patch", "deployment/coredns", "--namespace=kube-system", "--type=merge", f"--patch={json.dumps(patch)}")
        kubectl.delete(*_CLUSTER_WIDE)
        kubectl.delete(*_IN_KUBE_SYSTEM, namespace="kube-system")
        kubectl.delete(*(f"crd/{each['metadata']['name']}" for each in manifests.crds()))
        kubectl.delete(f"namespace/{manifests.NAMESPACE}")
        kubectl.rolled_out("deployment/coredns", "kube-system")


def installed() -> bool:
    """Tell whether the controller is in the running cluster; raises ClusterProblem when no cluster runs."""
    found = Kubectl(_running()).run("get", "deployment", "--namespace", manifests.NAMESPACE, "--ignore-not-found", "--output=name")
    return "traefik-mesh-controller" in found


class Kubectl:
    """kubectl of the node's own version with the administrator's kubeconfig; every call is bounded and raises ClusterProblem."""

    def __init__(self, layout: Layout) -> None:
        self._command = [str(binaries.build(layout.cache).path("kubectl")), f"--kubeconfig={layout.kubeconfig}", "--request-timeout=30s"]

    def apply(self, objects: Sequence[manifests.Object]) -> None:
        """Create the objects, or make them as given."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.run("apply", "--server-side", "--force-conflicts", f"--field-manager={_OWNER}", "--filename=-", text=json.dumps(listed))

    def delete(self, *names: str, namespace: str = "default") -> None:
        """Delete KIND/NAME each and wait until they are gone; what is not there is fine."""
        self.run("delete", *names, f"--namespace={namespace}", "--ignore-not-found", f"--timeout={READY:.0f}s")

    def rolled_out(self, name: str, namespace: str) -> None:
        """Wait until all pods of KIND/NAME are of its newest template and ready."""
        self.run("rollout", "status", name, f"--namespace={namespace}", f"--timeout={READY:.0f}s")

    def run(self, *words: str, text: str | None = None) -> str:
        """Run kubectl and return what it printed."""
        try:
            done = subprocess.run([*self._command, *words], input=text, capture_output=True, text=True, timeout=READY + 15, check=False)
        except subprocess.TimeoutExpired:
            raise ClusterProblem(f"kubectl {' '.join(words[:3])} did not end within {READY + 15:.0f} s") from None
        if done.returncode:
            raise ClusterProblem(f"kubectl {' '.join(words[:3])}: {' | '.join(done.stderr.strip().splitlines()[-2:])}")
        return done.stdout


def _running() -> Layout:
    layout = Layout.find()
    if not layout.kubeconfig.exists():
        raise ClusterProblem("no cluster is up: start one with `python -m tests.cluster up`")
    return layout


def _restore(controller: object, layout: Layout) -> None:
    """Let the mesh's own clean-up remove its shadow Services and its block in the Corefile."""
    command = [str(controller), "cleanup", f"--namespace={manifests.NAMESPACE}", f"--kubeConfig={layout.kubeconfig}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=READY, check=False)
    if done.returncode:
        raise ClusterProblem(f"traefik-mesh cleanup: {' | '.join((done.stderr or done.stdout).strip().splitlines()[-2:])}")
