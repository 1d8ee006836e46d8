"""Edges of traffic that nothing declares any more: the policy that let it pass is gone. Thin I/O."""

from __future__ import annotations

from pytest_smi.scenario.metrics.quiet import poll
from pytest_smi.scenario.metrics.reading import Question, items_or_none, read
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.metrics.windows import stated_window
from pytest_smi.scenario.scenario import Call, Inconclusive, Scenario, Workload
from pytest_smi.scenario.verdict import require


class ShownEdge:
    """The edge from one Deployment to another, as the API shows it."""

    def __init__(self, smi: Scenario, source: Workload, destination: Workload) -> None:
        self._smi = smi
        self._question = Question(f"/namespaces/{source.namespace}/deployments/{source.name}/edges")
        self._peer = Ref(kind="Deployment", namespace=destination.namespace, name=destination.name)

    def await_shown(self, call: Call) -> None:
        """Control: send until the edge is shown; inconclusive when it never is."""
        rounds = self._smi.context.rounds("the metrics show the edge")
        for _ in rounds:
            self._smi.sample(call, times=4)
            if self._is_shown(items_or_none(read(self._smi, self._question))):
                return
            if rounds.over(self._smi.limits.metrics_deadline):
                raise Inconclusive(f"no edge with {self._peer} is shown, although there is traffic")

    def require_shown(self) -> None:
        """Require that the edge of traffic that has just ended is shown at some time before its window is over."""
        began = self._smi.clock()
        document = read(self._smi, self._question)
        window = stated_window(items_or_none(document)) or self._smi.limits.metrics_window
        if not self._is_shown(items_or_none(document)):
            document = poll(self._smi, self._question, self._is_shown, deadline=began + window)
        self._smi.evidence.event("judged", documents={"edges": document.to_json()})
        require(
            self._is_shown(items_or_none(document)),
            f"GET {document.path}: the edge with {self._peer} is gone with the policy that had let its traffic pass",
        )

    def _is_shown(self, items: list[Item] | None) -> bool:
        return any(item.peer == self._peer for item in items or ())
