"""Judge where the requests to a Service go when no ratio is in question: pods, ports, warnings, and the power to judge at all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

from pytest_smi.cluster.wait import DeadlinePassed, wait_until
from pytest_smi.scenario.kube_reads import ApiQuestions
from pytest_smi.scenario.shares import Shares
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from pytest_smi.smi.model import SmiObject
from pytest_smi.testbed.observe import observe, volley
from pytest_smi.testbed.probing.observation import Fate, Observation
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import Workload


class Routing(Shares, ApiQuestions):
    """The part of a scene that judges destinations."""

    def each(self, call: Call, workloads: Sequence[Workload], *, trials: int = 200) -> Counter[str]:
        """Requirement: every one of these workloads gets some of `trials` requests, and no request is lost."""
        names = [workload.name for workload in workloads]
        self._settle_counts(call, lambda counts: all(counts[name] for name in names), f"some at each of {', '.join(names)}")
        counts = self._count_all(call, trials)
        self.evidence.event("counted", call=call.label, trials=trials, counts=dict(sorted(counts.items())))
        unseen = [name for name in names if not counts[name]]
        if unseen:
            raise RequirementFailed(f"{call.label}: {', '.join(unseen)} got none of {trials} requests ({dict(counts)})")
        return counts

    def mostly(self, call: Call, workloads: Iterable[Workload], *, least: float = 0.8) -> None:
        """Requirement: at least a share of `least` of the requests comes to reach these workloads. Settles, tests no further."""
        names = [workload.name for workload in workloads]
        self._settle_counts(call, _at_least(names, least), f"{least:.0%} or more at {', '.join(names)}")

    def rarely(self, call: Call, workload: Workload, *, trials: int = 100, most: float = 0.1) -> None:
        """Requirement: of `trials` requests sent at once, without settling, at most a share of `most` reaches the workload."""
        counts = self._count_all(call, trials)
        self.evidence.event("counted", call=call.label, trials=trials, counts=dict(sorted(counts.items())))
        if counts[workload.name] > most * trials:
            raise RequirementFailed(f"{call.label}: {workload.name} got {counts[workload.name]} of {trials} requests ({dict(counts)})")

    def on_ports(self, call: Call, ports: Mapping[Workload, int], *, trials: int = 200) -> None:
        """Requirement: every workload is reached, each on this one of its listening ports."""
        expected = {pod.name: port for workload, port in ports.items() for pod in workload.pods}
        wanted = ", ".join(f"{workload.name} on {port}" for workload, port in ports.items())

        def right(observation: Observation) -> bool:
            found = _places(observation)
            return all(port == expected.get(pod) for pod, port in found) and {pod for pod, _ in found} == set(expected)

        self._settle_blocks(call, right, wanted)
        observation = self._observe(call, trials)
        self._counted(call, observation)  # judges losses
        found = _places(observation)
        self.evidence.event("counted", call=call.label, trials=trials, counts={f"{pod}:{port}": n for (pod, port), n in found.items()})
        if not right(observation):
            seen = ", ".join(f"{n} at {pod}:{port}" for (pod, port), n in sorted(found.items()))
            raise RequirementFailed(f"{call.label}: wanted {wanted}, found {seen}")

    # --- power: what a cluster without a mesh cannot do -----------------------------------------------------------

    def power_reaches(self, call: Call, workloads: Iterable[Workload], *, least: float = 0.8) -> None:
        """Control: at least a share of `least` of the requests reaches these workloads, or nothing can be said.

        It is loose on purpose: that the split is in effect, not that it is right, which is another requirement's matter.
        """
        names = [workload.name for workload in workloads]
        right = _at_least(names, least)
        self._power(call, lambda observation: right(Counter(self._labels(observation))), f"{least:.0%} or more at {', '.join(names)}")

    def power_port(self, call: Call, port: int) -> None:
        """Control: all requests arrive on this listening port (the one that only the backends' Services map to)."""
        self._power(call, lambda observation: {found for _, found in _places(observation)} == {port}, f"all on port {port}")

    def _power(self, call: Call, right: Callable[[Observation], bool], wanted: str) -> None:
        patience = self.limits.settle_deadline * (self.limits.control_patience if self.testbed.failed_controls >= 2 else 1)
        try:
            self._settle_blocks(call, right, wanted, deadline=patience)
        except RequirementFailed as error:
            self.testbed.failed_controls += 1
            raise Inconclusive(f"the split that this needs is not in effect: {error}") from error

    # --- around a change --------------------------------------------------------------------------------------------

    @contextmanager
    def load(self, call: Call) -> Generator[None, None, None]:
        """Keep sending `call` at a constant pace while the body runs; what was lost is reported in the evidence, never judged."""
        observe(self.testbed, self.servers, [volley(call, 1, self.limits)])  # opens the sessions before two threads use them
        stop, seen = threading.Event(), list[Observation]()
        broken: list[Exception] = []

        def send() -> None:
            try:
                while not stop.is_set():
                    block = volley(call, self.limits.load_block, self.limits, spread=self.limits.load_seconds)
                    seen.extend(observe(self.testbed, self.servers, [block]))
            except Exception as error:  # told below, in the thread that judges
                broken.append(error)

        thread = threading.Thread(target=send, name="smi-load", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(self.limits.session_deadline)
        if broken:
            raise broken[0]
        fates: Counter[Fate] = sum((observation.fates for observation in seen), Counter())
        example = next((probe.describe() for observation in seen if (probe := observation.first_not(Fate.OK))), None)
        sent = sum(fates.values())
        self.evidence.event("constant load", call=call.label, sent=sent, lost=sent - fates[Fate.OK], example=example)

    def await_warning(self, record: SmiObject, mention: str) -> None:
        """Requirement: within the deadline for events the mesh raises a Warning on the object, with `mention` in its text."""

        def warned() -> bool:
            return any(e.get("type") == "Warning" and mention in str(e.get("message", "")) for e in self.events_about(record))

        try:
            waited = wait_until(
                warned,
                what=f"a Warning about {record.name} mentions {mention}",
                deadline=self.limits.event_deadline,
                longest_pause=self.limits.poll_interval,
            )
        except DeadlinePassed as error:
            texts = [f"{event.get('type')}: {event.get('message')}" for event in self.events_about(record)]
            raise RequirementFailed(f"{error.message}; its events are: {'; '.join(texts) or 'none'}") from None
        self.evidence.event("the mesh warned", about=record.name, mention=mention, seconds=round(waited, 3))


def _at_least(names: Sequence[str], share: float) -> Callable[[Counter[str]], bool]:
    return lambda counts: sum(counts[name] for name in names) >= share * sum(counts.values())


def _places(observation: Observation) -> Counter[tuple[str, int]]:
    return Counter((arrival.pod, arrival.port) for probe in observation.probes for arrival in probe.arrivals)
