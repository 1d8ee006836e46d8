"""Edges of traffic that nothing declares any more: the policy that let it pass is gone. Thin I/O."""

from __future__ import annotations

from collections.abc import Callable

from pytest_smi.scenario.metrics.quiet import poll
from pytest_smi.scenario.metrics.reading import Question, items_or_none, read
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.metrics.windows import stated_window
from pytest_smi.scenario.scenario import Call, Inconclusive, Scenario, Workload
from pytest_smi.scenario.verdict import require


def await_shown(smi: Scenario, source: Workload, destination: Workload, call: Call) -> None:
    """Control: the edge is shown while traffic flows."""
    rounds = smi.context.rounds("the metrics show the edge")
    question, is_shown = _edge(source, destination)
    for _ in rounds:
        smi.sample(call, times=4)
        if is_shown(items_or_none(read(smi, question))):
            return
        if rounds.over(smi.limits.metrics_deadline):
            raise Inconclusive(f"no edge with {destination.key} is shown, although there is traffic")


def remains(smi: Scenario, source: Workload, destination: Workload) -> None:
    """The edge of traffic that has just ended is shown at some time before its window is over."""
    began = smi.clock()
    question, is_shown = _edge(source, destination)
    document = read(smi, question)
    window = stated_window(items_or_none(document)) or smi.limits.metrics_window
    if not is_shown(items_or_none(document)):
        document = poll(smi, question, is_shown, deadline=began + window)
    smi.evidence.event("judged", documents={"edges": document.to_json()})
    require(
        is_shown(items_or_none(document)),
        f"GET {document.path}: the edge with {destination.key} is gone with the policy that had let its traffic pass",
    )


def _edge(source: Workload, destination: Workload) -> tuple[Question, Callable[[list[Item] | None], bool]]:
    peer = Ref(kind="Deployment", namespace=destination.namespace, name=destination.name)
    question = Question(f"/namespaces/{source.namespace}/deployments/{source.name}/edges")
    return question, lambda items: any(item.peer == peer for item in items or ())
