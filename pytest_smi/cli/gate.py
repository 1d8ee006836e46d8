"""`pytest-smi gate`: whether a release may go out by its report.

`verify` and `diff` in one call, with one exit status.
"""

from datetime import timedelta
from pathlib import Path

import click

from pytest_smi.cli.trusting import key_options, load_keys, policy, policy_options
from pytest_smi.errors import VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.diff import Change, Kind, compare
from pytest_smi.reports.load import load_matrix
from pytest_smi.reports.policy import judged_runs
from pytest_smi.reports.verify import verify_report


@click.command("gate")
@click.argument("report", metavar="REPORT", type=click.Path(exists=True, file_okay=False, path_type=Path))
@key_options(required=True)
@policy_options
@click.option(
    "--baseline",
    metavar="MATRIX",
    type=click.Path(exists=True, path_type=Path),
    help="Report folder of the last release, verified with the same keys: nothing that was met there may regress.",
)
@click.option(
    "--trust-baseline",
    is_flag=True,
    help="Take the baseline as it is: for one that is kept under review, or was signed with another key.",
)
@click.option("--allow-mixed", is_flag=True, help="Compare runs that were tested against different catalogues.")
def command(
    report: Path,
    keys: tuple[Path, ...],
    threshold: int,
    mesh: str | None,
    max_age: timedelta | None,
    require_level: str | None,
    allow_incomplete: bool,
    baseline: Path | None,
    trust_baseline: bool,
    allow_mixed: bool,
) -> None:
    """Check that REPORT verifies with your keys, meets what you require, and is no worse than the last release.

    Exit status 0 only if all of that holds. 1: refused, stale, incomplete, a requirement of the level is not met,
    something regressed, or the baseline has no run to compare with. 3: something is errored that was not,
    so run again; or, as with 4, it could not be judged.

    \b
    Examples:
        pytest-smi gate smi-report --key ci.pub.pem --mesh linkerd --max-age 1d --require-level must
        pytest-smi gate smi-report --key ci.pub.pem --baseline last-release
    """
    if trust_baseline and baseline is None:
        raise click.UsageError("--trust-baseline is about a baseline: give --baseline too")
    trusted = load_keys(keys)
    asked = policy(mesh, max_age, require_level, allow_incomplete)
    new = verify_report(report, trusted, threshold=threshold, policy=asked).matrix
    lines = [f"verified: {report}"]
    regressed: list[Change] = []
    errored: list[Change] = []
    if baseline is not None:
        old = load_matrix(baseline, () if trust_baseline else trusted, threshold)
        _refuse_strangers(old, new, mesh)
        found = compare(old, new, allow_mixed=allow_mixed)
        regressed = [change for change in found.changes if change.regression]
        errored = [change for change in found.changes if change.kind is Kind.ERRORED]
        lines.append(f"compared: {baseline}, {len(found.changes)} changed, {found.same} the same")
    lines += [
        f"  {one.mesh}  {one.requirement:<6} {one.before or '-'} → {one.after or '-'}"
        + (f"\n      {one.reason}" if one.reason else "")
        for one in (*regressed, *errored)
    ]
    found_wrong = [
        f"{len(changes)} {word}"
        for changes, word in ((regressed, "regressed"), (errored, "errored: run again"))
        if changes
    ]
    lines.append(f"gate: closed, {', '.join(found_wrong)}" if found_wrong else "gate: open")
    click.echo("\n".join(lines))
    if found_wrong:
        raise click.exceptions.Exit(1 if regressed else 3)


def _refuse_strangers(old: Matrix, new: Matrix, mesh: str | None) -> None:
    # Where nothing is compared nothing can regress, and an open gate would mean nothing.
    before = {run.name for run in judged_runs(old)}
    unknown = sorted(run.name for run in judged_runs(new, mesh) if run.name not in before)
    if unknown:
        raise VerificationError(
            f"a baseline must have a run of every mesh that is judged; it has {', '.join(sorted(before))}, "
            f"and lacks {', '.join(unknown)}",
            "Give the last release's report of the same mesh and context, or leave --baseline out for a first release.",
        )
