"""Faults of which requests and pods are counted, and of latencies over several pods."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.answers import Answers
from pytest_smi.reference.mesh.metrics.measure import Measure, is_received
from pytest_smi.reference.mesh.metrics.noting import Noted
from pytest_smi.reference.mesh.metrics.resources import Kind, Subject
from pytest_smi.reference.mesh.metrics.samples import ObjectKey, step_of_latency
from pytest_smi.reference.mesh.metrics.values import MetricValues, milli_quantity
from pytest_smi.reference.mesh.metrics.windows import Tally, add_up


class _UnitWhenBusy(MetricValues):
    def latency(self, name: str, share: float, tally: Tally) -> dict[str, Any]:
        metric = super().latency(name, share, tally)
        return metric if tally.requests else {key: value for key, value in metric.items() if key != "unit"}


UNIT_MISSING = Fault(
    name="metrics-unit-missing",
    description="The latencies of an idle object have no unit.",
    breaks=("TM-69",),
    overrides=(_UnitWhenBusy,),
)


class _ProxyTimeOnly(MetricValues):
    def latency_value(self, name: str, share: float, tally: Tally) -> str:
        return milli_quantity(0.001) if name == "p50" and tally.requests else super().latency_value(name, share, tally)


PROXY_TIME_ONLY = Fault(
    name="metrics-proxy-time-only",
    description="The p50 latency is the time that requests spent in the proxy, without the application's.",
    breaks=("TM-29", "TM-36"),
    overrides=(_ProxyTimeOnly,),
)


class _PercentilesAdded(Measure):
    def received(self, subject: Subject) -> Tally:
        tally = super().received(subject)
        if subject.kind.resource != "deployments" or len(subject.pods) < 2:
            return tally
        shift = step_of_latency(float(len(subject.pods)))
        return replace(tally, latencies={step + shift: count for step, count in tally.latencies.items()})


PERCENTILES_ADDED = Fault(
    name="metrics-percentiles-added",
    description="The percentiles of a deployment of several pods are added up over them.",
    breaks=("TM-41",),
    overrides=(_PercentilesAdded,),
)


class _ReplicaSetsEmpty(Measure):
    def received(self, subject: Subject) -> Tally:
        return Tally() if subject.kind.resource in ("replicasets", "nodes") else super().received(subject)


OTHER_KINDS_EMPTY = Fault(
    name="metrics-other-kinds-empty",
    description="ReplicaSets and nodes have zeros, whatever their pods received.",
    breaks=("TM-42",),
    overrides=(_ReplicaSetsEmpty,),
)


class _MembersBySelector(Answers):
    def subjects(self, kind: Kind) -> Sequence[Subject]:
        found = super().subjects(kind)
        return [self._selecting(subject) for subject in found] if kind.resource == "deployments" else found

    def _selecting(self, subject: Subject) -> Subject:
        (selector,) = (
            ((thing.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
            for thing in self.view.objects("deployments")
            if _key(thing) == subject.key
        )
        selected = {
            _key(pod)
            for pod in self.view.objects("pods")
            if selector
            and _key(pod)[0] == subject.namespace
            and selector.items() <= (pod["metadata"].get("labels") or {}).items()
        }
        return replace(subject, pods=subject.pods | selected)


def _key(thing: Mapping[str, Any]) -> ObjectKey:
    return (thing["metadata"].get("namespace", ""), thing["metadata"]["name"])


MEMBERS_BY_SELECTOR = Fault(
    name="metrics-members-by-selector",
    description="A deployment has all pods that its selector matches, also those of other deployments.",
    breaks=("TM-44", "TM-67"),
    overrides=(_MembersBySelector,),
)


class _TunnelsNoted(Noted):
    def tunnels(self) -> bool:
        return True


TCP_COUNTED = Fault(
    name="metrics-tcp-counted",
    description="A raw TCP connection is counted as a request.",
    breaks=("TM-61",),
    overrides=(_TunnelsNoted,),
)


class _ConnectionsOfHttp2(Measure):
    def received(self, subject: Subject) -> Tally:
        once = self._over(subject, "HTTP/2")
        return add_up([self._over(subject, "HTTP/1.1"), replace(once, successes=math.ceil(once.successes / 100))])

    def _over(self, subject: Subject, protocol: str) -> Tally:
        return self.observed.count(
            lambda traffic: is_received(subject, traffic) and traffic.protocol == protocol,
        )


HTTP2_COUNTED_ONCE = Fault(
    name="metrics-http2-counted-once",
    description="The requests of a connection of HTTP/2 are counted as one.",
    breaks=("TM-62",),
    overrides=(_ConnectionsOfHttp2,),
)

REQUEST_FAULTS = (
    UNIT_MISSING,
    PROXY_TIME_ONLY,
    PERCENTILES_ADDED,
    OTHER_KINDS_EMPTY,
    MEMBERS_BY_SELECTOR,
    TCP_COUNTED,
    HTTP2_COUNTED_ONCE,
)
