"""The specification's use cases, built of what the API answers: a table of pods, a canary, and who calls whom. Pure.

Each function returns, or raises RequirementFailed with what was expected and found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import numbers
from pytest_smi.scenario.metrics.recording import Count, Document
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.verdict import Inconclusive, require

Graph = set[tuple[Ref, Ref]]
"""Who calls whom."""


def top(pods: Document, received: Mapping[Ref, Count], limits: Limits) -> None:
    """The busy pods' requests, part of successes and latency are those of the traffic."""
    busy = {pod: count for pod, count in received.items() if count.requests >= 1 / limits.metrics_ends_share}
    if not busy:
        raise Inconclusive("no pod received enough requests to tell")
    for pod, count in busy.items():
        item = pods.about(pod)
        share, expected = _success(item), count.successes / count.requests
        require(
            numbers.near(item.requests, count.requests, limits) and abs(share - expected) <= limits.metrics_ends_share,
            f"GET {pods.path}: {pod} has {item.requests:g} requests, {share:.0%} of them successes; it received "
            f"{count.requests}, {expected:.0%} of them successes",
        )
        item.latency("p99_response_latency")  # raises where it cannot be read


def canary(deployments: Document, received: Mapping[Ref, int], limits: Limits) -> None:
    """The Deployments behind a split that got requests, all answered 200, show that they succeed."""
    for one in (one for one, requests in received.items() if requests > 2 * limits.metrics_count_spare):
        item = deployments.about(one)
        require(
            item.requests > 0 and _success(item) > 0.9,
            f"GET {deployments.path}: {one} got {received[one]} requests, all answered 200, and shows "
            f"{item.requests:g}, {_success(item):.0%} of them successes",
        )


def topology(edges: Iterable[Document], expected: Graph) -> None:
    """The edges with requests, put together, are the calls that were made."""
    found: Graph = set()
    for document in edges:
        for item in (item for item in document.items() if item.requests > 0):
            found.add((item.resource, item.peer) if item.direction == "to" else (item.peer, item.resource))
    require(
        found == expected,
        f"the edges make the calls {_named(found - expected)} that nobody made, and leave out "
        f"{_named(expected - found)}",
    )


def _success(item: Item) -> float:
    return item.value("success_count") / item.requests if item.requests else 0.0


def _named(graph: Graph) -> str:
    return "; ".join(sorted(f"{source} to {destination}" for source, destination in graph)) or "none"
