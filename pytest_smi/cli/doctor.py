"""`pytest-smi doctor`: look whether a run can be done on a cluster, and how to fix it where it cannot."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from pytest_smi.cli.output import say, say_json
from pytest_smi.core.nearest import unknown
from pytest_smi.core.terms import APIS

if TYPE_CHECKING:
    from pytest_smi.cluster.connection import Connection
    from pytest_smi.doctor.findings import Finding
    from pytest_smi.profiles.load import Profile

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_COLOURS = {"warning": "yellow", "problem": "red"}


@click.command("doctor")
@click.option(
    "--mesh", metavar="NAME[@CONTEXT]", required=True, help="The mesh, as for a run; 'auto' looks which one is there."
)
@click.option("--kubeconfig", metavar="FILE", type=_FILE, help="Kubeconfig of the cluster (default: as kubectl).")
@click.option(
    "--mesh-profile",
    "files",
    metavar="FILE",
    multiple=True,
    type=_FILE,
    help="Profile of a further mesh; may be repeated.",
)
@click.option("--smi-api", "apis", metavar="API[,API]", help="APIs that the run is to test (default: all).")
@click.option(
    "--smi-image",
    "image",
    metavar="REF",
    default="",
    help="Image of the sample application, where your cluster pulls it.",
)
@click.option(
    "--smi-pull-secret",
    "pull_secret",
    metavar="FILE",
    type=_FILE,
    help="Docker config file with credentials for its registry.",
)
@click.option(
    "--smi-node-selector",
    "selector",
    metavar="KEY=VALUE",
    multiple=True,
    help="Nodes that may run it; may be repeated.",
)
@click.option(
    "--smi-toleration",
    "tolerations",
    metavar="KEY[=VALUE]:EFFECT",
    multiple=True,
    help="Taint that it tolerates; may be repeated.",
)
@click.option(
    "--smi-timeout",
    "factor",
    metavar="FACTOR",
    type=click.FloatRange(0, 1000, min_open=True),
    default=1.0,
    help="Multiply every deadline.",
)
@click.option(
    "--no-deploy", is_flag=True, help="Only read: do not deploy the pod that tries whether the mesh takes it in."
)
@click.option(
    "--keep", is_flag=True, help="Leave that pod and its namespace for inspection; pytest-smi clean removes them."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of {check, level, found, remedy}.")
def command(
    mesh: str,
    kubeconfig: Path | None,
    files: tuple[Path, ...],
    apis: str | None,
    image: str,
    pull_secret: Path | None,
    selector: tuple[str, ...],
    tolerations: tuple[str, ...],
    factor: float,
    no_deploy: bool,
    keep: bool,
    as_json: bool,
) -> int:
    """Check everything that a run needs: cluster, permissions, mesh, versions, preconditions, images, injection.

    Each line is ok, a warning or a problem, with how to fix it. Exit status 1 when there is a problem. A run makes the
    same checks first; this command also deploys a pod into a namespace of its own, and removes it again.

    \b
    Examples:
        pytest-smi doctor --mesh reference
        pytest-smi doctor --mesh linkerd@staging --kubeconfig ~/.kube/config
        pytest-smi doctor --mesh auto --no-deploy --json
    """
    from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE
    from pytest_smi.doctor.findings import Level, of_level
    from pytest_smi.doctor.preflight import diagnose
    from pytest_smi.doctor.probe import Probe
    from pytest_smi.profiles.registry import all_profiles
    from pytest_smi.testbed.placement import read_placement, toleration_of

    asked = _apis(apis)
    try:
        tolerated = [toleration_of(text) for text in tolerations]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    placement = read_placement(selector, tolerated, pull_secret, image=image or SAMPLE_APP_IMAGE)
    known = all_profiles(files)
    name, _, context = mesh.partition("@")
    with _reached(name, context or None, kubeconfig, known, files) as (connection, profile):
        limits = profile.limits.scaled(factor)
        probe = Probe(
            connection, profile, image=image or SAMPLE_APP_IMAGE, limits=limits, placement=placement, keep=keep
        )
        found = diagnose(
            connection,
            profile,
            apis=asked,
            other_meshes=known,
            probe=None if no_deploy else probe,
            pull_secret=pull_secret is not None,
            placement=placement,
        )
        _show(found, f"{profile.title} on {connection.host}", as_json)
    return 1 if of_level(found, Level.PROBLEM) else 0


@contextlib.contextmanager
def _reached(
    name: str, context: str | None, kubeconfig: Path | None, known: dict[str, Profile], files: tuple[Path, ...]
) -> Iterator[tuple[Connection, Profile]]:
    """Return the connection to the cluster and the profile of the mesh; an embedded cluster is started,
    and stopped at the end."""
    from pytest_smi.cluster.connection import Connection
    from pytest_smi.cluster.embedded import EmbeddedCluster
    from pytest_smi.doctor.detection import AUTO, detect
    from pytest_smi.profiles.registry import find_profile

    profile = find_profile(name, files) if name != AUTO else None
    with _stoppable(), contextlib.ExitStack() as stack:
        if profile is not None and profile.provider == "embedded" and kubeconfig is None:
            cluster = EmbeddedCluster([])
            stack.callback(cluster.stop)
            kubeconfig, context = cluster.kubeconfig, None
        connection = Connection(kubeconfig, context)
        stack.callback(connection.close)
        yield connection, profile or detect(connection, known)


def _apis(text: str | None) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(","))) if text else APIS
    for name in names:
        if name not in APIS:
            raise click.UsageError(unknown("API", name, APIS, where="pytest-smi doctor --help"))
    return names


def _show(found: list[Finding], title: str, as_json: bool) -> None:
    from pytest_smi.doctor.findings import conclusion, lines

    if as_json:
        say_json([finding.to_json() for finding in found])
        return
    say(title)
    width = min(max(shutil.get_terminal_size((120, 24)).columns, 80), 140)
    for level, line in lines(found, width=width):
        say(line, colour=_COLOURS.get(level))
    say(conclusion(found))


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end us as Ctrl-C does, so that nothing is left behind."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(143)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
