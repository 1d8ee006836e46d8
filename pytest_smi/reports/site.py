"""Writing a site: each report is copied, verified where it now lies, and shown; the site appears whole or not at all.

One report with its evidence is in memory at a time. The site is made beside its place and takes the place of an earlier
one by renaming. Thin I/O.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pytest_smi.errors import ReportError, UsageProblem
from pytest_smi.matrix.matrix import Matrix, Run, Suite
from pytest_smi.reports.derived import evidence_in, statements_in
from pytest_smi.reports.merge import copied, flattened, named
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.render.site import SITE_NAMES, details_json, places_of, run_page, site_files, within_site
from pytest_smi.reports.render.wording import latest_runs
from pytest_smi.reports.staging import folder_beside
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.keys import PublicKey

__all__ = ["Site", "write_site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What was written: how many meshes, runs and reports."""

    folder: Path
    meshes: int
    runs: int
    reports: int


def write_site(
    reports: Iterable[Path],
    out: Path,
    statements: Mapping[str, str],
    *,
    keys: Sequence[PublicKey],
    suite: Suite,
    now: datetime,
    threshold: int = 1,
    max_age: timedelta | None = None,
) -> Site:
    """Write the site of these reports into `out`, which must be new, empty, or an earlier site.

    `suite`: who writes it. `max_age`: a mesh whose latest run is older is shown as stale. Raises `VerificationError`
    for a report that does not verify, `ReportError` for a run given twice.
    """
    _refuse_foreign(out)
    try:
        with folder_beside(out) as stage:
            (stage / "reports").mkdir()
            runs: list[Run] = []
            signed: dict[str, tuple[str, tuple[str, ...]]] = {}
            words = dict(statements)
            for report in flattened(reports, keys, threshold):
                name, _ = copied(report, stage / "reports")
                folder = stage / "reports" / name
                with named(report):
                    verified = verify_report(folder, keys, threshold=threshold, policy=Policy(complete=False))
                words |= statements_in(folder)
                runs += [within_site(run, name) for run in verified.matrix.runs]
                signed |= {run.nonce: (name, verified.signers) for run in verified.matrix.runs}
            if not runs:
                raise ReportError("a site shows at least one run; there is none", "Give the report folders.")
            matrix = Matrix(generated_at=now.isoformat(timespec="seconds"), suite=suite, runs=tuple(runs))
            _write(stage, matrix, signed, words, now, max_age)
    except OSError as error:
        raise ReportError(
            f"the site cannot be written to {out}: {error}", "Free space or give another --site DIR."
        ) from None
    meshes = len(latest_runs(matrix))
    return Site(folder=out, meshes=meshes, runs=len(runs), reports=len({report for report, _ in signed.values()}))


def _write(
    stage: Path,
    matrix: Matrix,
    signed: Mapping[str, tuple[str, tuple[str, ...]]],
    statements: Mapping[str, str],
    now: datetime,
    max_age: timedelta | None,
) -> None:
    places = places_of(matrix.runs, signed)
    for name, data in site_files(matrix, places, statements, now=now, max_age=max_age).items():
        _put(stage / name, data)
    newest = {run.nonce for run in latest_runs(matrix)}
    for run in matrix.runs:
        place = places[run.nonce]
        alone = replace(matrix, runs=(run,), generated_at=run.finished_at)
        page = run_page(alone, place, statements, now=now, max_age=max_age, latest=run.nonce in newest)
        _put(stage / place.folder / "index.html", page)
        _put(stage / place.folder / "run.json", details_json(run, evidence_in(stage, alone)))


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _refuse_foreign(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageProblem(f"a site goes into a folder; {out} is not one", "Give another with --site DIR.")
    foreign = sorted({entry.name for entry in os.scandir(out)} - SITE_NAMES) if out.exists() else []
    if foreign:
        raise UsageProblem(
            f"a site goes into a new or empty folder, or over an earlier site; {out} holds {', '.join(foreign[:5])}",
            "Give another with --site DIR.",
        )
