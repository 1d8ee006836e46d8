"""What the shared scenario recorded: documents, the window, and what really arrived at whom. Pure.

Sent traffic is known in full, since servers and namespaces are fresh and every request carries a nonce.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_smi.scenario.metrics.records import Item, Ref, items_of
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One answer of the API. `begun`, `finished`: the suite's clock, seconds, around the request."""

    path: str
    status: int
    body: Any
    date: str = ""
    begun: float = 0.0
    finished: float = 0.0

    def granted(self) -> Any:
        """Return the body; fails the requirement unless the answer is 200."""
        if self.status != 200:
            message = self.body.get("message") if isinstance(self.body, dict) else self.body
            raise RequirementFailed(f"GET {self.path} answered {self.status}: {str(message)[:200]}")
        return self.body

    def items(self) -> list[Item]:
        """Return the items of a list, or the one item."""
        try:
            return items_of(self.granted())
        except RequirementFailed as error:
            raise RequirementFailed(f"{error} (GET {self.path})") from None

    def only(self) -> Item:
        """Return the item of a document that has one."""
        items = self.items()
        if len(items) != 1:
            raise RequirementFailed(f"GET {self.path} has {len(items)} items, expected one")
        return items[0]

    def about(self, resource: Ref) -> Item:
        """Return the list's one item about an object."""
        found = [item for item in self.items() if item.resource == resource]
        if len(found) != 1:
            raise RequirementFailed(f"GET {self.path} has {len(found)} items about {resource}, expected one")
        return found[0]

    def to_json(self) -> dict[str, Any]:
        """Return the document as evidence."""
        return {
            "GET": self.path,
            "status": self.status,
            "date": self.date,
            "at": [self.begun, self.finished],
            "body": self.body,
        }

    def in_short(self) -> dict[str, Any]:
        """Return the document as evidence that it was answered: a list's items are only counted."""
        items = self.body.get("items") if isinstance(self.body, dict) else None
        body = {**self.body, "items": len(items)} if isinstance(items, list) else self.body
        return {"GET": self.path, "status": self.status, "at": [self.begun, self.finished], "body": body}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Requests that arrived, by what the server answered."""

    successes: int = 0
    failures: int = 0

    @property
    def requests(self) -> int:
        """Both together."""
        return self.successes + self.failures

    def __add__(self, other: Count) -> Count:
        return Count(successes=self.successes + other.successes, failures=self.failures + other.failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Requests that arrived from one workload at one pod; names of the cluster's objects."""

    source: Ref
    destination: Ref
    pod: str
    count: Count
    status: int = 200
    """What the server was told to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """A TrafficSplit as it was applied: `apex` and the keys of `weights` are Service names."""

    resource: Ref
    apex: str
    weights: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """What became of an object's numbers when its traffic had stopped. `before`, `after`: requests shown; None:
    nothing that can be read.

    `waited`: seconds from the end of the traffic to `after`.
    """

    before: float | None
    after: float | None
    waited: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The whole of it. `began`: the suite's clock when the traffic that the documents are about began.

    `window`: its length in seconds; None when the mesh neither says it nor lets it be seen.
    `latencies`: seconds that the clients measured themselves, by destination's role; `delay`: those that c was told to
    wait before each answer.
    """

    refs: Mapping[str, Ref]
    window: float | None
    began: float
    documents: Mapping[str, Document]
    flows: tuple[Flow, ...]
    fading: Fading
    latencies: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    delay: float = 0.0
    splits: tuple[SplitFacts, ...] = ()
    """The split before and after it was re-weighted; empty where the mesh has none."""
    connections: int = 0
    """Raw TCP connections that arrived at w."""
    refused: int = 0
    """Requests to x that policy refused, after the other documents were read."""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Nodes by their pods' names."""
    replica_set: str = ""
    """Name of the ReplicaSet of w."""

    def on_nodes(self, pods: Iterable[Item]) -> dict[str, float]:
        """Return what pods have together on each node, as far as their nodes are known."""
        counts: dict[str, float] = {}
        for item in pods:
            node = self.nodes.get(item.resource.name)
            if node:
                counts[node] = counts.get(node, 0.0) + item.requests
        return counts

    def received(self, role: str) -> Count:
        """Return what arrived at one of them."""
        return sum((flow.count for flow in self.flows if flow.destination == self.refs[role]), Count())

    def sent(self, source: str, destination: str) -> Count:
        """Return what arrived from one of them at another."""
        wanted = (self.refs[source], self.refs[destination])
        return sum((flow.count for flow in self.flows if (flow.source, flow.destination) == wanted), Count())

    def by_status(self, role: str) -> Counter[int]:
        """Return what arrived at one of them, by the status that was answered."""
        counts: Counter[int] = Counter()
        for flow in self.flows:
            if flow.destination == self.refs[role]:
                counts[flow.status] += flow.count.requests
        return counts

    def by_pod(self, role: str) -> dict[str, Count]:
        """Return what arrived at the pods of one of them."""
        counts: dict[str, Count] = {}
        for flow in self.flows:
            if flow.destination == self.refs[role]:
                counts[flow.pod] = counts.get(flow.pod, Count()) + flow.count
        return counts

    def frozen(self, key: str) -> Document:
        """Return a document whose window surely holds all the traffic;
        inconclusive when it was read too late for that."""
        document = self.documents[key]
        document.granted()
        age = document.finished - self.began
        if self.window is None:
            raise Inconclusive(
                "the mesh states no window, and its numbers do not fall, so it cannot be said what they count"
            )
        if age > self.window:
            raise Inconclusive(
                f"traffic and reading took {age:.1f} s, longer than the window of {self.window:.1f} s: "
                "counts cannot be judged"
            )
        return document

    def every_item(self) -> list[tuple[Document, Item]]:
        """Return all items of all documents that hold any."""
        found = []
        for document in self.documents.values():
            try:
                found += [(document, item) for item in document.items()]
            except RequirementFailed:  # judged by the requirement that asks for this document
                continue
        if not found:
            raise RequirementFailed("no document of the API has any item")
        return found
