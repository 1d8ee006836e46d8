"""When the numbers of the shared scenario are all there: each place where they come in by themselves. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import numbers
from pytest_smi.scenario.metrics.questions import abroad, edges_of, splits_of, watched
from pytest_smi.scenario.metrics.quiet import requests_shown
from pytest_smi.scenario.metrics.reading import Question
from pytest_smi.scenario.metrics.recording import Flow
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.metrics.traffic_plan import TrafficPlan

Right = Callable[[list[Item] | None], bool]


def awaited(plan: TrafficPlan, flows: Sequence[Flow], limits: Limits) -> list[tuple[Question, Right]]:
    """Return which documents to watch, and when each of them is complete: what servers saw in both namespaces,
    and what clients saw, which may come later."""
    received = dict.fromkeys(plan.refs.values(), 0)
    for flow in flows:
        received[flow.destination] += flow.count.requests

    def of_namespace(namespace: str) -> Right:
        expected = {ref: requests for ref, requests in received.items() if ref.namespace == namespace}
        return lambda items: _shown(items, expected, limits)

    def sent(items: list[Item] | None) -> bool:
        found = requests_shown([item for item in items or () if item.direction == "to"])
        return numbers.near(found or 0.0, _between(flows, plan.refs["a"]), limits)

    def split(items: list[Item] | None) -> bool:
        backends = [_between(flows, plan.refs["g"], plan.refs[role]) for role in ("v1", "v2")]
        return numbers.near(requests_shown(items) or 0.0, sum(backends), limits)

    found: list[tuple[Question, Right]] = [
        (watched(plan), of_namespace(plan.home)),
        (abroad(plan), of_namespace(plan.workloads["x"].namespace)),
        (edges_of(plan, "a"), sent),
    ]
    return [*found, (splits_of(plan), split)] if plan.splits else found


def _shown(items: list[Item] | None, expected: dict[Ref, int], limits: Limits) -> bool:
    found = {item.resource: requests_shown([item]) or 0.0 for item in items or ()}
    return all(numbers.near(found.get(ref, 0.0), requests, limits) for ref, requests in expected.items())


def _between(flows: Sequence[Flow], source: Ref, destination: Ref | None = None) -> int:
    return sum(
        flow.count.requests for flow in flows if flow.source == source and destination in (None, flow.destination)
    )
