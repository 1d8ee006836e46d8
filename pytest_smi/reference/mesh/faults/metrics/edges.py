"""Faults of edges: between whom traffic is said to flow, which way, and seen from where."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.label_selectors import Selector
from pytest_smi.reference.mesh.metrics.measure import Edge, Homes, Measure
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.resources import Kind, Subject
from pytest_smi.reference.mesh.metrics.windows import Tally


class _WithoutSubject(Renderer):
    def list_of_subject(
        self, kind: Kind, namespace: str, name: str, items: Sequence[dict[str, Any]], selector: Selector
    ) -> dict[str, Any]:
        body = super().list_of_subject(kind, namespace, name, items, selector)
        return {**body, "resource": {key: value for key, value in body["resource"].items() if key != "name"}}


WITHOUT_SUBJECT = Fault(
    name="metrics-edges-without-subject",
    description="The list of an object's edges carries no name in its `resource`.",
    breaks=("TM-14",),
    overrides=(_WithoutSubject,),
)


class _AllPairs(Measure):
    def unsorted_edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        found = super().unsorted_edges(subject, peers)
        known = {subject.key, *(edge.peer.key for edge in found)}
        idle = [peer for peer in peers if peer.key not in known and peer.namespace == subject.namespace]
        return [*found, *(Edge(direction="to", side="client", peer=peer, tally=Tally()) for peer in idle)]


OF_ALL_PAIRS = Fault(
    name="metrics-edges-of-all-pairs",
    description="Edges with zeros lead to all objects of the kind in the namespace without traffic.",
    breaks=("TM-15",),
    overrides=(_AllPairs,),
)


class _Reversed(Measure):
    def unsorted_edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        found = super().unsorted_edges(subject, peers)
        callers = {edge.peer.key for edge in found if edge.direction == "from"}
        return [edge if edge.peer.key in callers else replace(edge, direction="from") for edge in found]


DIRECTION_REVERSED = Fault(
    name="metrics-direction-reversed",
    description="An edge to a peer that only receives is shown as `from`.",
    breaks=("TM-18", "TM-67"),
    overrides=(_Reversed,),
)


class _SideMissing(Renderer):
    def edge(
        self, direction: Literal["to", "from"], side: Literal["client", "server"], peer: dict[str, str]
    ) -> dict[str, Any]:
        return {key: value for key, value in super().edge(direction, side, peer).items() if key != "side"}


SIDE_MISSING = Fault(
    name="metrics-side-missing",
    description="`edge` has no `side`.",
    breaks=("TM-19", "TM-53"),
    overrides=(_SideMissing,),
)


class _ByPeer(Measure):
    def unsorted_edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        # Those `from` a peer come last.
        return list({edge.peer.key: edge for edge in super().unsorted_edges(subject, peers)}.values())


BY_PEER = Fault(
    name="metrics-edges-by-peer",
    description="Edges are kept by peer alone, so `from` replaces `to` where traffic goes both ways.",
    breaks=("TM-20",),
    overrides=(_ByPeer,),
)


class _ForeignLost(Measure):
    def edges_from(self, subject: Subject, homes: Homes) -> list[Edge]:
        return [edge for edge in super().edges_from(subject, homes) if edge.peer.namespace == subject.namespace]


FOREIGN_LOST = Fault(
    name="metrics-foreign-edges-lost",
    description="Edges from peers in other namespaces are lost.",
    breaks=("TM-46",),
    overrides=(_ForeignLost,),
)

EDGE_FAULTS = (WITHOUT_SUBJECT, OF_ALL_PAIRS, DIRECTION_REVERSED, SIDE_MISSING, BY_PEER, FOREIGN_LOST)
