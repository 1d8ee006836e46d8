"""What changed from one matrix to another: regressed, errored, fixed, new, removed, changed reading. Pure.

Compared are the newest runs of each mesh, assertion by assertion; an assertion whose id changed with the API version
is found by its requirement. Where each matrix has one mesh, and not the same, these two are compared row by row, and
neither is the better one: they differ, no more. A requirement regressed when it is worse than it was: it failed and
did not before, or it passed and now no result shows that it is met (skipped, unsupported, removed). A result that is
errored now is inconclusive: it is neither.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.policy import catalogue_identity, judged_runs

__all__ = ["Baseline", "Change", "Difference", "Kind", "compare"]

_GOOD = (Status.PASSED, Status.OBSERVED)


class Kind(StrEnum):
    """What became of a requirement between two matrices."""

    REGRESSED = "regressed"
    """Worse than it was."""
    ERRORED = "errored"
    """Inconclusive now, and it was not before."""
    FIXED = "fixed"
    """It failed or errored, and now it is met."""
    NEW = "new"
    """It was not there before."""
    REMOVED = "removed"
    """It is no longer there; if it had passed, that is a regression too."""
    READING = "changed reading"
    """Observed both times, with another reading."""
    OTHER = "changed"
    """Another status, neither better nor worse: unsupported became skipped, say."""
    DIFFERENT = "different"
    """Of two meshes: another status."""
    OTHER_READING = "different reading"
    """Of two meshes: observed on both, with another reading."""
    ONE_SIDED = "in one only"
    """Of two meshes: one has no result."""


_NEUTRAL = {
    Kind.REGRESSED: Kind.DIFFERENT,
    Kind.ERRORED: Kind.DIFFERENT,
    Kind.FIXED: Kind.DIFFERENT,
    Kind.OTHER: Kind.DIFFERENT,
    Kind.READING: Kind.OTHER_READING,
    Kind.NEW: Kind.ONE_SIDED,
    Kind.REMOVED: Kind.ONE_SIDED,
}
"""What a change is called between two meshes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One requirement that is not as it was.

    `before` and `after`: status, or None when it is not there; readings for `READING`.
    """

    kind: Kind
    mesh: str
    requirement: str
    id: str
    before: str | None
    after: str | None
    reason: str

    @property
    def regression(self) -> bool:
        """Whether it is a reason against a release."""
        return self.kind is Kind.REGRESSED or (self.kind is Kind.REMOVED and self.before == Status.PASSED)

    def to_json(self) -> dict[str, Any]:
        """Return the change as `pytest-smi diff --json` prints it."""
        return {
            "kind": str(self.kind),
            "mesh": self.mesh,
            "requirement": self.requirement,
            "id": self.id,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            "regression": self.regression,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes, sorted by mesh and requirement; `same`: how many requirements are as they were.

    `meshes`: the two that were compared with each other, None where each was compared with itself.
    """

    changes: tuple[Change, ...]
    same: int
    meshes: tuple[str, str] | None = None

    @property
    def regressed(self) -> bool:
        """Whether anything got worse."""
        return any(change.regression for change in self.changes)

    @property
    def inconclusive(self) -> bool:
        """Whether anything is errored that was not."""
        return any(change.kind is Kind.ERRORED for change in self.changes)


def compare(before: Matrix, after: Matrix, *, allow_mixed: bool = False) -> Difference:
    """Compare two matrices. Raises `ReportError` when their catalogues differ and that was not allowed."""
    old, new = ({run.name: run for run in judged_runs(matrix)} for matrix in (before, after))
    changes: list[Change] = []
    same = 0
    two = _two_meshes(old, new)
    for mesh, first, second in [two] if two else _meshes(old, new):
        if (
            first
            and second
            and not allow_mixed
            and catalogue_identity(first, before.suite) != catalogue_identity(second, after.suite)
        ):
            raise ReportError(
                f"runs are comparable when they were tested against one catalogue; those of {mesh} were tested against "
                f"{catalogue_identity(first, before.suite)} and {catalogue_identity(second, after.suite)}",
                "Run both with one version of the suite, or add --allow-mixed.",
            )
        for one, other in _pairs(first, second):
            change = _change(mesh, one, other)
            change = replace(change, kind=_NEUTRAL[change.kind]) if two and change else change
            same += change is None
            changes += [change] if change else []
    return Difference(
        changes=tuple(sorted(changes, key=lambda change: (change.mesh, change.requirement, change.id))),
        same=same,
        meshes=(run_title(two[1]), run_title(two[2])) if two else None,
    )


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known to fail: failures of a matrix that a new run may repeat."""

    known: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @classmethod
    def of(cls, matrix: Matrix) -> "Baseline":
        """Return the failures in the newest run of each mesh."""
        runs = judged_runs(matrix)
        return cls(
            frozenset(
                (run.name, entry.requirement) for run in runs for entry in run.results if entry.status is Status.FAILED
            )
        )

    def knows(self, mesh: str, requirement: str) -> bool:
        """Return whether this requirement failed in the baseline."""
        return (mesh, requirement) in self.known


def run_title(run: Run) -> str:
    """Return mesh, version and variant of a run."""
    return " ".join(filter(None, (run.mesh.name, run.mesh.version, run.variant)))


def _two_meshes(old: Mapping[str, Run], new: Mapping[str, Run]) -> tuple[str, Run, Run] | None:
    """Return the only run of each side, where they are of different meshes."""
    if not len(old) == len(new) == 1:
        return None
    (before,), (after,) = old.values(), new.values()
    names = [run.mesh.name.partition("@")[0] for run in (before, after)]
    return (f"{before.name} → {after.name}", before, after) if names[0] != names[1] else None


def _meshes(old: Mapping[str, Run], new: Mapping[str, Run]) -> Iterator[tuple[str, Run | None, Run | None]]:
    if len(old) == len(new) == 1 and old.keys() != new.keys():
        # One mesh, tested on another cluster or in another version of an API.
        ((first, before),), ((second, after),) = old.items(), new.items()
        yield f"{first} → {second}", before, after
        return
    yield from ((mesh, old.get(mesh), new.get(mesh)) for mesh in sorted(set(old) | set(new)))


def _pairs(before: Run | None, after: Run | None) -> Iterator[tuple[Entry | None, Entry | None]]:
    old = {entry.id: entry for entry in before.results} if before else {}
    new = {entry.id: entry for entry in after.results} if after else {}
    for name in old.keys() & new.keys():
        yield old[name], new[name]
    left, right = ([side[name] for name in side.keys() - other.keys()] for side, other in ((old, new), (new, old)))
    single = [
        {name for name, times in Counter(entry.requirement for entry in side).items() if times == 1}
        for side in (left, right)
    ]
    by_requirement = {entry.requirement: entry for entry in right if entry.requirement in single[0] & single[1]}
    for entry in left:
        yield entry, by_requirement.get(entry.requirement)
    yield from ((None, entry) for entry in right if entry.requirement not in by_requirement)


def _change(mesh: str, before: Entry | None, after: Entry | None) -> Change | None:
    entry = after or before
    assert entry is not None
    old, new = (str(one.status) if one else None for one in (before, after))
    if before is None and after is not None and after.status is Status.ERRORED:
        kind = Kind.ERRORED  # of something new, nothing is known
    elif before is None or after is None:
        kind = Kind.NEW if before is None else Kind.REMOVED
    elif before.status is after.status is Status.OBSERVED and before.reading != after.reading:
        kind, old, new = Kind.READING, before.reading, after.reading
    elif before.status is after.status:
        return None
    elif after.status is Status.ERRORED:
        kind = Kind.ERRORED
    elif after.status is Status.FAILED or (before.status is Status.PASSED and after.status not in _GOOD):
        kind = Kind.REGRESSED
    elif before.status in (Status.FAILED, Status.ERRORED) and after.status in _GOOD:
        kind = Kind.FIXED
    else:
        kind = Kind.OTHER
    return Change(
        kind=kind,
        mesh=mesh,
        requirement=entry.requirement,
        id=entry.id,
        before=old,
        after=new,
        reason=after.reason if after else "",
    )
