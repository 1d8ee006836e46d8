"""How single values are written: quantities, durations, timestamps, and the five metrics of a tally."""

import math
from datetime import UTC, datetime
from typing import Any

from pytest_smi.reference.mesh.faults.active import ActiveFaults
from pytest_smi.reference.mesh.metrics.windows import Tally

_PERCENTILES = (("p99", 0.99), ("p90", 0.9), ("p50", 0.5))
_NAN_AS_INTEGER = "-9223372036854775808m"


def milli_quantity(value: float) -> str:
    """A number >= 0 as a Kubernetes quantity of milli precision, rounded up as Kubernetes does: 0.0121 is `13m`, 2.0 is `2`."""
    # A millionth of a milli is float noise, not a reason to round up.
    milli = math.ceil(round(value * 1000, 6))
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def go_duration(seconds: float) -> str:
    """A duration as Go writes it: 4 is `4s`, 90 is `1m30s`, 0.5 is `500ms`."""
    if 0 < seconds < 1:
        return f"{_trimmed(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 6), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if hours or minutes else "", f"{_trimmed(rest)}s"]
    return "".join(parts)


def rfc3339(unix_seconds: float) -> str:
    """A point in time in UTC, to the second."""
    return datetime.fromtimestamp(int(unix_seconds), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metrics(tally: Tally, *, faults: ActiveFaults) -> list[dict[str, Any]]:
    """The five metrics of a tally, latencies in seconds."""
    named = [_percentile(name, share, tally, faults) for name, share in _PERCENTILES]
    if faults.on("metrics-sixth-metric"):
        named.append(_percentile("p95", 0.95, tally, faults))
    successes, failures = _counts(tally, faults)
    return [*named, {"name": "success_count", "value": str(successes)}, {"name": "failure_count", "value": str(failures)}]


def _percentile(name: str, share: float, tally: Tally, faults: ActiveFaults) -> dict[str, Any]:
    unit, value = "seconds", milli_quantity(tally.quantile(share))
    if faults.on("metrics-nan-when-idle") and not tally.requests:
        value = _NAN_AS_INTEGER
    if faults.on("metrics-mean-as-percentile"):
        value = milli_quantity(tally.mean())
    if faults.on("metrics-p90-of-other-window") and name == "p90":
        value = milli_quantity(0.0)
    if faults.on("metrics-in-milliseconds"):
        unit, value = "ms", milli_quantity(tally.quantile(share) * 1000)
    if faults.on("metrics-wrong-unit") and name == "p50":
        unit = "ms"
    return {"name": f"{name}_response_latency", "unit": unit, "value": value}


def _counts(tally: Tally, faults: ActiveFaults) -> tuple[int, int]:
    if faults.on("metrics-success-counts-attempts"):
        return tally.requests, tally.failures
    if faults.on("metrics-failures-folded"):
        return tally.requests, 0
    if faults.on("metrics-failures-twice"):
        return tally.successes, 2 * tally.failures
    return tally.successes, tally.failures


def _trimmed(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")
