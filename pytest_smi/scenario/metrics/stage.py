"""The common scene of the assertions on Traffic Metrics: traffic that is known, then everything that the API says about it.

It records and does not judge: whatever the API answers becomes a document. Only trouble of the harness raises.

Order: warm-up traffic (everyone reaches everyone who should) → its numbers appear, then fall while nothing is sent, which is also the
empty window before → the traffic of `cast` → all documents, within one window of it → the split is re-weighted.
"""

from __future__ import annotations

from pytest_smi.cluster.wait import pause
from pytest_smi.scenario.metrics import cast as casting
from pytest_smi.scenario.metrics import judge, quantities
from pytest_smi.scenario.metrics.cast import Cast
from pytest_smi.scenario.metrics.questions import later_questions, questions, watched
from pytest_smi.scenario.metrics.quiet import UNSAID, await_quiet, pass_time, poll, requests_shown
from pytest_smi.scenario.metrics.reading import Question, items_or_none, read, read_all
from pytest_smi.scenario.metrics.recording import Document, Recording, SplitFacts
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.scenario import Call, Observation, Scene, TrafficSplit, control

ATTEMPTS = 3
"""How often the traffic is sent when sending and reading it took longer than one window; the numbers have no say in that."""
WAITING = 0.6
"""Share of the window that may pass before the documents are read, complete or not."""


def build(smi: Scene) -> Recording:
    """Play the common scene."""
    cast = casting.deploy(smi)
    smi.expect(*(control(call) for call in cast.warm_up), hold=False)
    quiet = await_quiet(smi, Question(f"/namespaces/{cast.home}/deployments/{cast.workloads['b'].name}"))
    for attempt in range(1, ATTEMPTS + 1):
        began, seen, documents = _play(smi, cast, quiet.window or UNSAID)
        took = max(document.finished for document in documents.values()) - began
        smi.evidence.event("played", attempt=attempt, seconds=round(took, 3), window=quiet.window)
        if quiet.window is None or took <= quiet.window:
            break
        if attempt < ATTEMPTS:
            pass_time(smi, until=smi.clock() + quiet.window + smi.limits.metrics_slack)
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


def _play(smi: Scene, cast: Cast, window: float) -> tuple[float, dict[Call, Observation], dict[str, Document]]:
    """Send the traffic, wait for its numbers as long as the window allows, and read."""
    asked = questions(cast)
    began = smi.clock()
    seen = smi.traffic(cast.plan)
    flows = casting.flows(cast, seen)
    expected = {ref: sum(flow.count.requests for flow in flows if flow.destination == ref) for ref in cast.refs.values()}

    def complete(items: list[Item] | None) -> bool:
        found = {item.resource: requests_shown([item]) or 0.0 for item in items or ()}
        return all(judge.near(found.get(ref, 0.0), requests) for ref, requests in expected.items() if ref.namespace == cast.home)

    poll(smi, watched(cast), complete, deadline=began + min(smi.limits.metrics_deadline, WAITING * window))
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


def _facts(split: TrafficSplit) -> SplitFacts:
    resource = Ref(kind="TrafficSplit", namespace=split.namespace, name=split.name)
    return SplitFacts(resource=resource, apex=split.service, weights={b.service: int(b.weight) for b in split.backends})


def _weights(items: list[Item] | None) -> list[float] | None:
    try:
        return sorted(quantities.quantity(item.backend.weight) for item in items or () if item.backend)
    except ValueError:
        return None
