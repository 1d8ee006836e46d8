"""What the page is made of, as records: the table of meshes, the matrix, and the versions of each mesh. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.matrix import ApiClaim, Entry, Matrix, Run

__all__ = ["Cell", "Column", "Group", "Line", "Links", "Page", "Past", "Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a page finds what is not in it; every address is relative to the page.

    `beside`: the page lies in the report folder, so that matrix and evidence can be linked. `details`: nonce of a run
    → the file with its results and evidence, for a page that holds neither. `pages`, `matrices`: nonce → page and
    matrix.json of a run. `badges`, `folders`: name of a mesh → its badge, and the folder of its pages.
    `root`: of the site, before paths of evidence. `home`: the page of all meshes. `table`: the CSV file.
    """

    beside: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    matrices: Mapping[str, str] = field(default_factory=dict)
    badges: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    root: str = ""
    home: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run in the history of a mesh.

    `key`: how links name it, `osm@v1.2.4`. `statuses`: a letter for each requirement, `.` for none. `better`, `worse`,
    `other`: requirements that changed since the run before; `before`: their letters there.
    """

    run: Run
    key: str
    passed: int
    tested: int
    statuses: str
    first: bool
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Part of what was tested that passed, None when nothing was."""
        return self.passed / self.tested if self.tested else None

    @property
    def percent(self) -> str:
        """The share as people read it; 100% only when everything passed."""
        if self.share is None:
            return "–"
        return "100%" if self.passed == self.tested else f"{min(int(100 * self.share + 0.5), 99)}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A mesh in the table: its latest run first, then the earlier ones. `index`: of the mesh.

    `claims`: of each API of its latest run. `stale`: older than was asked for.
    """

    index: int
    name: str
    history: tuple[Past, ...]
    claims: tuple[tuple[Api, ApiClaim], ...]
    stale: bool

    @property
    def latest(self) -> Past:
        """The latest run."""
        return self.history[0]

    @property
    def run(self) -> Run:
        """The latest run."""
        return self.history[0].run

    @property
    def bars(self) -> tuple[tuple[bool, str], ...]:
        """The history as a drawing, the oldest first: of conformant runs and of the others, a path with a bar for each.

        A bar is 2 to 20 high, and the share that passed is its height.
        """
        paths: dict[bool, str] = {}
        for place, past in enumerate(reversed(self.history)):
            bar = f"M{4 * place + 2} 20v-{2 + round(18 * (past.share or 0.0))}"
            paths[past.run.conformant] = paths.get(past.run.conformant, "") + bar
        return tuple(paths.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The latest run of a mesh as a column of the matrix, with what is told of it below."""

    index: int
    line: Line
    broken: tuple[Entry, ...]
    observed: tuple[Entry, ...]

    @property
    def run(self) -> Run:
        """The run."""
        return self.line.run

    @property
    def key(self) -> str:
        """How links name the run."""
        return self.line.latest.key


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
    """Everything that the template is given. `left_out`: meshes that have no row because there are too many.

    `files`: what can be downloaded, (title, address, name of the file or "").
    """

    matrix: Matrix
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    statuses: tuple[tuple[Status, int], ...]
    levels: tuple[tuple[Level, int], ...]
    rows: int
    left_out: int
    runs: int
    links: Links
    files: tuple[tuple[str, str, str], ...]
    document: dict[str, Any]
