"""Whether the clients themselves measured the latencies that the traffic was meant to have. Pure.

Each check takes seconds and returns what is wrong, "" if nothing is. A busy machine adds its own time to every
request; what the clients did not measure, no mesh can be expected to show.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import median

from pytest_smi.core.limits import Limits


def unlike_the_plan(measured: Mapping[str, Collection[float]], delay: float, limits: Limits) -> list[str]:
    """Return all that is wrong with what was measured, by role of the destination; `delay`: that of c."""
    found = (
        is_delayed(measured["c"], delay, limits),
        are_apart(measured["b"], measured["c"], limits),
        has_tail(measured["r"]),
        has_slow_part(measured["w"], limits),
    )
    return [wrong for wrong in found if wrong]


def medians(measured: Mapping[str, Collection[float]]) -> dict[str, float]:
    """Return the typical latency by role of the destination, as evidence."""
    return {role: round(median(seen), 4) for role, seen in measured.items() if seen}


def is_delayed(measured: Collection[float], delay: float, limits: Limits) -> str:
    """The typical request took about as long as the server was told to wait."""
    truth = median(measured) if measured else 0.0
    if delay / limits.metrics_latency_factor < truth < 5 * delay:
        return ""
    return f"the client itself measured a median of {truth:.3f} s where {delay:.1f} s were meant"


def are_apart(fast: Collection[float], slow: Collection[float], limits: Limits) -> str:
    """One object is much slower than another: twice the factor by which a mesh may be wrong."""
    if fast and slow and median(slow) >= 2 * limits.metrics_latency_factor * median(fast):
        return ""
    return "the clients themselves measured no object that is much slower than the other"


def has_slow_part(measured: Collection[float], limits: Limits) -> str:
    """Some requests, those of one pod, took much longer than the typical one."""
    if measured and max(measured) >= limits.metrics_latency_factor * median(measured):
        return ""
    return "no part is slow enough beside the others to tell"


def has_tail(measured: Collection[float]) -> str:
    """A few requests took a second or more, and the typical one less than half of that."""
    known = sorted(measured) or [0.0]
    truth, tail = median(known), known[int(0.975 * len(known))]
    if tail >= 0.9 and truth <= tail / 2:
        return ""
    return f"the client itself measured a median of {truth:.3f} s and at the end {tail:.3f} s: no such tail"
