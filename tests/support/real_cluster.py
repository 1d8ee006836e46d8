"""The real Kubernetes node of `tests.cluster` as tests see it: kubectl, the least privileged account,
and what is left behind."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def ask_node(*arguments: str, timeout: float = 900) -> str:
    """Run `python -m tests.cluster ARGUMENTS` and return what it prints; raises CalledProcessError."""
    command = [sys.executable, "-m", "tests.cluster", *arguments]
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=timeout, check=True
    ).stdout.strip()


@dataclass(frozen=True, slots=True)
class RealCluster:
    """A running node; `admin` is the administrator's kubeconfig."""

    admin: Path

    @classmethod
    def running(cls) -> "RealCluster":
        """The node that `python -m tests.cluster up` started, or the cluster of SMI_E2E_KUBECONFIG."""
        return cls(Path(os.environ.get("SMI_E2E_KUBECONFIG") or ask_node("kubeconfig", timeout=60)))

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run kubectl as the administrator; raises CalledProcessError with what it said."""
        command = ["kubectl", f"--kubeconfig={self.admin}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=True).stdout

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        """The items of `kubectl get ARGUMENTS`."""
        listed: list[dict[str, Any]] = json.loads(self.kubectl("get", *arguments, "-o", "json"))["items"]
        return listed

    def runner(self, folder: Path) -> Path:
        """Apply manifests/rbac.yaml and return a kubeconfig of the service account in it, which has no other rights."""
        self.kubectl("apply", "-f", str(ROOT / "manifests" / "rbac.yaml"))
        token = self.kubectl("-n", "pytest-smi", "create", "token", "runner", "--duration=4h").strip()
        document = yaml.safe_load(self.admin.read_text())
        for user in document["users"]:
            user["user"] = {"token": token}
        path = folder / "runner.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document))
        return path

    def namespaces_of_runs(self) -> list[str]:
        """Namespaces that runs of the suite created and did not delete."""
        return [
            item["metadata"]["name"] for item in self.get("namespaces", "-l", "app.kubernetes.io/managed-by=pytest-smi")
        ]
