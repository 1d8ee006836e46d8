"""`python -m tests.cluster COMMAND`: a real Kubernetes node, made from Go modules and Debian packages,
and meshes for it."""

from __future__ import annotations

import click

from tests.cluster import api, containerd, images, lifecycle, meshes, node
from tests.cluster.layout import Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step


class _Commands(click.Group):
    """Commands whose ClusterProblem is one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ClusterProblem as problem:
            raise click.ClickException(str(problem)) from problem


@click.group(cls=_Commands, help=__doc__)
def main() -> None:
    """Dispatch to the commands below."""


@main.command()
def up() -> None:
    """Build what is missing, start the node unless it runs, give it the sample app's image,
    and print the path of its kubeconfig."""
    layout = Layout.find()
    lifecycle.up(layout)
    with step("sample app: image"):
        containerd.import_image(images.sample_app(layout.cache), layout)
    click.echo(layout.kubeconfig)


@main.command()
def down() -> None:
    """Stop the node and remove all of its state; programs and images stay in the cache."""
    lifecycle.down(Layout.find())


@main.command()
def kubeconfig() -> None:
    """Print the path of the administrator's kubeconfig."""
    click.echo(node.kubeconfig(Layout.find()))


@main.command()
def status() -> None:
    """Print what runs; the exit status is 1 unless everything does."""
    layout = Layout.find()
    running = node.running(layout)
    for name, pid in running.items():
        click.echo(f"{name:24} {'process ' + str(pid) if pid else 'not running'}")
    ready = all(running.values()) and api.ready(layout)
    click.echo(f"{'API server':24} {'ready' if ready else 'not ready'}")
    raise SystemExit(0 if ready else 1)


_MESH = click.argument("name", type=click.Choice(sorted(meshes.MESHES)))


@main.command("mesh-up")
@_MESH
def mesh_up(name: str) -> None:
    """Build what is missing of a mesh, install it into the running cluster, wait until it serves,
    and print its version."""
    click.echo(meshes.up(name, Layout.find()))


@main.command("mesh-down")
@_MESH
def mesh_down(name: str) -> None:
    """Remove the mesh with all that it changed."""
    meshes.down(name, Layout.find())


if __name__ == "__main__":
    main(prog_name="python -m tests.cluster")
