"""`pytest-smi merge`: many reports into one."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from pytest_smi.cli.output import say
from pytest_smi.cli.trusting import ReportLocation, host_option, key_options, load_keys, policy
from pytest_smi.matrix.suite import this_suite
from pytest_smi.reports.merge import merge_reports
from pytest_smi.reports.remote import opened
from pytest_smi.signing.keys import ask_on_terminal, find_key
from pytest_smi.signing.signer import Signer


@click.command("merge")
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True, type=ReportLocation())
@key_options(required=True)
@host_option
@click.option(
    "--out",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Where the merged report goes: a new folder.",
)
@click.option(
    "--signing-key",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Key that signs the merged report.",
)
@click.option(
    "--allow-mixed", is_flag=True, help="Merge runs of different catalogues, and emulations with real meshes."
)
@click.option("--allow-incomplete", is_flag=True, help="Merge runs that were restricted or interrupted.")
def command(
    reports: tuple[Path | str, ...],
    keys: tuple[Path, ...],
    threshold: int,
    hosts: tuple[str, ...],
    out: Path,
    signing_key: Path | None,
    allow_mixed: bool,
    allow_incomplete: bool,
) -> None:
    """Merge reports (folders or https URLs; of several meshes, clusters or nights) into one,
    after verifying each with the keys.

    Each report is kept whole under sources/, so that its own signature stays verifiable; the merged matrix has all
    their runs. You sign the merged report; without --signing-key, with the key that a run would use.
    Verify the result with your key and theirs.

    \b
    Examples:
        pytest-smi merge linkerd/ istio/ --key labs.pub.pem --out all
        pytest-smi verify all --key labs.pub.pem --key all/signing-key.pub.pem
    """
    signer = Signer(find_key(signing_key, os.environ, ask_on_terminal).key)
    trusted = load_keys(keys)
    with ExitStack() as stack:
        merged = merge_reports(
            [stack.enter_context(opened(report, allowed=hosts)) for report in reports],
            out,
            keys=trusted,
            signer=signer,
            suite=this_suite(),
            merged_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            threshold=threshold,
            allow_mixed=allow_mixed,
            policy=policy(None, None, None, allow_incomplete),
        )
    say(f"merged   {merged.runs} run(s) of {merged.sources} report(s) into {out}\nsigned   {signer.fingerprint}")
