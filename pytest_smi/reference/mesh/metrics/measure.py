"""Which traffic belongs to what is asked: the traffic an object received, its edges, the backends of a split. Pure.

Laws: received traffic and `from` edges are measured at the server side, `to` edges and splits at the client side; an
edge exists only where there was traffic in the window; peers are objects of the subject's own kind,
told apart by namespace and name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pytest_smi.reference.mesh.metrics.resources import Subject
from pytest_smi.reference.mesh.metrics.samples import ObjectKey, Traffic
from pytest_smi.reference.mesh.metrics.splits import Backend, Split
from pytest_smi.reference.mesh.metrics.windows import Observed, Tally

Homes: TypeAlias = Mapping[ObjectKey, Sequence[Subject]]
"""By pod, the objects of one kind that contain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Traffic between a subject and one peer: `to` = the subject sends, `from` = it receives."""

    direction: Literal["to", "from"]
    side: Literal["client", "server"]
    peer: Subject
    tally: Tally


class Measure:
    """Counts what was observed for objects, edges and splits."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed

    def received(self, subject: Subject) -> Tally:
        """Count each request that the subject's pods received, once, from wherever it came."""
        return self.observed.count(lambda traffic: is_received(subject, traffic))

    def edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        """Return the subject's edges to `peers` (every object of its kind, itself included), by direction and peer."""
        return sorted(self.unsorted_edges(subject, peers), key=lambda edge: (edge.direction, edge.peer.key))

    def unsorted_edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        """Return the edges in both directions: a peer that sends and receives has two."""
        homes: dict[ObjectKey, list[Subject]] = {}
        for peer in peers:
            for pod in peer.pods:
                homes.setdefault(pod, []).append(peer)
        return [*self.edges_to(subject, homes), *self.edges_from(subject, homes)]

    def edges_to(self, subject: Subject, homes: Homes) -> list[Edge]:
        """Return an edge to each object that the subject sent to, in whatever namespace,
        as the subject's side saw it."""
        sent = [traffic for traffic in self.observed.traffics() if _is_sent(subject, traffic)]
        peers = _living_at(homes, (traffic.destination for traffic in sent))
        return [Edge(direction="to", side="client", peer=peer, tally=self._sent_to(subject, peer)) for peer in peers]

    def edges_from(self, subject: Subject, homes: Homes) -> list[Edge]:
        """Return an edge from each object that the subject received from, in whatever namespace,
        as the subject's side saw it."""
        received = [traffic for traffic in self.observed.traffics() if is_received(subject, traffic)]
        peers = _living_at(homes, (traffic.source for traffic in received))
        return [
            Edge(direction="from", side="server", peer=peer, tally=self._received_from(subject, peer)) for peer in peers
        ]

    def backends(self, split: Split) -> list[tuple[Backend, Tally]]:
        """Count for each backend of the split the requests that were sent to its apex and went there."""
        return [(backend, self._split_to(split, backend)) for backend in split.backends]

    def _sent_to(self, subject: Subject, peer: Subject) -> Tally:
        return self.observed.count(lambda traffic: _is_sent(subject, traffic) and traffic.destination in peer.pods)

    def _received_from(self, subject: Subject, peer: Subject) -> Tally:
        return self.observed.count(lambda traffic: is_received(subject, traffic) and traffic.source in peer.pods)

    def _split_to(self, split: Split, backend: Backend) -> Tally:
        return self.observed.count(
            lambda traffic: traffic.side == "client" and traffic.split == split.key and traffic.backend == backend.name
        )


def is_received(subject: Subject, traffic: Traffic) -> bool:
    """Return whether the traffic is what the subject received, as its own sidecars saw it."""
    return traffic.side == "server" and traffic.destination in subject.pods


def _is_sent(subject: Subject, traffic: Traffic) -> bool:
    return traffic.side == "client" and traffic.source in subject.pods


def _living_at(homes: Homes, pods: Iterable[ObjectKey | None]) -> Iterable[Subject]:
    found = {peer.key: peer for pod in pods if pod is not None for peer in homes.get(pod, [])}
    return found.values()
