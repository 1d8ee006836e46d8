"""The pause between warm-up and measurement: numbers appear, fall while nothing is sent,
and leave an empty window behind.

What falls is a requirement of its own; that the window is empty afterwards is made sure by time,
not by what the mesh shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_smi.scenario.metrics.reading import Question, items_or_none, read
from pytest_smi.scenario.metrics.recording import Document, Fading
from pytest_smi.scenario.metrics.records import Item
from pytest_smi.scenario.metrics.windows import stated_window
from pytest_smi.scenario.scenario import RequirementFailed, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What the pause showed. `window` in seconds: as stated, else as seen from the fall, else None."""

    window: float | None
    fading: Fading


def await_quiet(smi: Scenario, question: Question, *, halfway: Callable[[], None] = lambda: None) -> Quiet:
    """Watch an object whose traffic has just ended; returns when a window without any traffic has passed.

    `halfway` is called while that traffic's numbers are still there.
    """
    ended, limits = smi.clock(), smi.limits
    shown = poll(smi, question, lambda items: bool(requests_shown(items)), deadline=ended + limits.metrics_deadline)
    before, window = requests_shown(items_or_none(shown)), stated_window(items_or_none(shown))
    fallen = shown
    if window:
        pass_time(smi, until=ended + 0.5 * window)
    halfway()
    if before:
        if window:
            pass_time(smi, until=ended + 0.9 * window)
        patience = limits.metrics_fading * window + limits.metrics_slack if window else limits.metrics_deadline
        fallen = poll(smi, question, lambda items: requests_shown(items) == 0, deadline=ended + patience)
    after, waited = requests_shown(items_or_none(fallen)), fallen.begun - ended
    if window is None and before and after == 0:
        window = fallen.finished - ended
    pass_time(smi, until=ended + (window or limits.metrics_window) + limits.metrics_slack)
    documents = [shown.to_json(), fallen.to_json()]
    smi.evidence.event("quiet", before=before, after=after, waited=round(waited, 3), window=window, documents=documents)
    return Quiet(window=window, fading=Fading(before=before, after=after, waited=waited))


def poll(smi: Scenario, question: Question, right: Callable[[list[Item] | None], bool], *, deadline: float) -> Document:
    """Return the first document that is right, or the one read when the deadline (on the scenario's clock) had
    passed."""
    rounds = smi.context.rounds("the metrics show what was sent")
    for _ in rounds:
        document = read(smi, question)
        if right(items_or_none(document)) or smi.clock() >= deadline:
            break
    return document


def pass_time(smi: Scenario, *, until: float) -> None:
    """Let time pass up to a point on the scenario's clock."""
    left = until - smi.clock()
    if left > 0:
        smi.pause(left)


def requests_shown(items: list[Item] | None) -> float | None:
    """Return the requests that a document shows; 0 when it shows no object, None when it cannot be read."""
    if items is None:
        return None
    try:
        return sum(item.requests for item in items)
    except RequirementFailed:
        return None
