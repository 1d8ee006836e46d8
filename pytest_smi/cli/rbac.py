"""`pytest-smi rbac`: the manifest with the least rights that a run needs."""

import click

from pytest_smi.cli.output import say


@click.command("rbac")
def command() -> None:
    """Print the service account and the rights that a run needs, and no more.

    \b
    Example:
        pytest-smi rbac | kubectl apply -f -
        kubectl -n pytest-smi create token runner --duration=2h
    """
    from pytest_smi.core.resources import bundled

    say((bundled("manifests") / "rbac.yaml").read_text(encoding="utf-8"), newline=False)
