"""Which traffic belongs to what is asked: the traffic an object received, its edges, the backends of a split.

Laws: received traffic and `from` edges are measured at the server side, `to` edges and splits at the client side; an edge
exists only where there was traffic in the window; peers are objects of the subject's own kind, told apart by namespace and name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_smi.reference.mesh.faults.active import ActiveFaults
from pytest_smi.reference.mesh.metrics.resources import Subject
from pytest_smi.reference.mesh.metrics.samples import ObjectKey, Traffic
from pytest_smi.reference.mesh.metrics.splits import Backend, Split
from pytest_smi.reference.mesh.metrics.windows import Observed, Tally, add_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Traffic between a subject and one peer: `to` = the subject sends, `from` = it receives."""

    direction: Literal["to", "from"]
    side: Literal["client", "server"]
    peer: Subject
    tally: Tally


def is_received(subject: Subject, traffic: Traffic) -> bool:
    """Whether the traffic is what the subject received, as its own sidecars saw it."""
    return traffic.side == "server" and traffic.destination in subject.pods


def received(subject: Subject, observed: Observed, *, faults: ActiveFaults) -> Tally:
    """All requests that the subject's pods received, from wherever they came."""
    tally = observed.count(lambda traffic: is_received(subject, traffic))
    if faults.on("metrics-namespace-counts-twice") and subject.kind.resource == "namespaces":
        return add_up([tally, tally])
    return tally


def edges(subject: Subject, peers: Sequence[Subject], observed: Observed, *, faults: ActiveFaults) -> list[Edge]:
    """The subject's edges to `peers` (every object of its kind, itself included), by direction and peer."""
    homes: dict[ObjectKey, list[Subject]] = {}
    for peer in peers:
        for pod in peer.pods:
            homes.setdefault(pod, []).append(peer)
    callers: dict[ObjectKey, Subject] = {}
    called: dict[ObjectKey, Subject] = {}
    for traffic in observed.traffics():
        if is_received(subject, traffic) and traffic.source is not None:
            callers |= {peer.key: peer for peer in homes.get(traffic.source, [])}
        elif _is_sent(subject, traffic) and traffic.destination is not None:
            called |= {peer.key: peer for peer in homes.get(traffic.destination, [])}
    found = [_edge_to(subject, peer, observed) for peer in called.values()]
    found += [_edge_from(subject, peer, observed) for peer in callers.values()]
    if faults.on("metrics-foreign-edges-lost"):
        found = [edge for edge in found if edge.direction == "to" or edge.peer.namespace == subject.namespace]
    if faults.on("metrics-edges-by-peer"):
        found = list({edge.peer.key: edge for edge in found}.values())
    if faults.on("metrics-direction-reversed"):
        found = [_reversed(edge) if edge.direction == "to" and edge.peer.key not in callers else edge for edge in found]
    if faults.on("metrics-edges-of-all-pairs"):
        idle = [peer for peer in peers if peer.key not in called and peer.key not in callers and peer.namespace == subject.namespace]
        found += [Edge(direction="to", side="client", peer=peer, tally=Tally()) for peer in idle if peer.key != subject.key]
    return sorted(found, key=lambda edge: (edge.direction, edge.peer.key))


def backends(split: Split, observed: Observed, *, faults: ActiveFaults) -> list[tuple[Backend, Tally]]:
    """For each backend of the split the requests that were sent to its apex and went there."""
    counted = [(backend, _sent_to_backend(split, backend, observed)) for backend in split.backends]
    if faults.on("metrics-split-aggregated") and counted:
        return [(counted[0][0], add_up(tally for _, tally in counted))]
    return counted


def _is_sent(subject: Subject, traffic: Traffic) -> bool:
    return traffic.side == "client" and traffic.source in subject.pods


def _sent_to_backend(split: Split, backend: Backend, observed: Observed) -> Tally:
    return observed.count(lambda traffic: traffic.side == "client" and traffic.split == split.key and traffic.backend == backend.name)


def _edge_to(subject: Subject, peer: Subject, observed: Observed) -> Edge:
    tally = observed.count(lambda traffic: _is_sent(subject, traffic) and traffic.destination in peer.pods)
    return Edge(direction="to", side="client", peer=peer, tally=tally)


def _edge_from(subject: Subject, peer: Subject, observed: Observed) -> Edge:
    tally = observed.count(lambda traffic: is_received(subject, traffic) and traffic.source in peer.pods)
    return Edge(direction="from", side="server", peer=peer, tally=tally)


def _reversed(edge: Edge) -> Edge:
    return Edge(direction="from", side=edge.side, peer=edge.peer, tally=edge.tally)
