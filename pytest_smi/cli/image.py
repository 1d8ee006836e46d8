"""`pytest-smi image`: the build context of the sample application's image, for any engine."""

import sys
from pathlib import Path

import click

from pytest_smi.cli.output import say


@click.command("image")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the archive to a file, not to the standard output.",
)
@click.option(
    "--name", "only_name", is_flag=True, help="Print the image's name as runs of this version use it, and nothing else."
)
def command(out: Path | None, only_name: bool) -> None:
    """Write the build context of the sample application's image as a tar archive.

    The image is what a run deploys on your cluster: server and prober in one, pure Python, for amd64 and arm64.

    \b
    Examples:
        pytest-smi image | docker build -t "$(pytest-smi image --name)" -
        kind load docker-image "$(pytest-smi image --name)"
        pytest-smi image | docker build -t registry.example/smi/sample-app:1 -    # then pytest --smi-image=…
    """
    from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE
    from pytest_smi.core.resources import bundled
    from pytest_smi.testbed.image import build_context

    if only_name:
        say(SAMPLE_APP_IMAGE)
        return
    archive = build_context(bundled("sample_app"))
    if out is not None:
        out.write_bytes(archive)
        return
    if sys.stdout.isatty():
        raise click.UsageError(
            "the archive is not for a terminal: pipe it into 'docker build -', or name a file with --out"
        )
    sys.stdout.buffer.write(archive)
    sys.stdout.buffer.flush()
