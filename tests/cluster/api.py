"""Ask the node's API server, as its administrator."""

from __future__ import annotations

import os
import ssl
import subprocess
from typing import Any

import httpx

from tests.cluster.binaries import Binaries
from tests.cluster.layout import API_URL, NODE_NAME, Layout
from tests.cluster.problem import ClusterProblem


def get(layout: Layout, path: str) -> httpx.Response | None:
    """Return the API server's answer to GET `path`, or None when it does not answer."""
    context = ssl.create_default_context(cafile=layout.keys / "ca.crt")
    context.load_cert_chain(layout.keys / "admin.crt", layout.keys / "admin.key")
    try:
        return httpx.get(f"{API_URL}{path}", verify=context, timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None


def ready(layout: Layout) -> bool:
    """Tell whether the API server says that it is ready."""
    answer = get(layout, "/readyz")
    return answer is not None and answer.status_code == 200


def condition(layout: Layout, path: str, kind: str) -> bool:
    """Tell whether the object at `path` has the condition `kind` with status True."""
    answer = get(layout, path)
    if answer is None or answer.status_code != 200:
        return False
    conditions: list[dict[str, Any]] = answer.json().get("status", {}).get("conditions") or []
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def kubelet_serves(layout: Layout) -> bool:
    """Tell whether the node is Ready and its kubelet knows every pod that the API server knows on it.

    A kubelet that has just been started again refuses `exec` and logs of pods for a moment,
    while the node still counts as Ready.
    """
    if not condition(layout, f"/api/v1/nodes/{NODE_NAME}", "Ready"):
        return False
    wanted = get(layout, f"/api/v1/pods?fieldSelector=spec.nodeName={NODE_NAME}")
    known = get(layout, f"/api/v1/nodes/{NODE_NAME}/proxy/pods")
    if wanted is None or known is None or not (wanted.status_code == known.status_code == 200):
        return False
    return _names(wanted) <= _names(known)


def _names(pods: httpx.Response) -> set[str]:
    return {each["metadata"]["uid"] for each in pods.json().get("items") or []}


def apply(layout: Layout, programs: Binaries, manifest: str) -> None:
    """Apply a manifest (YAML documents) with kubectl; raises ClusterProblem with its errors."""
    command = [str(programs.path("kubectl")), f"--kubeconfig={layout.kubeconfig}", "apply", "--filename=-"]
    environment = {**os.environ, "HOME": str(layout.state)}  # kubectl caches discovery there
    done = subprocess.run(
        command, input=manifest, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        raise ClusterProblem(f"kubectl apply: {done.stderr.strip()}")
