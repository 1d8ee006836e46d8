"""Connections that outlive a change: opened while everything is granted, and asked again afterwards."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.verdict import Inconclusive
from pytest_smi.testbed.observe import plan_batch
from pytest_smi.testbed.probing.observation import Observation, Outcome, Probe
from pytest_smi.testbed.probing.plan import Call

GOES_ON, REFUSED, CUT, SILENT = "goes on", "refuses what comes later", "is cut", "is silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A connection that stays open in the client until the scenario ends, and that is never opened twice."""

    call: Call
    name: str


class KeptLines:
    """The lines of one scenario."""

    def __init__(self, context: Context, deployment: Deployment) -> None:
        self._context, self._deployment = context, deployment
        self._numbers = itertools.count(1)
        self._open: list[Line] = []

    def keep(self, call: Call) -> list[Line]:
        """Open `kept_lines` connections for a call that is granted; return those over which a request was answered.
        Raise Inconclusive where these are too few: a busy node may lose one."""
        lines = [
            Line(call=call, name=f"{self._context.tag}-{next(self._numbers)}")
            for _ in range(self._context.limits.kept_lines)
        ]
        self._open += lines
        probes = self._ask(lines)
        opened = [line for line, probe in zip(lines, probes, strict=True) if probe.outcome is Outcome.DELIVERED]
        if len(opened) < self._context.limits.reach_share * len(lines):
            lost = next(probe for probe in probes if probe.outcome is not Outcome.DELIVERED)
            raise Inconclusive(f"{call.label}: {len(opened)} of {len(lines)} connections opened: {lost.describe()}")
        return opened

    def fate(self, lines: Sequence[Line], beside: Sequence[Line]) -> str:
        """Send one more request over each line; return what has become of most of them, in words.

        `beside`: lines that nothing was changed for. Where they do not go on either, that is said: a mesh may close
        all connections for any change.
        """
        found, control = fate_of(self._ask(lines)), fate_of(self._ask(beside))
        return found if control == GOES_ON else f"{found}, and one that is still granted {control}"

    def close(self) -> None:
        """Close the lines in the clients, which outlive the scenario; one whose client is gone is closed already."""
        for line in self._open:
            self._context.testbed.drop(line.call.source, line.name)
        self._open.clear()

    def _ask(self, lines: Sequence[Line]) -> list[Probe]:
        batches = [replace(plan_batch(line.call, 1, self._context.limits, at_once=1), line=line.name) for line in lines]
        seen: list[Observation] = self._context.observe(self._deployment.servers, batches)
        probes = [probe for observation in seen for probe in observation.probes]
        told = Counter(fate_of([probe]) for probe in probes)
        examples = [probe.describe() for probe in probes[:3]]
        self._context.evidence.event("asked kept connections", call=lines[0].call.label, fates=told, examples=examples)
        return probes


def fate_of(probes: Iterable[Probe]) -> str:
    """Return what has become of most of the connections that these requests went over, one each."""
    return Counter(map(_fate, probes)).most_common(1)[0][0]


def _fate(probe: Probe) -> str:
    if probe.outcome is Outcome.DELIVERED:
        return GOES_ON
    if probe.client_saw == "timeout":
        return SILENT
    return CUT if probe.client_saw in ("closed", "reset") else REFUSED
