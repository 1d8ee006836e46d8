"""From cells to numbers: what was counted for a choice of traffic within one window, and its latency percentiles.

Laws: a cell belongs to the window when any part of it does; a percentile is the nearest rank, so a mixture's percentile
lies between those of its parts.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pytest_smi.reference.mesh.metrics.samples import Cell, Traffic, add_latencies, latency_of_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time `seconds` long that ends at `end` (unix seconds)."""

    end: float
    seconds: float

    def holds(self, cell: Cell) -> bool:
        """Return whether any part of the cell lies in the window."""
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
        """Return the nearest-rank quantile of the latency in seconds, for 0 < share <= 1;
        0.0 when nothing was counted."""
        total = sum(self.latencies.values())
        # Rounded first: 0.9 * 10 must be rank 9 whatever the floating-point product says.
        rank = max(1, math.ceil(round(share * total, 6)))
        seen = 0
        for step, count in sorted(self.latencies.items()):
            seen += count
            if seen >= rank:
                return latency_of_step(step)
        return 0.0


def add_up(parts: Iterable[Tally | Cell]) -> Tally:
    """Return the sum of tallies or cells."""
    successes = failures = 0
    latencies: dict[int, int] = {}
    for part in parts:
        successes += part.successes
        failures += part.failures
        add_latencies(latencies, part.latencies)
    return Tally(successes=successes, failures=failures, latencies=latencies)


class Observed:
    """Everything that the sidecars have on record, `cells` by their traffic, seen through one window."""

    def __init__(self, cells: Iterable[Cell], window: Window) -> None:
        self.window = window
        self.cells: dict[Traffic, list[Cell]] = {}
        for cell in cells:
            self.cells.setdefault(cell.traffic, []).append(cell)
        self._in_window = {
            traffic: add_up(cell for cell in found if window.holds(cell)) for traffic, found in self.cells.items()
        }

    def traffics(self) -> list[Traffic]:
        """Return the kinds of traffic with at least one request in the window."""
        return [traffic for traffic, tally in self._in_window.items() if tally.requests]

    def count(self, wanted: Callable[[Traffic], bool]) -> Tally:
        """Return what was counted of the wanted traffic in the window, and nothing from before it."""
        return add_up(tally for traffic, tally in self._in_window.items() if wanted(traffic))
