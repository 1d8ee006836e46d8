"""kubectl of the running node's own version, as its administrator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.cluster import namespaces, node
from tests.cluster.layout import Layout
from tests.cluster.problem import ClusterProblem

Object = dict[str, Any]
"""One object of the Kubernetes API."""
SECONDS = 120.0
"""How long a workload may take to be ready, and a deleted object to be gone."""
_OWNER = "pytest-smi-cluster"


class Kubectl:
    """Calls of kubectl; every one is bounded and raises ClusterProblem with the last words of kubectl.

    The program is the one beside the running API server's, so nothing is built, whatever this checkout pins.
    """

    def __init__(self, layout: Layout) -> None:
        kubeconfig, server = node.kubeconfig(layout), namespaces.program(layout, "kube-apiserver")
        if server is None:
            raise ClusterProblem("kube-apiserver is not running; start it with: python -m tests.cluster up")
        self._command = [str(server.with_name("kubectl")), f"--kubeconfig={kubeconfig}", "--request-timeout=30s"]

    def apply(self, objects: Sequence[Object]) -> None:
        """Create the objects, or make them as given."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.run(
            "apply",
            "--server-side",
            "--force-conflicts",
            f"--field-manager={_OWNER}",
            "--filename=-",
            text=json.dumps(listed),
        )

    def get(self, name: str, namespace: str = "default") -> Object | None:
        """Return the object KIND/NAME, or None when there is none, or no such kind."""
        try:
            text = self.run("get", name, f"--namespace={namespace}", "--ignore-not-found", "--output=json")
        except ClusterProblem as problem:
            if "the server doesn't have a resource type" in str(problem):
                return None
            raise
        found: Object | None = json.loads(text) if text else None
        return found

    def delete(self, *names: str, namespace: str = "default") -> None:
        """Delete KIND/NAME each and wait until they are gone; what is not there is fine."""
        self.run("delete", *names, f"--namespace={namespace}", "--ignore-not-found", f"--timeout={SECONDS:.0f}s")

    def delete_labelled(self, kinds: str, selector: str) -> None:
        """Delete the objects of cluster-wide KIND,KIND… that have the labels, and wait until they are gone."""
        self.run("delete", kinds, f"--selector={selector}", "--ignore-not-found", f"--timeout={SECONDS:.0f}s")

    def established(self, selector: str) -> None:
        """Wait until the kinds that have the labels are served."""
        self.run("wait", "--for=condition=Established", f"--timeout={SECONDS:.0f}s", "crd", f"--selector={selector}")

    def rolled_out(self, name: str, namespace: str) -> None:
        """Wait until all pods of KIND/NAME are of its newest template and ready."""
        self.run("rollout", "status", name, f"--namespace={namespace}", f"--timeout={SECONDS:.0f}s")

    def run(self, *words: str, text: str | None = None) -> str:
        """Run kubectl and return what it printed."""
        try:
            done = subprocess.run(
                [*self._command, *words], input=text, capture_output=True, text=True, timeout=SECONDS + 15, check=False
            )
        except subprocess.TimeoutExpired:
            raise ClusterProblem(f"kubectl {' '.join(words[:3])} did not end within {SECONDS + 15:.0f} s") from None
        if done.returncode:
            raise ClusterProblem(f"kubectl {' '.join(words[:3])}: {' | '.join(done.stderr.strip().splitlines()[-2:])}")
        return done.stdout
