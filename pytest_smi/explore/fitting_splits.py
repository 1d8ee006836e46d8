"""Which requirement of TrafficSplit a small counterexample belongs to, where one fits. Pure."""

from __future__ import annotations

from pytest_smi.explore.case import LATE, Case, ServiceObject
from pytest_smi.explore.table import Disagreement, Fault
from pytest_smi.smi.model import TrafficSplit


def of_repeat(splits: list[TrafficSplit]) -> str | None:
    """Return the id for a request that arrived more than once; None where no split is."""
    roots = {(one.namespace, one.service) for one in splits}
    chained = any((one.namespace, backend.service) in roots for one in splits for backend in one.backends)
    return "SP-75" if chained else "SP-20" if splits else None


def of_split(case: Case, splits: list[TrafficSplit], found: Disagreement) -> str | None:
    """Return the id for a request to a root, or to another Service while everything is open; `splits` are there now."""
    if not splits:
        if any(isinstance(one, TrafficSplit) for one in case.things):
            return "SP-14"
        return "TA-49" if (found.fault, found.ask.call.protocol) == (Fault.REFUSAL, "TCP") else None
    split = next((one for one in splits if (one.namespace, one.service) == found.ask.service), splits[-1])
    if found.ask.version == "2":
        return "SP-54"
    if found.ask.service[1] != split.service:
        return "SP-21" if found.ask.service[1] in {one.service for one in split.backends} else "SP-22"
    if split.matches is not None:
        return "SP-38" if found.fault is not Fault.SHARES or found.expected.each else "SP-40"
    if any(one.service == LATE for one in split.backends):
        return "SP-16"
    if len(case.steps) > 1:
        return "SP-12"
    may = found.expected.may or frozenset()
    astray = [server for server, port in found.seen.arrivals if (server, port) not in may]
    if found.fault is Fault.LEAK and any(server == other for server in astray for other, _ in may):
        return "SP-24"
    if found.fault is Fault.REFUSAL and _lacks_port(case, split, found.ask.port):
        return "SP-26"
    idle = {one.service for one in split.backends if not one.weight}
    if any(server.partition("/")[2] in idle for server, _ in found.seen.arrivals):
        return "SP-04"
    return "SP-01"


def _lacks_port(case: Case, split: TrafficSplit, port: int) -> bool:
    """Return whether the Service of a backend is without this port."""
    backends = {(split.namespace, one.service) for one in split.backends}
    services = [one for one in case.things if isinstance(one, ServiceObject)]
    return any((one.namespace, one.name) in backends and f"{port}/TCP" not in dict(one.ports) for one in services)
