"""The shared scenario of the assertions on Traffic Metrics: traffic that is known,
then everything that the API says about it.

It records and does not judge: whatever the API answers becomes a document. Only trouble of the harness raises.

Order: warm-up traffic (everyone reaches everyone who should) → its numbers appear, then fall while nothing is sent,
which is also the empty window before → the traffic of the plan → all documents,
within one window of it → the split is re-weighted. The traffic is sent again when that window was too short, and more
slowly when a busy machine hid the delays that it was meant to have.
"""

from __future__ import annotations

from pytest_smi.scenario.metrics import latencies, quantities, traffic_plan
from pytest_smi.scenario.metrics.completeness import awaited
from pytest_smi.scenario.metrics.questions import abroad, later_questions, placed, questions
from pytest_smi.scenario.metrics.quiet import await_quiet, pass_time, poll
from pytest_smi.scenario.metrics.reading import Question, items_or_none, read, read_all
from pytest_smi.scenario.metrics.recording import Document, Recording, SplitFacts
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.metrics.traffic_plan import TrafficPlan
from pytest_smi.scenario.scenario import Call, Observation, Scenario, TrafficSplit, control


def build(smi: Scenario) -> Recording:
    """Play the shared scenario; the numbers have no say in how often its traffic is sent."""
    plan = traffic_plan.deploy(smi)
    smi.expect(*(control(call) for call in plan.warm_up), hold=False)
    refused = _refuse(smi, plan)
    beside: dict[str, Document] = {}
    quiet = await_quiet(
        smi,
        Question(f"/namespaces/{plan.home}/deployments/{plan.workloads['b'].name}"),
        halfway=lambda: beside.update(read_all(smi, {"refused": abroad(plan)})),
    )
    window = quiet.window or smi.limits.metrics_window
    for attempt in range(1, smi.limits.metrics_attempts + 1):
        began, seen, documents = _play(smi, plan, window)
        took = max(document.finished for document in documents.values()) - began
        measured = traffic_plan.latencies(plan, seen)
        unlike = latencies.unlike_the_plan(measured, plan.delay, smi.limits)
        facts = {"attempt": attempt, "seconds": round(took, 3), "window": quiet.window}
        smi.evidence.event("played", **facts, medians=latencies.medians(measured), unlike_the_plan=unlike)
        if not unlike and (quiet.window is None or took <= quiet.window):
            break
        if attempt < smi.limits.metrics_attempts:
            plan = plan.slower() if unlike else plan
            pass_time(smi, until=smi.clock() + window + smi.limits.metrics_slack)
    documents |= read_all(smi, later_questions(smi, plan))
    documents |= beside
    nodes, replica_set = placed(smi, plan)
    if plan.splits:
        documents["re-weighted"] = _reweigh(smi, plan)
    return Recording(
        refs=plan.refs,
        window=quiet.window,
        began=began,
        documents=documents,
        flows=traffic_plan.flows(plan, seen),
        fading=quiet.fading,
        latencies=measured,
        delay=plan.delay,
        splits=tuple(_facts(split) for split in plan.splits),
        connections=traffic_plan.connections(seen),
        refused=refused,
        nodes=nodes,
        replica_set=replica_set,
    )


def recorded(smi: Scenario, *keys: str, everything: bool = False) -> Recording:
    """Return the shared scenario's recording, played by whoever asks first;
    the documents that are judged become evidence."""
    recording = smi.shared("metrics", build)
    judged = [key for key in recording.documents if everything or key in keys]
    smi.evidence.event("judged", documents={key: recording.documents[key].to_json() for key in judged})
    return recording


def _play(
    smi: Scenario, plan: TrafficPlan, window: float
) -> tuple[float, dict[Call, Observation], dict[str, Document]]:
    """Send the traffic, wait for its numbers as long as the window allows, and read."""
    asked = questions(plan)
    began = smi.clock()
    seen = smi.send(plan.calls, plan.at_once(smi.limits))
    patience = min(smi.limits.metrics_deadline, smi.limits.metrics_reading_share * window)
    for question, complete in awaited(plan, traffic_plan.flows(plan, seen), smi.limits):
        poll(smi, question, complete, deadline=began + patience)
    return began, seen, read_all(smi, asked)


def _refuse(smi: Scenario, plan: TrafficPlan) -> int:
    """Send what no policy grants, where policy is enforced; return how many requests were refused, 0 if any arrived.

    The warm-up ends anew after it, however long a refusal takes.
    """
    if "access" not in smi.versions or "specs" not in smi.versions:
        return 0
    (seen,) = smi.sample(plan.refused, times=smi.limits.concurrency)
    smi.sample(*plan.warm_up, times=2)
    return 0 if any(probe.arrivals for probe in seen.probes) else len(seen.probes)


def _reweigh(smi: Scenario, plan: TrafficPlan) -> Document:
    """Apply the split with other weights; return what is said of it when it shows them,
    or when it has had the time to."""
    smi.apply(plan.splits[1])
    expected = sorted(backend.weight for backend in plan.splits[1].backends)
    rounds = smi.context.rounds("the metrics show the new weights")
    for _ in rounds:
        if plan.apex is not None:  # a split may be shown only while it has traffic
            smi.sample(plan.workloads["g"].get(plan.apex), times=4)
        document = read(smi, Question(f"/namespaces/{plan.home}/trafficsplits"))
        if _weights(items_or_none(document)) == expected or rounds.over(smi.limits.settle_deadline):
            break
    smi.evidence.event("re-weighted", document=document.in_short())
    return document


def _facts(split: TrafficSplit) -> SplitFacts:
    resource = Ref(kind="TrafficSplit", namespace=split.namespace, name=split.name)
    return SplitFacts(resource=resource, apex=split.service, weights={b.service: int(b.weight) for b in split.backends})


def _weights(items: list[Item] | None) -> list[float] | None:
    try:
        return sorted(quantities.quantity(item.backend.weight) for item in items or () if item.backend)
    except ValueError:
        return None
