"""The stage that a scene stands on: what it needs of its testbed, and the objects it applied and must remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.smi.model import SmiObject
from pytest_smi.smi.ports import without_ports
from pytest_smi.smi.render import render
from pytest_smi.testbed.hosts import SUFFIXES
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Workload


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
    fresh_clients: bool
    """Whether clients in the mesh are the scene's own."""
    _own_clients: dict[tuple[str, str], Workload]
    idle_before: float = 0.0
    """`splits.idleBefore` of the mesh's profile."""

    def namespace(self, alias: str) -> str:
        """Return the real name of namespace t1, t2 (joined) or out (not joined)."""
        return self.testbed.namespace(alias)

    def _rendered(self, record: SmiObject) -> dict[str, Any]:
        """The object for a record at the negotiated versions. Raises NotExpressible."""
        return render(without_ports(record, self.versions), self.versions, headers=self.testbed.setting.headers)

    def idle_for(self, call: Call) -> float:
        """Return the seconds that a client must leave the server alone to see a split of it; 0 where none is, or none need be."""
        if not self.idle_before:
            return 0.0
        namespace, _, name = call.server.partition("/")
        named = {name + suffix for suffix in SUFFIXES.values()}
        splits = [manifest for (kind, where, _), manifest in self._applied.items() if kind == "TrafficSplit" and where == namespace]
        return self.idle_before if any(manifest["spec"]["service"].partition(".")[0] in named for manifest in splits) else 0.0

    def fewest_rounds(self, patience: float, idle: float) -> int:
        """Return how many rounds a deadline must have allowed: the limit's, or as many as fit where each is an idle wait."""
        return min(self.limits.settle_rounds, max(2, int(patience // idle))) if idle else self.limits.settle_rounds

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
