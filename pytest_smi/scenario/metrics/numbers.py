"""The judgement of recorded numbers: counts, latencies, windows, timestamps. Pure.

Each function returns, or raises RequirementFailed with what was expected and found, or Inconclusive. The tolerances are
those of the limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from statistics import median

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import latencies, quantities
from pytest_smi.scenario.metrics.recording import Fading, Recording
from pytest_smi.scenario.metrics.records import COUNTS, LATENCIES, NAMES, Item
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed, require


def near(found: float, expected: float, limits: Limits) -> bool:
    """Return whether a count is right within the tolerance."""
    return abs(found - expected) <= max(limits.metrics_count_spare, limits.metrics_count_share * expected)


def count(what: str, found: float, expected: float, limits: Limits) -> None:
    """A count equals what is known of it, within the tolerance."""
    share = limits.metrics_count_share
    if expected < 1 / share / 2:
        raise Inconclusive(f"{what}: only {expected:g} requests are there to compare with")
    require(near(found, expected, limits), f"{what}: expected {expected:g} within {share:.0%}, found {found:g}")


def current(recording: Recording, limits: Limits) -> None:
    """Every item has an RFC 3339 timestamp, which agrees with the cluster's time (the Date header, to the second)."""
    patience = limits.metrics_age * (recording.window or limits.metrics_window) + 1
    compared = 0
    for document, item in recording.every_item():
        try:
            stamp = quantities.timestamp(item.timestamp)
        except ValueError as error:
            raise RequirementFailed(f"GET {document.path}: timestamp of {item}: {error}") from error
        if document.date:
            compared += 1
            age = quantities.http_date(document.date) - stamp
            require(
                abs(age) <= patience,
                f"GET {document.path}: timestamp of {item} is {item.timestamp}, {age:.0f} s before {document.date}",
            )
    if not compared:
        raise Inconclusive("no answer has a Date header to compare the timestamps with")


def windows(recording: Recording) -> None:
    """Every item has a window longer than nothing."""
    for document, item in recording.every_item():
        try:
            seconds = quantities.duration(item.window)
        except ValueError as error:
            raise RequirementFailed(f"GET {document.path}: window of {item}: {error}") from error
        require(seconds > 0, f"GET {document.path}: window of {item} is {item.window!r}, expected a positive duration")


def five_metrics(recording: Recording) -> None:
    """Every item has the five metrics, each once, and no other."""
    for document, item in recording.every_item():
        found = Counter(str(metric.get("name")) for metric in item.metrics)
        wrong = {name: found[name] for name in NAMES | set(found) if found[name] != (1 if name in NAMES else 0)}
        report = ", ".join(f"{name} {times} times" for name, times in sorted(wrong.items()))
        require(not wrong, f"GET {document.path}: {item} has {report}; expected {', '.join(sorted(NAMES))} once each")


def values(recording: Recording) -> None:
    """Every value is a Kubernetes quantity, finite and not negative."""
    for document, item in recording.every_item():
        for metric in item.metrics:
            where = f"GET {document.path}: {metric.get('name')} of {item}"
            try:
                number = quantities.quantity(metric.get("value"))
            except ValueError as error:
                raise RequirementFailed(f"{where}: {error}") from error
            require(number >= 0, f"{where} is {metric.get('value')!r}, expected a number that is not negative")


def ordered(recording: Recording) -> None:
    """In every item with samples, the percentiles do not fall."""
    judged = 0
    for document, item in recording.every_item():
        if item.requests > 0:
            judged += 1
            p99, p90, p50 = (item.latency(name) for name in LATENCIES)
            require(
                p50 <= p90 <= p99,
                f"GET {document.path}: of {item}, p50 {p50:g} s, p90 {p90:g} s and p99 {p99:g} s are not in order",
            )
    require(bool(judged), "no item has samples, although there was traffic")


def typical(item: Item, measured: Collection[float], delay: float, limits: Limits) -> None:
    """The median latency shows the delay that the server was told to have, within a factor.

    `measured` is what the clients saw, in seconds: where they saw more than that, the median may say so too.
    """
    if wrong := latencies.is_delayed(measured, delay, limits):
        raise Inconclusive(wrong)
    factor, truth = limits.metrics_latency_factor, median(measured)
    low, high = delay / factor, max(factor * delay, limits.metrics_spare * truth)
    p50 = item.latency("p50_response_latency")
    require(
        low <= p50 <= high,
        f"p50 of {item} is {p50:g} s; the client measured {truth:.3f} s, expected {low:g} to {high:g} s",
    )


def tailed(item: Item, measured: Collection[float], limits: Limits) -> None:
    """The 99th percentile shows a tail of one second that the median does not."""
    if wrong := latencies.has_tail(measured):
        raise Inconclusive(wrong)
    truth = median(measured)
    p99, p50, high = (
        item.latency("p99_response_latency"),
        item.latency("p50_response_latency"),
        max(0.3, limits.metrics_spare * truth),
    )
    require(
        p99 >= limits.metrics_tail,
        f"p99 of {item} is {p99:g} s; one request in twenty took over a second, expected {limits.metrics_tail:g} s "
        "or more",
    )
    require(p50 < high, f"p50 of {item} is {p50:g} s; the client measured {truth:.3f} s, expected less than {high:g} s")


def faded(fading: Fading, window: float | None, limits: Limits) -> None:
    """The numbers fell to nothing within some windows without traffic."""
    if not fading.before:
        raise Inconclusive("the object never had numbers that could fall")
    if fading.after == 0:
        return
    if window is not None and fading.waited < limits.metrics_fading * window:
        raise Inconclusive(
            f"only {fading.waited:.0f} s passed without traffic, less than {limits.metrics_fading:g} windows of "
            f"{window:g} s"
        )
    found = "cannot be read" if fading.after is None else f"{fading.after:g} requests"
    raise RequirementFailed(
        f"{fading.waited:.1f} s after the traffic stopped the object shows {found} (before: {fading.before:g}), "
        "expected none"
    )


def sum_of_parts(what: str, whole: Item, parts: Iterable[Item], limits: Limits) -> None:
    """Counts of an aggregate equal the sum of its parts'."""
    listed = list(parts)
    require(whole.requests > 0, f"{what}: no requests are shown, although there was traffic")
    for name in COUNTS:
        total, found = sum(part.value(name) for part in listed), whole.value(name)
        require(near(found, total, limits), f"{what}: {name} is {found:g}, its {len(listed)} parts add up to {total:g}")
