"""`pytest-smi explain`: say who may call what with a set of SMI objects, and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_smi.errors import UsageProblem

if TYPE_CHECKING:
    from pytest_smi.oracle import World
    from pytest_smi.profiles.load import Profile

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SOURCE = click.Path(exists=True, allow_dash=True, path_type=Path)


@click.command("explain")
@click.argument("requirements", nargs=-1, metavar="")
@click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    metavar="PATH",
    type=_SOURCE,
    help="File or folder of manifests, - for stdin.",
)
@click.option("--kubeconfig", metavar="FILE", type=_FILE, help="Read the objects of the cluster of this kubeconfig.")
@click.option("--context", metavar="NAME", help="The context of the kubeconfig.")
@click.option(
    "-n", "--namespace", metavar="NAMESPACE", help="Namespace to read; with -f, that of objects that name none."
)
@click.option("-A", "--all-namespaces", is_flag=True, help="Read all namespaces of the cluster.")
@click.option("--from", "source", metavar="NS/SA", help="Ask one question: the caller's namespace and ServiceAccount.")
@click.option(
    "--to", "destination", metavar="NS/SA", help="The namespace and ServiceAccount of the pod that is called."
)
@click.option("--request", metavar="REQUEST", help="'GET /x', 'TCP 9000' or 'UDP 53'.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME:VALUE", help="Header of the request; may be repeated."
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of the pod that an HTTP request goes to (default: any that is granted).",
)
@click.option("--outside", is_flag=True, help="The caller is not in the mesh.")
@click.option("--mesh", metavar="NAME", help="Also show where this mesh is known to deviate.")
@click.option(
    "--mesh-profile",
    "files",
    metavar="FILE",
    multiple=True,
    type=_FILE,
    help="Profile of a further mesh; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--strict", is_flag=True, help="Exit status 1 when an object, or a part of one, grants nothing or has no effect."
)
def command(
    requirements: tuple[str, ...],
    paths: tuple[Path, ...],
    kubeconfig: Path | None,
    context: str | None,
    namespace: str | None,
    all_namespaces: bool,
    source: str | None,
    destination: str | None,
    request: str | None,
    headers: tuple[str, ...],
    port: int | None,
    outside: bool,
    mesh: str | None,
    files: tuple[Path, ...],
    as_json: bool,
    strict: bool,
) -> int:
    """Explain SMI objects: who may call what, how splits share, what grants nothing,
    what the specification leaves open.

    The objects are read from files or from a cluster, in any API version. What is said follows from the specification
    alone, not from what a mesh does with it; --mesh adds that. A requirement is shown by pytest-smi catalogue.

    \b
    Examples:
        pytest-smi explain -f manifests/
        pytest-smi explain -n shop
        pytest-smi explain -f policy.yaml --from shop/web --to shop/api --request 'GET /items' --header 'x-kind: a'
        pytest-smi explain -f policy.yaml --mesh osm --strict
    """
    of_cluster = (
        kubeconfig is not None or context is not None or all_namespaces or (namespace is not None and not paths)
    )
    if requirements:
        raise UsageProblem(
            f"explain reads SMI objects; {' '.join(requirements)} is no option",
            f"Show a requirement with pytest-smi catalogue {' '.join(requirements)}, name objects with -f PATH.",
        )
    if bool(paths) == of_cluster:
        known = "-f FILE_OR_FOLDER, or a cluster by --kubeconfig, --context, -n NAMESPACE or -A"
        raise UsageProblem(
            "there are two sources of objects" if paths else "there is nothing to explain", f"Give one of {known}."
        )
    if all_namespaces and namespace:
        raise UsageProblem("-n and -A exclude each other", "Give one of them.")
    question = (source, destination, request)
    if any(question) and not all(question):
        raise UsageProblem(
            "--from, --to and --request belong together", "Give all three, for example --request 'GET /x'."
        )
    if not any(question) and (headers or port or outside):
        raise UsageProblem(
            "--header, --port and --outside belong to a question", "Ask one with --from, --to and --request."
        )
    profile = _profile(mesh, files) if mesh else None
    world = _world(paths, kubeconfig, context, None if all_namespaces else namespace)
    if source and destination and request:
        document, lines = _answered(world, source, destination, request, headers, port, outside)
    else:
        document, lines = _overview(world)
    if profile is not None:
        from pytest_smi.cli.explain_json import facts_document
        from pytest_smi.cli.explain_mesh import facts
        from pytest_smi.cli.explain_text import fact_lines

        known_facts = facts(profile, world)
        document["mesh"] = facts_document(profile.name, known_facts)
        lines = [*lines, *fact_lines(profile.title, known_facts, width=_width())]
    click.echo(json.dumps(document, indent=2, ensure_ascii=False) if as_json else "\n".join(lines))
    return 1 if strict and _is_inert(world) else 0


def _profile(mesh: str, files: Sequence[Path]) -> Profile:
    from pytest_smi.profiles.registry import find_profile

    return find_profile(mesh, files)


def _world(paths: Sequence[Path], kubeconfig: Path | None, context: str | None, namespace: str | None) -> World:
    from pytest_smi.cli.explain_input import from_cluster, from_files
    from pytest_smi.oracle import read_objects

    if paths:
        return read_objects(from_files(paths), namespace=namespace or "default")
    from pytest_smi.cluster.connection import Connection

    connection = Connection(kubeconfig, context)
    try:
        return read_objects(from_cluster(connection, namespace), complete=True)
    finally:
        connection.close()


def _answered(
    world: World, source: str, destination: str, request: str, headers: tuple[str, ...], port: int | None, outside: bool
) -> tuple[dict[str, Any], list[str]]:
    from pytest_smi.cli.explain_json import decision_document
    from pytest_smi.cli.explain_text import decision_lines
    from pytest_smi.oracle import Request, decide
    from pytest_smi.oracle.grounds import grounds
    from pytest_smi.oracle.questions import read_call, read_workload

    try:
        call, called = read_call(request, headers)
        asked = Request(
            source=read_workload(source, world, member=not outside),
            destination=read_workload(destination, world),
            call=call,
            port=called if called is not None else port,
        )
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    decision = decide(world, asked)
    reasons = grounds(decision, asked, world)
    return decision_document(asked, decision, reasons), list(decision_lines(asked, decision, reasons, width=_width()))


def _overview(world: World) -> tuple[dict[str, Any], list[str]]:
    from pytest_smi.cli.explain_json import overview_document
    from pytest_smi.cli.explain_text import overview_lines
    from pytest_smi.oracle.findings import findings
    from pytest_smi.oracle.overview import grants, splittings

    parts = grants(world), splittings(world), findings(world)
    return overview_document(*parts), list(overview_lines(*parts, width=_width()))


def _is_inert(world: World) -> bool:
    from pytest_smi.oracle.findings import findings

    return any(finding.inert for finding in findings(world))


def _width() -> int:
    return min(max(shutil.get_terminal_size((120, 24)).columns, 80), 140)
