"""`pytest-smi reference up`: keep an embedded cluster with the reference mesh running in the foreground."""

import contextlib
import signal
from collections.abc import Iterator

import click

from pytest_smi.cli.output import say
from pytest_smi.core.interrupts import interrupt
from pytest_smi.errors import HarnessError


@click.group("reference", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Run the embedded cluster and the reference mesh by themselves (Linux only)."""


@command.command("up")
@click.option("--fault", metavar="NAME[,NAME...]", help="Simulate these faults; `pytest-smi faults` lists them.")
@click.option(
    "--persona",
    metavar="NAME[@PACE]",
    help="Emulate another mesh; `pytest-smi reference personas` lists them. NAME@1: at its pace.",
)
def up(fault: str | None, persona: str | None) -> None:
    """Start an embedded cluster, print its kubeconfig, and keep it running until Ctrl-C.

    The image of the sample application is there already, so a run of the suite works against it.

    \b
    Examples:
        pytest-smi reference up
        kubectl --kubeconfig=PRINTED_PATH get pods --all-namespaces      (in another terminal)
        pytest --mesh=reference --kubeconfig=PRINTED_PATH
        pytest-smi reference up --persona osm
        pytest --mesh=osm --kubeconfig=PRINTED_PATH
    """
    from pytest_smi.cluster.embedded import EmbeddedCluster, fault_arguments, persona_arguments

    with _stoppable():
        cluster = None
        try:
            cluster = EmbeddedCluster([*fault_arguments(fault), *persona_arguments(persona)])
            mesh = "the reference mesh" + (f" as {persona}" if persona else "")
            say(f"Kubernetes {cluster.version} with {mesh} is up; Ctrl-C ends it\n")
            say(f"  export KUBECONFIG={cluster.kubeconfig}\n  kubectl get pods --all-namespaces\n")
            status = cluster.wait()
            raise HarnessError(
                f"the reference must run until it is told to end; it ended with status {status}", "Start it again."
            )
        except KeyboardInterrupt:
            say("\nstopping", err=True)
        finally:
            if cluster is not None:
                cluster.stop()


@command.command("personas")
def personas() -> None:
    """List the meshes that the reference mesh can emulate, and how each deviates from SMI."""
    from pytest_smi.cluster.embedded import known_personas

    for persona in known_personas():
        say(f"{persona['name']}: {persona['title']}. {persona['description']}")
        for name, source in persona["deviations"].items():
            say(f"    {name} ({source})")


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end us as Ctrl-C does, so that nothing is left behind."""
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
