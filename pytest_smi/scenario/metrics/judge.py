"""The judgement of recorded documents. Pure.

Each function returns, or raises RequirementFailed with what was expected and found, or Inconclusive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from pytest_smi.scenario.metrics import quantities
from pytest_smi.scenario.metrics.recording import Document, Fading, Recording, SplitFacts
from pytest_smi.scenario.metrics.records import COUNTS, LATENCIES, NAMES, Backend, Item, Ref, ref
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed

SHARE, LEAST = 0.02, 1.0
"""Tolerance of a count: two in a hundred, but one request at least (Kubernetes' quantities may be fractional)."""
ELEVEN = frozenset(
    {"namespaces", "nodes", "pods", "replicationcontrollers", "services", "trafficsplits"}
    | {"daemonsets", "deployments", "replicasets", "statefulsets", "jobs"}
)


def require(condition: bool, reason: str) -> None:
    """Fail the requirement unless `condition`."""
    if not condition:
        raise RequirementFailed(reason)


def near(found: float, expected: float) -> bool:
    """Whether a count is right within the tolerance."""
    return abs(found - expected) <= max(LEAST, SHARE * expected)


def count(what: str, found: float, expected: float) -> None:
    """A count equals what is known of it, within the tolerance."""
    if expected < 1 / SHARE / 2:
        raise Inconclusive(f"{what}: only {expected:g} requests are there to compare with")
    require(near(found, expected), f"{what}: expected {expected:g} within {SHARE:.0%}, found {found:g}")


def available(apiservice: Mapping[str, Any], group: str, version: str) -> None:
    """An APIService is of this group and version, and available."""
    spec, status = apiservice.get("spec") or {}, apiservice.get("status") or {}
    found = (spec.get("group"), spec.get("version"))
    require(
        found == (group, version),
        f"the APIService is of group {found[0]!r}, version {found[1]!r}, expected {group}, {version}",
    )
    condition: Mapping[str, Any] = next((c for c in status.get("conditions") or () if c.get("type") == "Available"), {})
    words = condition.get("message") or condition.get("reason") or "no such condition"
    require(condition.get("status") == "True", f"the APIService is not available: {words}")


def resource_list(document: Document, group_version: str) -> None:
    """An APIResourceList of the group's version."""
    body = document.granted()
    fields = body if isinstance(body, dict) else {}
    require(
        fields.get("kind") == "APIResourceList",
        f"GET {document.path}: expected an APIResourceList, found {str(body)[:120]}",
    )
    found = fields.get("groupVersion")
    require(found == group_version, f"GET {document.path}: groupVersion is {found!r}, expected {group_version!r}")


def resources(document: Document) -> list[Mapping[str, Any]]:
    """Return the resources that an APIResourceList names, without sub-resources."""
    body = document.granted()
    listed = body.get("resources") if isinstance(body, dict) else None
    found: list[Mapping[str, Any]] = [
        entry for entry in listed or () if isinstance(entry, dict) and "/" not in str(entry.get("name") or "/")
    ]
    require(bool(found), f"GET {document.path} lists no resources")
    return found


def list_of(document: Document, kind: str, namespace: str) -> list[Item]:
    """A TrafficMetricsList about a kind, with items of that kind and namespace alone."""
    items = document.items()
    body = document.granted()
    require(
        body.get("kind") == "TrafficMetricsList",
        f"GET {document.path}: expected a TrafficMetricsList, found {body.get('kind')!r}",
    )
    about = ref(body.get("resource"))
    require(about.kind == kind, f"GET {document.path}: its resource has kind {about.kind!r}, expected {kind!r}")
    strangers = [
        str(item.resource) for item in items if (item.resource.kind, item.resource.namespace) != (kind, namespace)
    ]
    require(not strangers, f"GET {document.path}: items that are no {kind} of {namespace}: {', '.join(strangers[:5])}")
    return items


def edges_about(document: Document, subject: Ref) -> None:
    """A list about one object, whose items are all about it."""
    items = document.items()
    about = ref(document.granted().get("resource"))
    require(about == subject, f"GET {document.path}: the list is about {about}, expected {subject}")
    strangers = [str(item) for item in items if item.resource != subject]
    require(bool(items), f"GET {document.path}: no edges, although the object exchanged traffic")
    require(not strangers, f"GET {document.path}: items that are not about {subject}: {', '.join(strangers[:5])}")


def peers(document: Document, expected: Iterable[Ref]) -> None:
    """The edges lead to just these peers."""
    found, wanted = {str(item.peer) for item in document.items()}, {str(peer) for peer in expected}
    require(
        found == wanted,
        f"GET {document.path}: edges with {_listed(found)}; traffic was exchanged with {_listed(wanted)}",
    )


def directions(document: Document, peer: Ref, expected: str) -> None:
    """The edges with a peer have one direction."""
    found = {item.direction for item in document.items() if item.peer == peer}
    require(found == {expected}, f"GET {document.path}: direction with {peer} is {_listed(found)}, expected {expected}")


def edge(document: Document, direction: str, peer: Ref) -> Item:
    """Return the one edge with a peer in a direction."""
    found = [item for item in document.items() if (item.direction, item.peer) == (direction, peer)]
    require(len(found) == 1, f"GET {document.path}: {len(found)} items {direction} {peer}, expected one")
    return found[0]


def sides(recording: Recording) -> None:
    """Every item says on which side it was measured."""
    for document, item in recording.every_item():
        require(
            item.side in ("client", "server"),
            f"GET {document.path}: side of {item} is {item.side!r}, expected client or server",
        )


def current(recording: Recording) -> None:
    """Every item has an RFC 3339 timestamp within two windows of the cluster's time (the Date header,
    to the second)."""
    patience = 2 * (recording.window or 30.0) + 1
    compared = 0
    for document, item in recording.every_item():
        try:
            stamp = quantities.timestamp(item.timestamp)
        except ValueError as error:
            raise RequirementFailed(f"GET {document.path}: timestamp of {item}: {error}") from error
        if document.date:
            compared += 1
            age = quantities.http_date(document.date) - stamp
            require(
                abs(age) <= patience,
                f"GET {document.path}: timestamp of {item} is {item.timestamp}, {age:.0f} s before {document.date}",
            )
    if not compared:
        raise Inconclusive("no answer has a Date header to compare the timestamps with")


def windows(recording: Recording) -> None:
    """Every item has a window longer than nothing."""
    for document, item in recording.every_item():
        try:
            seconds = quantities.duration(item.window)
        except ValueError as error:
            raise RequirementFailed(f"GET {document.path}: window of {item}: {error}") from error
        require(seconds > 0, f"GET {document.path}: window of {item} is {item.window!r}, expected a positive duration")


def five_metrics(recording: Recording) -> None:
    """Every item has the five metrics, each once, and no other."""
    for document, item in recording.every_item():
        found = Counter(str(metric.get("name")) for metric in item.metrics)
        wrong = {name: found[name] for name in NAMES | set(found) if found[name] != (1 if name in NAMES else 0)}
        report = ", ".join(f"{name} {times} times" for name, times in sorted(wrong.items()))
        require(not wrong, f"GET {document.path}: {item} has {report}; expected {', '.join(sorted(NAMES))} once each")


def values(recording: Recording) -> None:
    """Every value is a Kubernetes quantity, finite and not negative."""
    for document, item in recording.every_item():
        for metric in item.metrics:
            where = f"GET {document.path}: {metric.get('name')} of {item}"
            try:
                number = quantities.quantity(metric.get("value"))
            except ValueError as error:
                raise RequirementFailed(f"{where}: {error}") from error
            require(number >= 0, f"{where} is {metric.get('value')!r}, expected a number that is not negative")


def ordered(recording: Recording) -> None:
    """In every item with samples, the percentiles do not fall."""
    judged = 0
    for document, item in recording.every_item():
        if item.requests > 0:
            judged += 1
            p99, p90, p50 = (item.latency(name) for name in LATENCIES)
            require(
                p50 <= p90 <= p99,
                f"GET {document.path}: of {item}, p50 {p50:g} s, p90 {p90:g} s and p99 {p99:g} s are not in order",
            )
    require(bool(judged), "no item has samples, although there was traffic")


def typical(item: Item, measured: Iterable[float], delay: float, *, spare: float) -> None:
    """The median latency shows the delay that the server was told to have, by a factor of two.

    `measured` is what the clients saw, in seconds: where they saw more than that, the median may say so too.
    """
    truth = median(measured)
    if not delay / 2 < truth < 5 * delay:
        raise Inconclusive(f"the client itself measured a median of {truth:.3f} s where {delay:.1f} s were meant")
    low, high = delay / 2, max(2 * delay, spare * truth)
    p50 = item.latency("p50_response_latency")
    require(
        low <= p50 <= high,
        f"p50 of {item} is {p50:g} s; the client measured {truth:.3f} s, expected {low:g} to {high:g} s",
    )


def tailed(item: Item, measured: Iterable[float], *, spare: float) -> None:
    """The 99th percentile shows a tail of one second that the median does not."""
    known = sorted(measured)
    truth, tail = median(known), known[int(0.975 * len(known))]
    if truth > 0.5 or tail < 0.9:
        raise Inconclusive(
            f"the client itself measured a median of {truth:.3f} s and at the end {tail:.3f} s: no such tail"
        )
    p99, p50, high = item.latency("p99_response_latency"), item.latency("p50_response_latency"), max(0.3, spare * truth)
    require(p99 >= 0.8, f"p99 of {item} is {p99:g} s; one request in twenty took over a second, expected 0.8 s or more")
    require(p50 < high, f"p50 of {item} is {p50:g} s; the client measured {truth:.3f} s, expected less than {high:g} s")


def faded(fading: Fading, window: float | None) -> None:
    """The numbers fell to nothing within three windows without traffic."""
    if not fading.before:
        raise Inconclusive("the object never had numbers that could fall")
    if fading.after == 0:
        return
    if window is not None and fading.waited < 3 * window:
        raise Inconclusive(
            f"only {fading.waited:.0f} s passed without traffic, less than three windows of {window:g} s"
        )
    found = "cannot be read" if fading.after is None else f"{fading.after:g} requests"
    raise RequirementFailed(
        f"{fading.waited:.1f} s after the traffic stopped the object shows {found} (before: {fading.before:g}), "
        "expected none"
    )


def sum_of_parts(what: str, whole: Item, parts: Iterable[Item]) -> None:
    """Counts of an aggregate equal the sum of its parts'."""
    listed = list(parts)
    require(whole.requests > 0, f"{what}: no requests are shown, although there was traffic")
    for name in COUNTS:
        total, found = sum(part.value(name) for part in listed), whole.value(name)
        require(near(found, total), f"{what}: {name} is {found:g}, its {len(listed)} parts add up to {total:g}")


def one_item_each(document: Document, split: SplitFacts) -> None:
    """A split has one item for each of its backends."""
    found = Counter(
        item.backend.name if item.backend else "no backend"
        for item in document.items()
        if item.resource == split.resource
    )
    wanted = Counter(split.weights.keys())
    require(
        found == wanted,
        f"GET {document.path}: items of {split.resource} for {_tally(found)}, expected {_tally(wanted)}",
    )


def backends(document: Document, split: SplitFacts) -> None:
    """A split's items name its apex, its backends and their weights."""
    found = {_described(item.backend) for item in document.items() if item.resource == split.resource}
    wanted = {_described(Backend(apex=split.apex, name=name, weight=weight)) for name, weight in split.weights.items()}
    require(
        found == wanted,
        f"GET {document.path}: backends of {split.resource} are {_listed(found)}, expected {_listed(wanted)}",
    )


def idle_reading(document: Document) -> str:
    """Say how an object without traffic is shown; nothing of this is wrong."""
    if document.status != 200:
        return f"an object without traffic is answered {document.status}"
    try:
        shown = sum(item.requests for item in document.items())
    except RequirementFailed as error:
        return f"an object without traffic is answered 200, but without counts ({error})"
    return "an object without traffic has zeros" if shown == 0 else f"an object without traffic has {shown:g} requests"


def _tally(counts: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{name} ({times} times)" if times > 1 else name for name, times in sorted(counts.items())) or "none"
    )


def _described(backend: Backend | None) -> str:
    if backend is None:
        return "none"
    try:
        weight = f"{quantities.quantity(backend.weight):g}"
    except ValueError:
        weight = repr(backend.weight)
    return f"{backend.apex} to {backend.name} with weight {weight}"


def _listed(values: Iterable[str]) -> str:
    return "; ".join(sorted(values)) or "nothing"
