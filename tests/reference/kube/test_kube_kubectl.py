"""kubectl against the embedded API server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")

MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: more, port: 81}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "x:1", env: [{name: A, value: "1"}]}]}
"""
THING = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.io"},
    "spec": {
        "group": "example.io",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
}
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kubectl(cluster: Any, tmp_path: Path) -> Kubectl:
    """Runs kubectl with its cache and its settings in the test's folder."""

    def run(*args: str, given: str | None = None, status: int = 0) -> subprocess.CompletedProcess[str]:
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KUBECONFIG": str(cluster.server.kubeconfig_path),
        }
        done = subprocess.run(
            ["kubectl", *args], input=given, capture_output=True, text=True, timeout=30, env=settings, check=False
        )
        assert done.returncode == status, f"kubectl {' '.join(args)}: {done.stdout}{done.stderr}"
        return done

    return run


class TestKubectl:
    """What people type."""

    def test_apply_is_idempotent_and_merges(self, kubectl: Kubectl) -> None:
        """created, unchanged, configured; then scale and delete."""
        kubectl("create", "namespace", "t1")
        first = kubectl("apply", "-n", "t1", "-f", "-", given=MANIFEST % 1).stdout
        assert first == "service/web created\ndeployment.apps/web created\n"
        second = kubectl("apply", "-n", "t1", "-f", "-", given=MANIFEST % 1).stdout
        assert second == "service/web unchanged\ndeployment.apps/web unchanged\n"
        third = kubectl("apply", "-n", "t1", "-f", "-", given=MANIFEST % 2).stdout
        assert third == "service/web unchanged\ndeployment.apps/web configured\n"
        kubectl("scale", "-n", "t1", "deployment/web", "--replicas=4")
        table = kubectl("get", "-n", "t1", "deployments").stdout.splitlines()
        assert table[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
        assert table[1].split()[:2] == ["web", "0/4"]
        assert kubectl("delete", "-n", "t1", "deployment", "web").stdout == 'deployment.apps "web" deleted\n'
        kubectl("delete", "namespace", "t1", "--timeout=10s")

    def test_logs_and_exec(self, kubectl: Kubectl) -> None:
        """Output, standard input and exit status come through."""
        kubectl("run", "box", "--image=x:1")
        assert kubectl("logs", "box", "--tail=5").stdout.endswith("last line\n")
        done = kubectl("exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 3", status=3)
        assert done.stdout == "out\n"
        assert done.stderr.startswith("err\n")
        assert kubectl("exec", "-i", "box", "--", "cat", given="hello").stdout == "hello"

    def test_custom_resources(self, kubectl: Kubectl) -> None:
        """A new kind is there at once, with its columns; unknown fields are refused."""
        kubectl("apply", "-f", "-", given=json.dumps(THING))
        kubectl("wait", "--for=condition=Established", "crd/things.example.io", "--timeout=5s")
        body = {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"size": 5}}
        kubectl("apply", "-f", "-", given=json.dumps(body))
        assert [line.split() for line in kubectl("get", "things").stdout.splitlines()] == [["NAME", "SIZE"], ["a", "5"]]
        body["spec"] = {"sise": 5}
        assert 'unknown field "spec.sise"' in kubectl("apply", "-f", "-", given=json.dumps(body), status=1).stderr

    def test_access_questions(self, kubectl: Kubectl) -> None:
        """auth can-i answers for someone else."""
        kubectl("create", "serviceaccount", "bob")
        kubectl("create", "role", "r", "--verb=get", "--resource=pods")
        kubectl("create", "rolebinding", "r", "--role=r", "--serviceaccount=default:bob")
        user = "--as=system:serviceaccount:default:bob"
        assert kubectl("auth", "can-i", "get", "pods", user).stdout == "yes\n"
        assert kubectl("auth", "can-i", "delete", "pods", user, status=1).stdout == "no\n"
        assert "is forbidden" in kubectl("get", "secrets", user, status=1).stderr
