"""`pytest-smi clean`: show what earlier runs left in a cluster, ask, and remove it."""

import sys
from pathlib import Path

import click

from pytest_smi.cli.output import say
from pytest_smi.errors import UsageProblem


@click.command("clean")
@click.option("--mesh", metavar="NAME[@CONTEXT]", help="Clean the cluster that a run with this --mesh would use.")
@click.option(
    "--kubeconfig",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Kubeconfig to use.",
)
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
def command(mesh: str | None, kubeconfig: Path | None, yes: bool, dry_run: bool) -> None:
    """Delete the namespaces that interrupted runs of pytest-smi left in a cluster.

    It shows them first, and deletes them when you agree. It touches only what carries the owner label of pytest-smi,
    which includes the namespaces of a run in progress. A run cleans up after itself, also on Ctrl-C;
    this is for what a crash, a lost connection or --smi-keep left behind.

    \b
    Examples:
        pytest-smi clean
        pytest-smi clean --mesh linkerd@staging --kubeconfig ~/.kube/staging
        pytest-smi clean --dry-run
        pytest-smi clean --yes         # in a pipeline
    """
    from pytest_smi.testbed.cleanup import clean, left_behind

    context = (mesh.partition("@")[2] if mesh else "") or None
    host, found = left_behind(kubeconfig, context)
    if not found:
        say(f"nothing to clean on {host}")
        return
    say(f"namespaces of runs on {host}:")
    for one in found:
        say(f"  {one.name}  of run {one.run}, created {one.created or 'at an unknown time'}")
    if dry_run:
        say(f"{len(found)} would be deleted")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageProblem(
                "clean asks before it deletes; there is no terminal to ask on", "Add --yes, or --dry-run to look only."
            )
        if not click.confirm(f"Delete {'it' if len(found) == 1 else f'these {len(found)}'}?"):
            say("nothing was deleted")
            return
    for name in clean(kubeconfig, context, {one.name for one in found}):
        say(f"deleted {name}")
