"""`pytest-smi render`: make the page, the summaries and the exports from a report."""

from datetime import timedelta
from pathlib import Path

import click

from pytest_smi.cli.output import say
from pytest_smi.cli.trusting import Age, ReportLocation, host_option, key_options, load_keys
from pytest_smi.core.catalogue import load
from pytest_smi.reports.derived import derive
from pytest_smi.reports.remote import opened


@click.command("render")
@click.argument("location", metavar="PATH|URL", type=ReportLocation())
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write (default: beside the matrix).",
)
@key_options(required=False)
@host_option
@click.option(
    "--max-age", metavar="AGE", type=Age(), help="The badge turns grey when a mesh's latest run is older: 30d, 12h."
)
def command(
    location: Path | str,
    out: Path | None,
    keys: tuple[Path, ...],
    threshold: int,
    hosts: tuple[str, ...],
    max_age: timedelta | None,
) -> None:
    """Write index.html, summary.md, summary.json, ctrf.json, junit.xml and metrics.txt.

    They are made from the report in PATH: its folder, or a matrix.json; or from one at an https URL, with --out.

    With --key the report is verified first, and badge.json is written as well:
    there is no badge for a matrix that nobody vouches for.
    A run writes these files by itself; this is for reports that came from elsewhere, that were merged,
    or whose badge has to age.

    \b
    Examples:
        pytest-smi render smi-report --key smi-report/signing-key.pub.pem
        pytest-smi render merged --key ci.pub.pem --max-age 30d --out site
    """
    statements = {record.requirement: record.statement for record in load()}
    trusted = load_keys(keys)
    if out is None and not isinstance(location, Path):
        raise click.UsageError("what is made from a report at a URL goes into a folder of yours: give --out DIR")
    with opened(location, allowed=hosts) as path:
        derived = derive(path, statements, out=out, keys=trusted, threshold=threshold, max_age=max_age)
    say(
        f"verified, signed by {derived.signer}"
        if derived.signer
        else "not verified (no --key), so there is no badge.json"
    )
    say(f"written to {derived.folder}: {', '.join(derived.names)}")
