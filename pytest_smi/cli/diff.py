"""`pytest-smi diff`: what changed from one report to another."""

from pathlib import Path

import click

from pytest_smi.cli.output import say, say_json
from pytest_smi.cli.trusting import ReportLocation, host_option, key_options, load_keys
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.diff import Difference, Kind, compare
from pytest_smi.reports.remote import load_report


@click.command("diff")
@click.argument("before", metavar="A", type=ReportLocation())
@click.argument("after", metavar="B", type=ReportLocation())
@key_options(required=False)
@host_option
@click.option("--allow-mixed", is_flag=True, help="Compare runs that were tested against different catalogues.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def command(
    before: Path | str,
    after: Path | str,
    keys: tuple[Path, ...],
    threshold: int,
    hosts: tuple[str, ...],
    allow_mixed: bool,
    as_json: bool,
) -> None:
    """Compare two reports, from A to B: regressed, errored, fixed, new, removed, changed reading.

    Exit status 1 if anything regressed, 3 if nothing did but something is errored now that was not: run again.

    A and B are report folders or matrix.json files, or https URLs of them.
    With --key both are verified first; without it they are taken as they are.
    Compared are the newest runs of each mesh. Two reports of different meshes are compared row by row:
    they differ, neither is worse, and the exit status is 0.

    \b
    Examples:
        pytest-smi diff last-release smi-report --key ci.pub.pem
        pytest-smi diff a/matrix.json b/matrix.json --json
    """
    trusted = load_keys(keys)
    old, new = (load_report(location, trusted, threshold, hosts) for location in (before, after))
    found = compare(old, new, allow_mixed=allow_mixed)
    if as_json:
        say_json(_document(found, bool(keys)))
    else:
        say(_text(found, old, new, bool(keys)))
    if found.regressed:
        raise click.exceptions.Exit(1)
    if found.inconclusive:
        raise click.exceptions.Exit(3)


def _document(found: Difference, verified: bool) -> dict[str, object]:
    return {
        "regressed": found.regressed,
        "inconclusive": found.inconclusive,
        "verified": verified,
        "same": found.same,
        "meshes": list(found.meshes) if found.meshes else None,
        "changes": [change.to_json() for change in found.changes],
    }


def _text(found: Difference, old: Matrix, new: Matrix, verified: bool) -> str:
    compared = " and ".join(found.meshes) if found.meshes else f"from {old.generated_at} to {new.generated_at}"
    lines = [compared + ("" if verified else " (not verified: no --key)")]
    for kind in Kind:
        own = [change for change in found.changes if change.kind is kind]
        if own:
            lines += ["", f"{kind.capitalize()} ({len(own)})"]
        for change in own:
            arrow, where = ("|", "") if found.meshes else ("→", f"{change.mesh}  ")
            lines.append(f"  {where}{change.requirement:<6} {change.before or '-'} {arrow} {change.after or '-'}")
            if change.reason and kind in (Kind.REGRESSED, Kind.ERRORED, Kind.DIFFERENT):
                lines.append(f"      {' '.join(change.reason.split())}")
    if found.meshes:
        return "\n".join([*lines, "", f"{len(found.changes)} different, {found.same} the same"])
    verdict = "regressed" if found.regressed else "inconclusive" if found.inconclusive else "no regression"
    return "\n".join([*lines, "", f"{verdict}: {len(found.changes)} changed, {found.same} the same"])
