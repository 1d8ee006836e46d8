"""From cells to numbers: what was counted for a choice of traffic within one window, and its latency percentiles.

Laws: a cell belongs to the window when any part of it does; a percentile is the nearest rank, so a mixture's percentile lies
between those of its parts.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pytest_smi.reference.mesh.faults.active import ActiveFaults
from pytest_smi.reference.mesh.metrics.samples import Cell, Traffic, latency_of_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time `seconds` long that ends at `end` (unix seconds)."""

    end: float
    seconds: float

    def holds(self, cell: Cell) -> bool:
        """Whether any part of the cell lies in the window."""
        return cell.start + cell.width > self.end - self.seconds and cell.start <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Requests counted: successes, failures, and the latencies of both as {histogram step: count}."""

    successes: int = 0
    failures: int = 0
    latencies: dict[int, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Successes and failures together."""
        return self.successes + self.failures

    def quantile(self, share: float) -> float:
        """The nearest-rank quantile of the latency in seconds, for 0 < share <= 1; 0.0 when nothing was counted."""
        total = sum(self.latencies.values())
        # Rounded first: 0.9 * 10 must be rank 9 whatever the floating-point product says.
        rank = max(1, math.ceil(round(share * total, 6)))
        seen = 0
        for step, count in sorted(self.latencies.items()):
            seen += count
            if seen >= rank:
                return latency_of_step(step)
        return 0.0

    def mean(self) -> float:
        """The mean latency in seconds; 0.0 when nothing was counted."""
        total = sum(self.latencies.values())
        return sum(latency_of_step(step) * count for step, count in self.latencies.items()) / total if total else 0.0


def add_up(parts: Iterable[Tally | Cell]) -> Tally:
    """The sum of tallies or cells."""
    successes = failures = 0
    latencies: dict[int, int] = {}
    for part in parts:
        successes += part.successes
        failures += part.failures
        for step, count in part.latencies.items():
            latencies[step] = latencies.get(step, 0) + count
    return Tally(successes=successes, failures=failures, latencies=latencies)


class Observed:
    """All cells at hand, looked at through one window."""

    def __init__(self, cells: Iterable[Cell], window: Window, *, faults: ActiveFaults) -> None:
        self.window = window
        self._faults = faults
        self._cells: dict[Traffic, list[Cell]] = {}
        for cell in cells:
            self._cells.setdefault(cell.traffic, []).append(cell)
        self._in_window = {traffic: add_up([cell for cell in found if window.holds(cell)]) for traffic, found in self._cells.items()}

    def traffics(self) -> list[Traffic]:
        """The kinds of traffic with at least one request in the window."""
        return [traffic for traffic, tally in self._in_window.items() if tally.requests]

    def ever(self, wanted: Callable[[Traffic], bool]) -> bool:
        """Whether any wanted traffic is on record, in the window or before it."""
        return any(wanted(traffic) for traffic in self._cells)

    def count(self, wanted: Callable[[Traffic], bool]) -> Tally:
        """What was counted in the window of the wanted traffic."""
        chosen = [traffic for traffic in self._cells if wanted(traffic)]
        tally = add_up(self._in_window[traffic] for traffic in chosen)
        if self._faults.on("metrics-numbers-stay") and chosen and not tally.requests:
            cells = [cell for traffic in chosen for cell in self._cells[traffic]]
            last = Window(end=max(cell.start for cell in cells), seconds=self.window.seconds)
            return add_up([cell for cell in cells if last.holds(cell)])
        return tally
