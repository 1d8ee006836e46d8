"""Ask the Kubernetes API: documents, dry runs, events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.cluster.connection import Answer
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.refusals import Refusal, refusal_of
from pytest_smi.smi.model import SmiObject
from pytest_smi.smi.render import GROUPS


class KubeReads:
    """What the API server says."""

    def __init__(self, context: Context) -> None:
        self._context, self._testbed = context, context.testbed

    def get(
        self, path: str, *, account: tuple[str, str] | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """GET a path of the API server; `account` (namespace, name) asks as that ServiceAccount."""
        headers = {"Impersonate-User": f"system:serviceaccount:{account[0]}:{account[1]}"} if account else {}
        answer = self._testbed.connection.request("GET", path, headers=headers, query=query)
        self._context.evidence.event(
            f"GET {path}", query=dict(query or {}), account=account, status=answer.status, body=answer.body
        )
        return answer

    def metrics_path(self, rest: str = "") -> str:
        """Return a path of the TrafficMetrics API at the negotiated version."""
        return f"/apis/{GROUPS['metrics']}/{self._context.versions['metrics']}{rest}"

    def dry_run(self, record: SmiObject | dict[str, Any]) -> Answer:
        """Ask the API server whether it would accept an object."""
        manifest = record if isinstance(record, dict) else self._context.rendered(record)
        return self._testbed.objects.dry_run(manifest)

    def refused(self, record: SmiObject | dict[str, Any]) -> Refusal | None:
        """Return who would refuse an object, its definition or a webhook; None when it would be stored.

        Raise Inconclusive for refusals that say nothing of the object, such as missing permission.
        """
        manifest = record if isinstance(record, dict) else self._context.rendered(record)
        answer = self.dry_run(manifest)
        if not answer.ok:
            self._context.evidence.refused(manifest, answer.message)
        return refusal_of(answer.status, answer.message)

    def events_about(self, record: SmiObject) -> list[dict[str, Any]]:
        """Return the events that the mesh raised on an SMI object."""
        events = self._testbed.objects.list("v1", "events", record.namespace)
        kind = type(record).__name__
        return [
            e
            for e in events
            if e["involvedObject"].get("kind") == kind and e["involvedObject"].get("name") == record.name
        ]
