"""`pytest-smi clean`: remove what earlier runs left in a cluster."""

import importlib
from pathlib import Path

import click


@click.command("clean")
@click.option("--mesh", metavar="NAME[@CONTEXT]", help="Clean the cluster that a run with this --mesh would use.")
@click.option("--kubeconfig", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Kubeconfig to use.")
def command(mesh: str | None, kubeconfig: Path | None) -> None:
    """Delete the namespaces that interrupted runs of pytest-smi left in a cluster.

    Only what carries the owner label of pytest-smi is touched. A run cleans up after itself, also on Ctrl-C; this is for what a crash,
    a lost connection or --smi-keep left behind.

    \b
    Examples:
        pytest-smi clean
        pytest-smi clean --mesh linkerd@staging --kubeconfig ~/.kube/staging
    """
    context = mesh.partition("@")[2] if mesh else ""
    removed = importlib.import_module("pytest_smi.testbed.cleanup").clean(kubeconfig=kubeconfig, context=context or None)
    names = [str(name) for name in removed or ()]
    click.echo("\n".join(f"deleted {name}" for name in names) if names else "nothing to clean")
