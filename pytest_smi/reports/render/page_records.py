"""What the page is made of, as records: columns, rows, groups and cells. Pure."""

from dataclasses import dataclass
from typing import Any

from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.matrix import ApiClaim, Entry, Matrix, Run

__all__ = ["ApiLine", "Cell", "Column", "Group", "Page", "Past", "Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLine:
    """One API of a column: its claim, counts per status, and bar segments (status, x, width) on a scale of 100."""

    api: Api
    title: str
    claim: ApiClaim
    counts: dict[Status, int]
    bar: tuple[tuple[Status, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A run as a column and a card.

    `index`: into the runs of the page's document. `earlier`: not the latest run of its mesh.
    """

    index: int
    run: Run
    earlier: bool
    lines: tuple[ApiLine, ...]
    broken: tuple[Entry, ...]
    observed: tuple[Entry, ...]
    history: tuple["Past", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run in the history of a mesh, the oldest first.

    `status`: passed if conformant, else the worst that speaks against it.
    """

    index: int
    run: Run
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A requirement in a column: the worst status of its results, None when there is none."""

    column: Column
    status: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A requirement across the columns. `text`: what the search looks through, in lower case."""

    requirement: str
    statement: str
    level: Level
    cells: tuple[Cell, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows of one API, by level."""

    api: Api
    title: str
    versions: str
    columns: tuple[tuple[Column, ApiClaim], ...]
    levels: tuple[tuple[Level, str, tuple[Row, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the template is given. `left_out`: meshes that have no column because there are too many."""

    matrix: Matrix
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    statuses: tuple[tuple[Status, int], ...]
    levels: tuple[tuple[Level, int], ...]
    rows: int
    meshes: int
    left_out: int
    document: dict[str, Any]

    @property
    def latest(self) -> tuple[Column, ...]:
        """The columns that are the latest run of their mesh."""
        return tuple(column for column in self.columns if not column.earlier)
