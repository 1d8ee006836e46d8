"""Whether a verified matrix is consistent, and what the reader asked for: of the mesh, fresh, and good enough. Pure.

A signature shows who vouches for a matrix; it does not show that the matrix answers the question. Two things are always
asked: a run that is called conformant must be so by its own results, and a run must have a result for every
    requirement. The rest is the reader's `Policy`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pytest_smi.core.nearest import did_you_mean
from pytest_smi.core.terms import LEVELS_OF, Level, Status
from pytest_smi.errors import VerificationError
from pytest_smi.matrix.matrix import Catalogue, Matrix, Run, Suite

__all__ = ["Policy", "catalogue_identity", "judged_runs", "refuse_inconsistent", "refuse_unfit"]

_AGAINST = (Status.FAILED, Status.ERRORED, Status.SKIPPED)
_CLOCKS_DIFFER = timedelta(minutes=5)
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a reader asks of a report beyond its signature.

    `mesh`: NAME (on any cluster), NAME@CONTEXT or NAME@VERSION; the report must have a run of it.
    `max_age`: of the newest run of each mesh asked about. `level`: a key of
    `LEVELS_OF`; every requirement of these levels must be met in that run. `catalogue` with `suite`: what runs
    of that build must have, whatever they declare themselves. `complete`: False accepts runs that were narrowed or
    interrupted. `now`: None is the present.
    """

    mesh: str | None = None
    max_age: timedelta | None = None
    level: str | None = None
    catalogue: Catalogue | None = None
    suite: Suite | None = None
    complete: bool = True
    now: datetime | None = None


def refuse_inconsistent(matrix: Matrix, policy: Policy) -> None:
    """Raise `VerificationError` for a run that is called conformant and is not,
    or that lacks results which it must have."""
    for run in matrix.runs:
        _refuse_false_claim(run)
        if policy.complete:
            _refuse_missing_results(run, matrix.suite, policy)


def refuse_unfit(matrix: Matrix, policy: Policy) -> None:
    """Raise `VerificationError` unless there is a run of the mesh asked for, recent and good enough."""
    for run in judged_runs(matrix, policy.mesh):
        if policy.max_age is not None:
            _refuse_stale(run, policy.max_age, policy.now or datetime.now(UTC))
        if policy.level is not None:
            _refuse_weak(run, policy.level)


def judged_runs(matrix: Matrix, mesh: str | None = None) -> tuple[Run, ...]:
    """Return the newest run of each mesh, or of the one named; of each version by itself, where several were run.

    Raises `VerificationError` when there is none of that name.
    """
    newest: dict[str, Run] = {}
    for run in matrix.runs:
        if mesh is not None and not _is_of(run, mesh):
            continue
        last = newest.setdefault(run.name, run)
        newest[run.name] = max(last, run, key=lambda one: (one.finished_at, one.nonce))
    if mesh is not None and not newest:
        names = sorted({f"{run.mesh.name}@{run.mesh.version}" for run in matrix.runs})
        meant = did_you_mean(mesh, {*names, *(run.mesh.name for run in matrix.runs)})
        there = ", ".join(names[:_MOST_LISTED]) + (
            f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
        )
        raise VerificationError(
            f"the report must be of the mesh {mesh}{meant}; it is of {there}", "Get the report of that mesh."
        )
    return tuple(newest[key] for key in sorted(newest))


def _is_of(run: Run, mesh: str) -> bool:
    # A mesh in a matrix may carry the context of its cluster, NAME@CONTEXT, which says where it ran and not what it is.
    plain = run.mesh.name.partition("@")[0]
    return mesh in (run.mesh.name, plain, f"{plain}@{run.mesh.version}", f"{run.mesh.name}@{run.mesh.version}")


def catalogue_identity(run: Run, of_matrix: Suite) -> str:
    """Return what tells catalogues apart: their digest, or for runs that do not know it the suite they came from."""
    if run.provenance.catalogue is not None:
        return f"catalogue sha256:{run.provenance.catalogue.digest}"
    suite = run.provenance.suite or of_matrix
    return f"{suite.name} {suite.version} sha256:{suite.digest}"


def _refuse_false_claim(run: Run) -> None:
    binding = [entry for entry in run.results if entry.level in LEVELS_OF["must"]]
    against = [entry.requirement for entry in binding if entry.status in _AGAINST]
    passed = any(entry.status is Status.PASSED for entry in binding)
    if run.conformant and (against or run.restricted or run.emulated is not None or not passed):
        emulation = f"it is an emulation, {run.emulated}" if passed else "nothing passed"
        reason = ", ".join(against[:5]) or "; ".join(run.restricted) or emulation
        raise VerificationError(f"a conformant run has no MUST against it; that of {_named(run)} has: {reason}")


def _refuse_missing_results(run: Run, of_matrix: Suite, policy: Policy) -> None:
    suite = run.provenance.suite or of_matrix
    required: dict[str, Level] = {}
    if run.provenance.catalogue is not None:
        required |= run.provenance.catalogue.requirements
    if policy.catalogue is not None and policy.suite is not None and _same_suite(run, suite, policy.suite):
        required |= policy.catalogue.requirements
    found: dict[str, set[Level]] = {}
    for entry in run.results:
        found.setdefault(entry.requirement, set()).add(entry.level)
    missing = sorted(set(required) - set(found))
    if missing:
        raise VerificationError(
            f"a run must have every requirement of {suite.name} {suite.version}; "
            f"that of {_named(run)} lacks {_some(missing)}",
            "Run the whole suite. To read a run that was narrowed or interrupted all the same, add --allow-incomplete.",
        )
    for name in sorted(required):
        if found[name] != {required[name]}:
            levels = ", ".join(sorted(found[name]))
            raise VerificationError(
                f"{name} is a {required[name]} of {suite.name} {suite.version}; the run of {_named(run)} has it as "
                f"{levels}"
            )


def _same_suite(run: Run, suite: Suite, ours: Suite) -> bool:
    """Return whether a run had to account for our catalogue: two builds of one version may have different ones,
    and a run of another build says itself which was its own."""
    if run.provenance.catalogue is not None and suite.digest != ours.digest:
        return False
    return (suite.name, suite.version) == (ours.name, ours.version)


def _refuse_stale(run: Run, max_age: timedelta, now: datetime) -> None:
    try:
        finished = datetime.fromisoformat(run.finished_at)
        age = now - finished
    except (ValueError, TypeError):
        raise VerificationError(
            f"a run must say when it finished, in ISO 8601 with a time zone; found {run.finished_at!r}"
        ) from None
    if age > max_age:
        whole = age - age % timedelta(seconds=1)
        raise VerificationError(
            f"the newest run of {run.name} must be at most {max_age} old; it is {whole} old", "Run again."
        )
    if age < -_CLOCKS_DIFFER:
        raise VerificationError(
            f"a run must not be from the future; that of {_named(run)} finished at {run.finished_at}",
            "Check the clocks.",
        )


def _refuse_weak(run: Run, level: str) -> None:
    own = [entry for entry in run.results if entry.level in LEVELS_OF[level]]
    against = [f"{entry.requirement} {entry.status}" for entry in own if entry.status in _AGAINST]
    problems = [_some(against)] if against else []
    problems += run.restricted
    if not any(entry.status is Status.PASSED for entry in own):
        problems.append("nothing passed")
    if problems:
        found = "; ".join(problems)
        raise VerificationError(
            f"every requirement of level {level} must be met; in the run of {_named(run)}: {found}", "Read its reasons."
        )


def _some(names: list[str]) -> str:
    return f"{len(names)}: " + ", ".join(names[:8]) + (" and more" if len(names) > 8 else "")


def _named(run: Run) -> str:
    return " ".join(filter(None, (run.mesh.name, run.mesh.version, run.variant)))
