"""The judgement of numbers of several pods, objects or protocols together. Pure.

Each function returns, or raises RequirementFailed with what was expected and found, Inconclusive, or NotExpressible
where the mesh offers nothing to judge. The tolerances are those of the limits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import latencies, numbers, quantities
from pytest_smi.scenario.metrics.recording import Document, Recording
from pytest_smi.scenario.metrics.records import LATENCIES, Item, Ref
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed, require
from pytest_smi.smi.versions import NotExpressible


def exactly(what: str, items: Iterable[Item], expected: int, others: int, limits: Limits) -> None:
    """Items together count the requests that they should, and none of the `others` that they should not."""
    listed = list(items)
    if not expected or others < limits.metrics_fewest:
        raise Inconclusive(f"{what}: {expected} requests and {others} others are there to compare with")
    found = sum(item.requests for item in listed)
    require(
        numbers.near(found, expected, limits),
        f"{', '.join(map(str, listed)) or 'nothing'} has {found:g} requests, expected {expected}: {what}",
    )


def parts_of_other_kinds(
    documents: Mapping[str, Document], whole: Ref, parts: Sequence[Item], on_node: Mapping[str, float], limits: Limits
) -> None:
    """A ReplicaSet has what its pods have together, and a node at least what those of the scenario on it have.

    `documents`: the lists by plural. `parts`: the pods of the ReplicaSet `whole`. `on_node`: requests by node's name.
    """
    offered = {plural: document for plural, document in documents.items() if document.status == 200}
    if not offered:
        raise NotExpressible(f"{' and '.join(documents)} have no metrics here, see TM-03")
    if not sum(part.requests for part in parts):
        raise Inconclusive(f"the pods of {whole} show no requests that could be added up")
    if "replicasets" in offered:
        numbers.sum_of_parts(str(whole), offered["replicasets"].about(whole), parts, limits)
    for name, least in on_node.items() if "nodes" in offered else ():
        found = offered["nodes"].about(Ref(kind="Node", name=name)).requests
        require(
            found >= least or numbers.near(found, least, limits),
            f"GET {offered['nodes'].path}: node {name} has {found:g} requests, pods on it have {least:g} and more",
        )


def between_parts(whole: Item, parts: Sequence[Item], measured: Collection[float], limits: Limits) -> None:
    """Each percentile of an aggregate lies between the smallest and the largest of its parts'.

    `measured`: seconds that the clients saw; without a slow part the requirement says nothing.
    """
    if len(parts) < 2:
        raise Inconclusive("there are no parts to compare with")
    if wrong := latencies.has_slow_part(measured, limits):
        raise Inconclusive(wrong)
    for name in LATENCIES:
        values = [part.latency(name) for part in parts]
        low, high, found = min(values) / limits.metrics_spare, max(values) * limits.metrics_spare, whole.latency(name)
        require(
            low <= found <= high,
            f"{name} of {whole} is {found:g} s, and those of its {len(parts)} pods lie between {min(values):g} s and "
            f"{max(values):g} s",
        )


def follows(fast: Item, slow: Item, fast_seen: Sequence[float], slow_seen: Sequence[float], limits: Limits) -> None:
    """The median of a slow object is above that of a fast one, whatever the unit; `…_seen`: what clients measured."""
    if wrong := latencies.are_apart(fast_seen, slow_seen, limits):
        raise Inconclusive(wrong)
    name = "p50_response_latency"
    low, high = fast.value(name), slow.value(name)
    require(
        high > 0 and high >= limits.metrics_latency_factor * low,
        f"p50 of {slow} is {high:g}, of {fast} {low:g} in the same unit; clients measured medians of "
        f"{median(slow_seen):.3f} s and {median(fast_seen):.3f} s",
    )


def units(recording: Recording) -> None:
    """Every latency names a unit of time."""
    for document, item in recording.every_item():
        for metric in item.metrics:
            if metric.get("name") in LATENCIES:
                try:
                    quantities.unit_seconds(metric.get("unit"))
                except ValueError as error:
                    raise RequirementFailed(f"GET {document.path}: {metric.get('name')} of {item}: {error}") from error
