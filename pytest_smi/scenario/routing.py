"""Judge where the requests to a Service go when no ratio is in question: pods, ports, warnings,
and the power to judge at all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.kube_reads import KubeReads
from pytest_smi.scenario.sampling.settling import AtLeast, Everywhere, OnPlaces
from pytest_smi.scenario.traffic import Traffic, tally
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed
from pytest_smi.smi.model import SmiObject
from pytest_smi.testbed.observe import plan_batch
from pytest_smi.testbed.probing.observation import Observation, Outcome, Probe
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import Workload


class Routing:
    """Judgements of who is reached at all, and where."""

    def __init__(self, context: Context, deployment: Deployment, traffic: Traffic, api: KubeReads) -> None:
        self._context, self._deployment, self._traffic, self._api, self._limits = (
            context,
            deployment,
            traffic,
            api,
            context.limits,
        )

    def each(self, call: Call, workloads: Sequence[Workload]) -> Counter[str]:
        """Requirement: every one of these workloads gets some of `count_trials` requests, and no request is lost."""
        names = [workload.name for workload in workloads]
        self._traffic.settle(call, Everywhere(names))
        return self._traffic.judge([call], lambda: self._each(call, names, self._limits.count_trials))

    def _each(self, call: Call, names: Sequence[str], trials: int) -> Counter[str]:
        counts = self._traffic.count(call, trials)
        self._context.evidence.event("counted", call=call.label, trials=trials, counts=dict(sorted(counts.items())))
        unseen = [name for name in names if not counts[name]]
        if unseen:
            raise RequirementFailed(
                f"{call.label}: {', '.join(unseen)} got none of {trials} requests ({tally(counts)})"
            )
        return counts

    def mostly(self, call: Call, workloads: Iterable[Workload]) -> None:
        """Requirement: at least `reach_share` of the requests comes to reach these workloads.

        Settles, tests no further.
        """
        self._traffic.settle(call, AtLeast([workload.name for workload in workloads], self._limits.reach_share))

    def rarely(self, call: Call, workload: Workload) -> None:
        """Requirement: of `transition_trials` requests sent at once, without settling,
        at most `transition_share` reaches the workload."""
        trials, most = self._limits.transition_trials, self._limits.transition_share
        counts = self._traffic.count(call, trials)
        self._context.evidence.event("counted", call=call.label, trials=trials, counts=dict(sorted(counts.items())))
        if counts[workload.name] > most * trials:
            raise RequirementFailed(
                f"{call.label}: {workload.name} got {counts[workload.name]} of {trials} requests ({tally(counts)})"
            )

    def on_ports(self, call: Call, ports: Mapping[Workload, int]) -> None:
        """Requirement: every workload is reached, each on this one of its listening ports."""
        target = OnPlaces([(workload.name, port) for workload, port in ports.items()])
        self._traffic.settle(call, target)
        self._traffic.judge([call], lambda: self._on_ports(call, target, self._limits.count_trials))

    def _on_ports(self, call: Call, target: OnPlaces, trials: int) -> None:
        observation = self._traffic.observe(call, trials)
        self._traffic.arrived(call, observation)  # judges losses
        found = self._traffic.places(observation)
        told = {f"{name}:{port}": n for (name, port), n in sorted(found.items())}
        self._context.evidence.event("counted", call=call.label, trials=trials, counts=told)
        if not target.right(found):
            raise RequirementFailed(f"{call.label}: expected {target.words}, found {tally(told)}")

    def once(self, call: Call) -> None:
        """Requirement: each of `count_trials` requests that arrives does so once; to be settled before."""
        self._traffic.judge([call], lambda: self._once(call, self._limits.count_trials))

    def _once(self, call: Call, trials: int) -> None:
        observation = self._traffic.observe(call, trials)
        self._traffic.arrived(call, observation)  # judges losses
        self._arrive_once(call, observation.probes)

    def _arrive_once(self, call: Call, probes: Sequence[Probe], **counts: int) -> None:
        repeated = [probe for probe in probes if len(probe.arrivals) > 1]
        counts = {"repeated": len(repeated), **counts}
        self._context.evidence.event("counted", call=call.label, trials=len(probes), counts=counts)
        if repeated:
            raise RequirementFailed(
                f"{call.label}: {len(repeated)} of {len(probes)} requests arrived more than once "
                f"({repeated[0].describe()})"
            )

    def ends(self, call: Call) -> None:
        """Requirement: of `sample_trials` requests none arrives twice, and most are answered or refused in their
        time; to be settled before."""
        self._traffic.judge([call], lambda: self._ends(call, self._limits.sample_trials))

    def _ends(self, call: Call, trials: int) -> None:
        probes = self._traffic.observe(call, trials).probes
        hanging = [probe for probe in probes if probe.unanswered]
        self._arrive_once(call, probes, hanging=len(hanging))
        if len(hanging) > self._limits.sample_silent * trials:
            error = NotReached(f"{call.label}: {len(hanging)} of {trials} requests had no end, and arrived nowhere")
            self._traffic.attribute(error, call, lost=True)

    # --- controls: what a cluster without a mesh cannot do -----------------------------------------------------------

    def control_reaches(self, call: Call, workloads: Iterable[Workload], *, least: float | None = None) -> None:
        """Control: at least a share of `least` (`reach_share`) of the requests reaches these workloads,
        or the assertion is inconclusive.

        It is loose on purpose: that the split is in effect, not that it is right,
        which is another requirement's matter.
        """
        self._traffic.control(
            call, AtLeast([workload.name for workload in workloads], least or self._limits.reach_share)
        )

    def control_port(self, call: Call, port: int) -> None:
        """Control: all requests arrive on this listening port (the one that only the backends' Services map to)."""
        self._traffic.control(call, OnPlaces([(server.name, port) for server in self._deployment.servers], each=False))

    def control_arrives(self, call: Call, workload: Workload) -> None:
        """Control: a request of the call comes to reach the workload, whatever becomes of the others."""
        pods = {pod.name for pod in workload.pods}
        rounds = self._context.rounds(f"{call.label} reaches {workload.title}")
        for _ in rounds:
            seen = self._traffic.observe(call, self._limits.settle_probes)
            if any(arrival.pod in pods for probe in seen.probes for arrival in probe.arrivals):
                break
            if rounds.over(self._limits.settle_deadline, fewest=self._limits.settle_rounds):
                raise Inconclusive(f"{call.label} never reached {workload.title} in {rounds.waited:.1f} s")

    # --- around a change --------------------------------------------------------------------------------------------

    @contextmanager
    def load(self, call: Call) -> Generator[None, None, None]:
        """Keep sending `call` at a constant pace while the body runs; what was lost is reported in the evidence,
        never judged."""
        self._context.observe(
            self._deployment.servers, [plan_batch(call, 1, self._limits)]
        )  # opens the sessions before two threads use them
        stop, seen = threading.Event(), list[Observation]()
        broken: list[Exception] = []

        def send() -> None:
            try:
                while not stop.is_set():
                    block = plan_batch(call, self._limits.load_block, self._limits, spread=self._limits.load_seconds)
                    seen.extend(self._context.observe(self._deployment.servers, [block]))
            except Exception as error:  # told below, in the thread that judges
                broken.append(error)

        thread = threading.Thread(target=send, name="smi-load", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(self._limits.session_deadline)
        if broken:
            raise broken[0]
        outcomes: Counter[Outcome] = sum((observation.outcomes for observation in seen), Counter())
        example = next(
            (probe.describe() for observation in seen if (probe := observation.first_not(Outcome.DELIVERED))), None
        )
        sent = sum(outcomes.values())
        self._context.evidence.event(
            "constant load", call=call.label, sent=sent, lost=sent - outcomes[Outcome.DELIVERED], example=example
        )

    def await_warning(self, record: SmiObject, mention: str) -> None:
        """Requirement: within the deadline for events the mesh raises a Warning on the object,
        with `mention` in its text."""
        waited = self._warned(record, mention)
        if waited is None:
            texts = [f"{event.get('type')}: {event.get('message')}" for event in self._api.events_about(record)]
            raise RequirementFailed(
                f"timed out after {self._limits.event_deadline:.0f} s waiting until a Warning about {record.name} "
                f"mentions {mention}; its events are: {'; '.join(texts) or 'none'}"
            )
        self._context.evidence.event("the mesh warned", about=record.name, mention=mention, seconds=round(waited, 3))

    def no_warning(self, record: SmiObject, mentions: Sequence[str], *, by: tuple[SmiObject, str]) -> None:
        """Requirement: no Warning on the object has one of `mentions` in its text by the time that the mesh has warned
        of `by`, an object made later that deserves it, or that the deadline for events has passed."""
        later, mention = by
        waited = self._warned(later, mention)
        told = "none" if waited is None else f"after {waited:.3f} s"
        self._context.evidence.event("a Warning that is due", about=later.name, mention=mention, told=told)
        for event in self._api.events_about(record):
            text = str(event.get("message", ""))
            if event.get("type") == "Warning" and any(name in text for name in mentions):
                raise RequirementFailed(f"{record.name} deserves no Warning, and there is one: {text}")

    def _warned(self, record: SmiObject, mention: str) -> float | None:
        """Wait until a Warning about the object mentions a text, and return after how long; None at the deadline."""
        rounds = self._context.rounds(f"a Warning about {record.name} mentions {mention}")
        for _ in rounds:
            if any(
                event.get("type") == "Warning" and mention in str(event.get("message", ""))
                for event in self._api.events_about(record)
            ):
                break
            if rounds.over(self._limits.event_deadline):
                return None
        return rounds.waited
