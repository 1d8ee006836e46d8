"""Faults of what stands in an item: time, window, latencies, counts of successes and failures."""

from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.samples import latency_of_step
from pytest_smi.reference.mesh.metrics.values import MetricValues, milli_quantity
from pytest_smi.reference.mesh.metrics.windows import Tally


class _ZeroTime(Renderer):
    def timestamp(self) -> str:
        return "0001-01-01T00:00:00Z"


ZERO_TIME = Fault(
    name="metrics-zero-time",
    description="The timestamp is the zero time.",
    breaks=("TM-24",),
    overrides=(_ZeroTime,),
)


class _WindowMissing(Renderer):
    def item(self, resource: dict[str, str], edge: dict[str, Any], tally: Tally) -> dict[str, Any]:
        return {key: value for key, value in super().item(resource, edge, tally).items() if key != "window"}


WINDOW_MISSING = Fault(
    name="metrics-window-missing",
    description="There is no window.",
    breaks=("TM-25",),
    overrides=(_WindowMissing,),
)


class _SixthMetric(MetricValues):
    def latencies(self, tally: Tally) -> list[dict[str, Any]]:
        return [*super().latencies(tally), self.latency("p95", 0.95, tally)]


SIXTH_METRIC = Fault(
    name="metrics-sixth-metric",
    description="A sixth metric, p95_response_latency, stands among the five.",
    breaks=("TM-26",),
    overrides=(_SixthMetric,),
)


class _NanWhenIdle(MetricValues):
    def latency_value(self, name: str, share: float, tally: Tally) -> str:
        return super().latency_value(name, share, tally) if tally.requests else "-9223372036854775808m"


NAN_WHEN_IDLE = Fault(
    name="metrics-nan-when-idle",
    description="The percentiles of an idle object are a NaN cast to an integer, -9223372036854775808m.",
    breaks=("TM-28",),
    overrides=(_NanWhenIdle,),
)


class _WrongUnit(MetricValues):
    def latency(self, name: str, share: float, tally: Tally) -> dict[str, Any]:
        metric = super().latency(name, share, tally)
        return {**metric, "unit": "ms"} if name == "p50" else metric


WRONG_UNIT = Fault(
    name="metrics-wrong-unit",
    description="The p50 latency is in seconds and labelled ms.",
    breaks=("TM-29",),
    overrides=(_WrongUnit,),
)


class _SuccessCountsAttempts(MetricValues):
    def counts(self, tally: Tally) -> tuple[int, int]:
        return tally.requests, tally.failures


SUCCESS_COUNTS_ATTEMPTS = Fault(
    name="metrics-success-counts-attempts",
    description="success_count counts all requests, failed ones included.",
    breaks=("TM-30", "TM-32", "TM-67"),
    overrides=(_SuccessCountsAttempts,),
)


class _FailuresFolded(MetricValues):
    def counts(self, tally: Tally) -> tuple[int, int]:
        return tally.requests, 0


FAILURES_FOLDED = Fault(
    name="metrics-failures-folded",
    description="Failures are counted as successes.",
    breaks=("TM-30", "TM-31", "TM-67"),
    overrides=(_FailuresFolded,),
)


class _FailuresTwice(MetricValues):
    def counts(self, tally: Tally) -> tuple[int, int]:
        return tally.successes, 2 * tally.failures


FAILURES_TWICE = Fault(
    name="metrics-failures-twice",
    description="A failed request is counted twice, for the client's view and for the server's.",
    breaks=("TM-31", "TM-32", "TM-67"),
    overrides=(_FailuresTwice,),
)


class _P90OfOtherWindow(MetricValues):
    def latency_value(self, name: str, share: float, tally: Tally) -> str:
        return super().latency_value(name, share, Tally() if name == "p90" else tally)


P90_OF_OTHER_WINDOW = Fault(
    name="metrics-p90-of-other-window",
    description="The p90 latency is that of another, empty window.",
    breaks=("TM-35",),
    overrides=(_P90OfOtherWindow,),
)


class _MeanAsPercentile(MetricValues):
    def latency_value(self, name: str, share: float, tally: Tally) -> str:
        total = sum(latency_of_step(step) * count for step, count in tally.latencies.items())
        return milli_quantity(total / max(1, tally.requests))


MEAN_AS_PERCENTILE = Fault(
    name="metrics-mean-as-percentile",
    description="Every percentile is the mean.",
    breaks=("TM-37",),
    overrides=(_MeanAsPercentile,),
)

VALUE_FAULTS = (
    ZERO_TIME,
    WINDOW_MISSING,
    SIXTH_METRIC,
    NAN_WHEN_IDLE,
    WRONG_UNIT,
    SUCCESS_COUNTS_ATTEMPTS,
    FAILURES_FOLDED,
    FAILURES_TWICE,
    P90_OF_OTHER_WINDOW,
    MEAN_AS_PERCENTILE,
)
