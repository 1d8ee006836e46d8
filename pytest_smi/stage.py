"""The stage that a scene stands on: what it needs of its testbed, and the objects it applied and must remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_smi.evidence import Evidence
from pytest_smi.limits import Limits
from pytest_smi.testbed import Testbed
from pytest_smi.workloads import Workload


class Stage:
    """Common ground of the parts of a scene; `tag` is in the name of everything that the scene creates."""

    testbed: Testbed
    tag: str
    limits: Limits
    versions: Mapping[str, str]
    evidence: Evidence
    clock: Callable[[], float]
    servers: list[Workload]
    _applied: dict[tuple[str, str, str], dict[str, Any]]
    _own_ports: dict[str, Mapping[str, int]]

    def namespace(self, alias: str) -> str:
        """Return the real name of namespace t1, t2 (joined) or out (not joined)."""
        return self.testbed.namespace(alias)

    def _put(self, manifest: dict[str, Any]) -> None:
        self.testbed.objects.apply(manifest)
        metadata = manifest["metadata"]
        self._applied[manifest["kind"], metadata.get("namespace", ""), metadata["name"]] = manifest
        self.evidence.manifest(manifest, "applied")

    def _remove(self, manifest: dict[str, Any]) -> None:
        self.testbed.objects.delete(manifest)
        metadata = manifest["metadata"]
        self._applied.pop((manifest["kind"], metadata.get("namespace", ""), metadata["name"]), None)
        self.evidence.manifest(manifest, "deleted")
