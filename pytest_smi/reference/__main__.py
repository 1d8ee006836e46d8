"""`python -m pytest_smi.reference serve|faults|personas`: the command line of the embedded cluster (contract 4
of docs/contracts.md)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(
        prog="python -m pytest_smi.reference", description="The embedded cluster and the reference mesh."
    )
    commands = top.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve", help="run a cluster until standard input ends; prints one JSON line when it is ready"
    )
    serve.add_argument("--fault", metavar="NAME[,NAME...]", help="make the reference mesh wrong in these ways")
    serve.add_argument(
        "--persona",
        metavar="NAME[@PACE]",
        help="let the reference mesh pass itself off as this mesh; NAME@1: at its pace",
    )
    serve.add_argument("--cluster-fault", metavar="NAME", help="break the embedded cluster in this way")
    serve.add_argument("--no-mesh", action="store_true", help="install the SMI kinds, but no mesh")
    serve.add_argument(
        "--image", action="append", default=[], metavar="REF=SPEC", help="an image, as a JSON record (repeatable)"
    )
    serve.add_argument(
        "--state-dir",
        required=True,
        type=Path,
        metavar="DIR",
        help="folder for the cluster's files; empty or new, removed at the end",
    )
    commands.add_parser("faults", help="print the faults as JSON")
    commands.add_parser("personas", help="print the personas as JSON")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a sub-command; the exit status."""
    options = parser().parse_args(argv)
    # Imported here, so that --help and mistakes in the command line are answered at once.
    from pytest_smi.reference import fault_table, serve
    from pytest_smi.reference.mesh.personas import persona_records
    from pytest_smi.reference.serve_options import ServeOptions

    if options.command == "faults":
        sys.stdout.write(json.dumps(fault_table.fault_records(), indent=1) + "\n")
        return 0
    if options.command == "personas":
        sys.stdout.write(json.dumps(persona_records(), indent=1) + "\n")
        return 0
    return serve.serve(
        ServeOptions(
            faults=tuple(options.fault.split(",")) if options.fault is not None else (),
            cluster_fault=options.cluster_fault,
            mesh=not options.no_mesh,
            persona=options.persona,
            images=tuple(options.image),
            state_dir=options.state_dir,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
