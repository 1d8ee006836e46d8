"""Faults of the peers of edges: which object they are said to be, and what either end counts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.label_selectors import Selector
from pytest_smi.reference.mesh.metrics.answers import Answers
from pytest_smi.reference.mesh.metrics.measure import Edge, Homes, Measure
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.resources import Kind, Subject
from pytest_smi.reference.mesh.metrics.routes import Query
from pytest_smi.reference.mesh.metrics.statuses import Answer


class _PeersByName(Measure):
    def unsorted_edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        found = super().unsorted_edges(subject, peers)
        return [replace(edge, peer=subject) if edge.peer.name == subject.name else edge for edge in found]


PEERS_BY_NAME = Fault(
    name="metrics-peers-by-name",
    description="Peers are told apart by name alone: one of the subject's own name is taken for the subject.",
    breaks=("TM-21", "TM-67"),
    overrides=(_PeersByName,),
)


class _RetriesCounted(Measure):
    def edges_to(self, subject: Subject, homes: Homes) -> list[Edge]:
        return [
            replace(edge, tally=replace(edge.tally, failures=2 * edge.tally.failures))
            for edge in super().edges_to(subject, homes)
        ]


RETRIES_COUNTED = Fault(
    name="metrics-retries-counted",
    description="The caller's side counts a failed request twice, as though it had been sent again.",
    breaks=("TM-47",),
    overrides=(_RetriesCounted,),
)


class _PodsOfDeployments(Renderer):
    def edge_item(self, subject: Subject, edge: Edge) -> dict[str, Any]:
        item = super().edge_item(subject, edge)
        if subject.kind.resource != "pods":
            return item
        return {**item, "edge": {**item["edge"], "resource": {**item["edge"]["resource"], "kind": "Deployment"}}}


PODS_CALLED_DEPLOYMENTS = Fault(
    name="metrics-pods-called-deployments",
    description="The peers of a pod are said to be Deployments.",
    breaks=("TM-48",),
    overrides=(_PodsOfDeployments,),
)


class _DeclaredOnly(Answers):
    def edges(self, kind: Kind, query: Query, labels: Selector) -> Answer:
        answer = super().edges(kind, query, labels)
        if answer.code != 200:
            return answer
        items = [item for item in answer.body["items"] if self._is_declared(kind, item)]
        return Answer(200, {**answer.body, "items": items})

    def _is_declared(self, kind: Kind, item: Mapping[str, Any]) -> bool:
        edge = item["edge"]
        receiver = edge["resource"] if edge["direction"] == "to" else item["resource"]
        key = (receiver.get("namespace", ""), receiver["name"])
        pods = {pod for subject in self.subjects(kind) if subject.key == key for pod in subject.pods}
        accounts = {
            (thing["metadata"]["namespace"], (thing.get("spec") or {}).get("serviceAccountName"))
            for thing in self.view.objects("pods")
            if (thing["metadata"]["namespace"], thing["metadata"]["name"]) in pods
        }
        return bool(accounts & {_destination(thing) for thing in self.view.objects("traffictargets")})


def _destination(target: Mapping[str, Any]) -> tuple[str | None, str | None]:
    found = (target.get("spec") or {}).get("destination") or {}
    return found.get("namespace") or target["metadata"].get("namespace"), found.get("name")


DECLARED_ONLY = Fault(
    name="metrics-edges-declared-only",
    description="An edge is shown while a TrafficTarget names the account of its receiver as a destination.",
    breaks=("TM-16",),
    overrides=(_DeclaredOnly,),
)

PEER_FAULTS = (DECLARED_ONLY, PEERS_BY_NAME, RETRIES_COUNTED, PODS_CALLED_DEPLOYMENTS)
