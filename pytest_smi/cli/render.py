"""`pytest-smi render`: make the page, the summaries and the exports from a report, or a site from many."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from pytest_smi.cli.output import say
from pytest_smi.cli.trusting import Age, ReportLocation, host_option, key_options, load_keys
from pytest_smi.core.catalogue import load
from pytest_smi.matrix.suite import this_suite
from pytest_smi.reports.derived import derive
from pytest_smi.reports.remote import opened
from pytest_smi.reports.site import write_site
from pytest_smi.signing.keys import PublicKey

_SITE_AGE = timedelta(days=90)


@click.command("render")
@click.argument("locations", metavar="PATH|URL…", type=ReportLocation(), nargs=-1, required=True)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write (default: beside the matrix).",
)
@click.option(
    "--site",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Make a static site of many reports in DIR: an index, a page per mesh and version, badges, index.json.",
)
@key_options(required=False)
@host_option
@click.option(
    "--max-age",
    metavar="AGE",
    type=Age(),
    help="The badge is grey, and a site shows a mesh as stale, when its latest run is older: 30d, 12h (site: 90d).",
)
def command(
    locations: tuple[Path | str, ...],
    out: Path | None,
    site: Path | None,
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

    With --site a static site is made of many reports, each verified with the keys and copied as it was signed.
    Serve the folder with any web server.

    \b
    Examples:
        pytest-smi render smi-report --key smi-report/signing-key.pub.pem
        pytest-smi render merged --key ci.pub.pem --max-age 30d --out site
        pytest-smi render --site public reports/* --key ci.pub.pem
    """
    statements = {record.requirement: record.statement for record in load()}
    trusted = load_keys(keys)
    if site is not None:
        if out is not None:
            raise click.UsageError("--site and --out are two ways to write: give one of them")
        if not trusted:
            raise click.UsageError("a site is made of verified reports: give --key PUB, one or more")
        _site(locations, site, statements, trusted, threshold, hosts, max_age or _SITE_AGE)
        return
    if len(locations) > 1:
        raise click.UsageError("one report at a time, or many into a site: add --site DIR")
    (location,) = locations
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


def _site(
    locations: tuple[Path | str, ...],
    out: Path,
    statements: dict[str, str],
    keys: list[PublicKey],
    threshold: int,
    hosts: tuple[str, ...],
    max_age: timedelta,
) -> None:
    with ExitStack() as copies:
        reports = [copies.enter_context(opened(location, allowed=hosts)) for location in locations]
        written = write_site(
            reports,
            out,
            statements,
            keys=keys,
            suite=this_suite(),
            now=datetime.now(UTC),
            threshold=threshold,
            max_age=max_age,
        )
    say(f"verified: {written.reports} report(s), {written.runs} run(s) of {written.meshes} mesh(es)")
    say(f"written to {written.folder}: index.html, index.json, a page per mesh and version, badges")
