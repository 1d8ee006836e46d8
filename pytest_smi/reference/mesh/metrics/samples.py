"""What a sidecar notes about each HTTP request, and the compact rows in which it hands the notes over.

Laws: `Recorder.record` is on the proxy's hot path and does no more than two dictionary look-ups and one logarithm;
counts are exact; latencies are kept in a logarithmic histogram whose centres are at most 2 % off.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Side: TypeAlias = Literal["client", "server"]
ObjectKey: TypeAlias = tuple[str, str]
"""(namespace, name)."""
Row: TypeAlias = list[Any]
"""JSON-able: [start, width, side, protocol, source, destination, apex, backend, split, successes, failures, [step,
count, …]]."""

BUCKET_SECONDS = 0.1
RETENTION_SECONDS = 60.0
_GROWTH = 1.04
_PER_STEP = 1.0 / math.log(_GROWTH)
_SHORTEST = 1e-6
_ROW_LENGTH = 12


class RowError(ValueError):
    """A row does not have the shape that `Recorder.export` gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answered HTTP request (or HTTP/2 stream), seen from one side.

    Raw TCP, UDP and requests that policy denied are never recorded, on neither side. `at`: when the answer ended,
    unix seconds.
    `side`: `client` in the caller's sidecar, `server` in the called pod's. `source`, `destination`:
        pods as (namespace, name),
    None when not of the mesh or unknown. `apex`: the Service that was addressed, (namespace, name). `split`: the
    TrafficSplit that chose the `backend` (a Service name), both set by the client side only. `success`:
    the status was below 500.
    `latency`: seconds from the request's first byte to the answer's last.
    """

    at: float
    side: Side
    protocol: Literal["HTTP/1.1", "HTTP/2"]
    source: ObjectKey | None
    destination: ObjectKey | None
    apex: ObjectKey | None = None
    backend: str | None = None
    split: ObjectKey | None = None
    success: bool
    latency: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a group of samples has in common: everything but time, success and latency."""

    side: str
    protocol: str
    source: ObjectKey | None
    destination: ObjectKey | None
    apex: ObjectKey | None
    backend: str | None
    split: ObjectKey | None


@dataclass(frozen=True, slots=True)
class Cell:
    """All samples of one `traffic` in [start, start + width) unix seconds; `latencies` is {step: count},
    see `latency_of_step`."""

    start: float
    width: float
    traffic: Traffic
    successes: int
    failures: int
    latencies: dict[int, int]


def step_of_latency(seconds: float) -> int:
    """Return the histogram step of a latency; anything below a microsecond counts as one."""
    return round(math.log(seconds) * _PER_STEP) if seconds > _SHORTEST else round(math.log(_SHORTEST) * _PER_STEP)


def latency_of_step(step: int) -> float:
    """Return the latency in seconds at the centre of a histogram step."""
    return float(_GROWTH**step)


def add_latencies(total: dict[int, int], more: Mapping[int, int]) -> None:
    """Add the second {histogram step: count} to the first."""
    for step, count in more.items():
        total[step] = total.get(step, 0) + count


class Recorder:
    """A ring of time buckets in one sidecar; buckets older than `retention_seconds` are overwritten.

    For one event loop only.
    """

    def __init__(self, *, bucket_seconds: float = BUCKET_SECONDS, retention_seconds: float = RETENTION_SECONDS) -> None:
        self._width = bucket_seconds
        self._per_bucket = 1.0 / bucket_seconds
        self._size = max(2, math.ceil(retention_seconds / bucket_seconds))
        self._epochs = [-1] * self._size
        self._slots: list[dict[tuple[Any, ...], list[Any]]] = [{} for _ in range(self._size)]

    def record(self, sample: Sample) -> None:
        """Note one sample. A sample older than what its place in the ring holds by now is dropped."""
        epoch = int(sample.at * self._per_bucket)
        place = epoch % self._size
        if self._epochs[place] != epoch:
            if self._epochs[place] > epoch:
                return
            self._epochs[place] = epoch
            self._slots[place] = {}
        slot = self._slots[place]
        key = (
            sample.side,
            sample.protocol,
            sample.source,
            sample.destination,
            sample.apex,
            sample.backend,
            sample.split,
        )
        entry = slot.get(key)
        if entry is None:
            entry = slot[key] = [0, 0, {}]
        entry[0 if sample.success else 1] += 1
        latency = sample.latency
        step = round(math.log(latency) * _PER_STEP) if latency > _SHORTEST else step_of_latency(latency)
        steps = entry[2]
        steps[step] = steps.get(step, 0) + 1

    def export(self, since: float) -> list[Row]:
        """Return rows of every bucket that ends after `since` (unix seconds), oldest first. Exporting takes nothing
        away."""
        first = int(since * self._per_bucket)
        wanted = sorted((epoch, place) for place, epoch in enumerate(self._epochs) if epoch >= first)
        return [
            [
                epoch * self._width,
                self._width,
                *key,
                entry[0],
                entry[1],
                [number for pair in entry[2].items() for number in pair],
            ]
            for epoch, place in wanted
            for key, entry in self._slots[place].items()
        ]


def merge(rows: Iterable[Sequence[Any]]) -> list[Cell]:
    """Return rows of any number of sidecars, straight or through JSON, as cells, equal ones added up.

    RowError: a row of another shape.
    """
    cells: dict[tuple[float, float, Traffic], Cell] = {}
    for row in rows:
        cell = _cell(row)
        key = (cell.start, cell.width, cell.traffic)
        known = cells.get(key)
        cells[key] = cell if known is None else _sum(known, cell)
    return list(cells.values())


def _cell(row: Sequence[Any]) -> Cell:
    if len(row) != _ROW_LENGTH:
        raise RowError(f"a metrics row has {_ROW_LENGTH} fields, got {len(row)}: is the sidecar of another version?")
    start, width, side, protocol, source, destination, apex, backend, split, successes, failures, steps = row
    try:
        traffic = Traffic(
            side,
            protocol,
            _object_key(source),
            _object_key(destination),
            _object_key(apex),
            backend,
            _object_key(split),
        )
        latencies = {int(steps[i]): int(steps[i + 1]) for i in range(0, len(steps), 2)}
        return Cell(float(start), float(width), traffic, int(successes), int(failures), latencies)
    except (TypeError, ValueError, IndexError) as error:
        raise RowError(f"a metrics row cannot be read ({error}): {row!r:.200}") from error


def _object_key(value: Any) -> ObjectKey | None:
    if value is None:
        return None
    namespace, name = value
    return (namespace, name)


def _sum(left: Cell, right: Cell) -> Cell:
    latencies = dict(left.latencies)
    add_latencies(latencies, right.latencies)
    return Cell(
        left.start,
        left.width,
        left.traffic,
        left.successes + right.successes,
        left.failures + right.failures,
        latencies,
    )
