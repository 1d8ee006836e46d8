"""How values are written: quantities, durations, timestamps, and the five metrics of a tally. Pure."""

import math
from datetime import UTC, datetime
from typing import Any

from pytest_smi.reference.mesh.metrics.windows import Tally

PERCENTILES = (("p99", 0.99), ("p90", 0.9), ("p50", 0.5))


def milli_quantity(value: float) -> str:
    """Return a number >= 0 as a Kubernetes quantity of milli precision, rounded up as Kubernetes does:
    0.0121 is `13m`, 2.0 is `2`."""
    # A millionth of a milli is float noise, not a reason to round up.
    milli = math.ceil(round(value * 1000, 6))
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def go_duration(seconds: float) -> str:
    """Return a duration as Go writes it: 4 is `4s`, 90 is `1m30s`, 0.5 is `500ms`."""
    if 0 < seconds < 1:
        return f"{_trimmed(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 6), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if hours or minutes else "", f"{_trimmed(rest)}s"]
    return "".join(parts)


def rfc3339(unix_seconds: float) -> str:
    """Return a point in time in UTC, to the second."""
    return datetime.fromtimestamp(int(unix_seconds), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class MetricValues:
    """The five metrics of a tally: three latency percentiles in seconds, and two counts."""

    def of(self, tally: Tally) -> list[dict[str, Any]]:
        """Return each of the five once, as the field `metrics` has them."""
        successes, failures = self.counts(tally)
        counts = [{"name": "success_count", "value": str(successes)}, {"name": "failure_count", "value": str(failures)}]
        return [*self.latencies(tally), *counts]

    def latencies(self, tally: Tally) -> list[dict[str, Any]]:
        """Return p99, p90 and p50."""
        return [self.latency(name, share, tally) for name, share in PERCENTILES]

    def latency(self, name: str, share: float, tally: Tally) -> dict[str, Any]:
        """Return one percentile with its unit: `name` is p50 and the like, `share` the same between 0 and 1."""
        return {"name": f"{name}_response_latency", "unit": "seconds", "value": self.latency_value(name, share, tally)}

    def latency_value(self, name: str, share: float, tally: Tally) -> str:
        """Return the percentile as a quantity of seconds; zero when there was no request."""
        return milli_quantity(tally.quantile(share))

    def counts(self, tally: Tally) -> tuple[int, int]:
        """Return (successes, failures): every request is in one of them, once."""
        return tally.successes, tally.failures


def _trimmed(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")
