"""The common scene of the assertions on Traffic Metrics: traffic that is known, then everything that the API says about it.

It records and does not judge: whatever the API answers becomes a document. Only trouble of the harness raises.

Order: warm-up traffic (everyone reaches everyone who should) → its numbers appear, then fall while nothing is sent, which is also the
empty window before → the traffic of `cast` → all documents, within one window of it → the split is re-weighted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_smi.cluster.wait import pause
from pytest_smi.metrics import cast as casting
from pytest_smi.metrics import judge, quantities
from pytest_smi.metrics.cast import Cast
from pytest_smi.metrics.questions import later_questions, questions, watched
from pytest_smi.metrics.reading import Question, items_or_none, read, read_all
from pytest_smi.metrics.recording import Document, Fading, Recording, SplitFacts
from pytest_smi.metrics.records import Item, Ref
from pytest_smi.scene import Call, Observation, RequirementFailed, Scene, TrafficSplit, control

ATTEMPTS = 3
"""How often the traffic is sent when sending and reading it took longer than one window; the numbers have no say in that."""
WAITING = 0.6
"""Share of the window that may pass before the documents are read, complete or not."""
SLACK = 0.3
"""Seconds beyond a window after which it is surely empty."""
UNSAID = 30.0
"""Seconds to wait for an empty window where neither its length nor its effect can be seen: the specification's example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What the pause after the warm-up showed."""

    window: float | None
    fading: Fading


def build(smi: Scene) -> Recording:
    """Play the common scene."""
    cast = casting.deploy(smi)
    smi.expect(*(control(call) for call in cast.warm_up), hold=False)
    quiet = _await_quiet(smi, cast, since=smi.clock())
    for attempt in range(1, ATTEMPTS + 1):
        began, seen, documents = _play(smi, cast, quiet.window or UNSAID)
        took = max(document.finished for document in documents.values()) - began
        smi.evidence.event("played", attempt=attempt, seconds=round(took, 3), window=quiet.window)
        if quiet.window is None or took <= quiet.window:
            break
        if attempt < ATTEMPTS:
            _pass(smi, until=smi.clock() + quiet.window + SLACK)
    documents |= read_all(smi, later_questions(smi, cast))
    if cast.splits:
        documents["re-weighted"] = _reweigh(smi, cast)
    return Recording(
        cast=cast.refs,
        window=quiet.window,
        began=began,
        documents=documents,
        flows=casting.flows(cast, seen),
        fading=quiet.fading,
        latencies=casting.latencies(cast, seen),
        splits=tuple(_facts(split) for split in cast.splits),
    )


def _await_quiet(smi: Scene, cast: Cast, *, since: float) -> Quiet:
    """Watch b's numbers appear and fall, and let one window pass in any case."""
    question = Question(f"/namespaces/{cast.home}/deployments/{cast.workloads['b'].name}")
    shown = _poll(smi, question, lambda items: bool(_requests(items)), deadline=since + smi.limits.metrics_deadline)
    before = _requests(items_or_none(shown))
    window = _stated_window(items_or_none(shown))
    deadline = since + max(smi.limits.metrics_deadline, 3 * window if window else 0.0)
    if window:
        # Up to three windows are granted; longer would prove nothing more.
        deadline = since + 3 * window + SLACK
    if before:
        if window:
            _pass(smi, until=since + 0.9 * window)
        fallen = _poll(smi, question, lambda items: _requests(items) == 0, deadline=deadline)
    else:
        fallen = shown
    after, waited = _requests(items_or_none(fallen)), fallen.begun - since
    if window is None and before and after == 0:
        window = fallen.finished - since
    _pass(smi, until=since + (window or UNSAID) + SLACK)
    documents = [shown.to_json(), fallen.to_json()]
    smi.evidence.event("quiet", before=before, after=after, waited=round(waited, 3), window=window, documents=documents)
    return Quiet(window=window, fading=Fading(before=before, after=after, waited=waited))


def _play(smi: Scene, cast: Cast, window: float) -> tuple[float, dict[Call, Observation], dict[str, Document]]:
    """Send the traffic, wait for its numbers as long as the window allows, and read."""
    asked = questions(cast)
    began = smi.clock()
    seen = smi.traffic(cast.plan)
    flows = casting.flows(cast, seen)
    expected = {ref: sum(flow.count.requests for flow in flows if flow.destination == ref) for ref in cast.refs.values()}

    def complete(items: list[Item] | None) -> bool:
        found = {item.resource: _requests([item]) or 0.0 for item in items or ()}
        return all(judge.near(found.get(ref, 0.0), requests) for ref, requests in expected.items() if ref.namespace == cast.home)

    _poll(smi, watched(cast), complete, deadline=began + min(smi.limits.metrics_deadline, WAITING * window))
    return began, seen, read_all(smi, asked)


def _reweigh(smi: Scene, cast: Cast) -> Document:
    """Apply the split with other weights; return what is said of it when it shows them, or when it has had the time to."""
    smi.apply(cast.splits[1])
    wanted = sorted(backend.weight for backend in cast.splits[1].backends)
    deadline = smi.clock() + smi.limits.settle_deadline
    pace = 0.02
    while True:
        if cast.apex is not None:  # a split may be shown only while it has traffic
            smi.look(cast.workloads["g"].get(cast.apex), times=4)
        document = read(smi, Question(f"/namespaces/{cast.home}/trafficsplits"))
        if _weights(items_or_none(document)) == wanted or smi.clock() > deadline:
            smi.evidence.event("re-weighted", document=document.in_short())
            return document
        pause(pace)
        pace = min(2 * pace, smi.limits.poll_interval)


def _poll(smi: Scene, question: Question, right: Callable[[list[Item] | None], bool], *, deadline: float) -> Document:
    """Return the first document that is right, or the last before the deadline."""
    pace = 0.02
    while True:
        document = read(smi, question)
        left = deadline - smi.clock()
        if right(items_or_none(document)) or left <= 0:
            return document
        pause(min(pace, left))
        pace = min(2 * pace, smi.limits.poll_interval)


def _pass(smi: Scene, *, until: float) -> None:
    left = until - smi.clock()
    if left > 0:
        pause(left)


def _requests(items: list[Item] | None) -> float | None:
    """Requests that a document shows; 0 when it shows no object, None when it cannot be read."""
    if items is None:
        return None
    try:
        return sum(item.requests for item in items)
    except RequirementFailed:
        return None


def _stated_window(items: list[Item] | None) -> float | None:
    for item in items or ():
        try:
            seconds = quantities.duration(item.window)
        except ValueError:
            continue
        if seconds > 0:
            return seconds
    return None


def _facts(split: TrafficSplit) -> SplitFacts:
    resource = Ref(kind="TrafficSplit", namespace=split.namespace, name=split.name)
    return SplitFacts(resource=resource, apex=split.service, weights={b.service: b.weight for b in split.backends})


def _weights(items: list[Item] | None) -> list[float] | None:
    try:
        return sorted(quantities.quantity(item.backend.weight) for item in items or () if item.backend)
    except ValueError:
        return None
