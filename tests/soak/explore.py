"""`python -m tests.soak.explore`: the search for counterexamples at length, on the reference mesh and on every persona.

    python -m tests.soak.explore --out explored --time 30m --persona reference      the healthy mesh
    python -m tests.soak.explore --out explored --time 5m                           that, and every persona

What a persona gets wrong on purpose, its expected matrix in tests/personas/expected names; a counterexample that
belongs to no requirement that fails or is inconclusive there is undeclared. Exit status 1 when there is one, or when
a search ended before its time.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_smi.cluster.embedded import EmbeddedCluster, persona_arguments
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.reference.mesh.personas import persona_names
from tests.personas.persona_runs import expected, quick_profile
from tests.soak.compare import undeclared
from tests.support.runs import read_run, suite_command

REFERENCE = "reference"
ITSELF = ("all-versions", REFERENCE)
"""Personas that are the reference mesh: what they get wrong is a mistake of ours."""


def main() -> int:
    """Search each, print what was found; the exit status."""
    options = _parser().parse_args()
    wrong = 0
    for name in options.persona or [REFERENCE, *persona_names()]:
        folder = options.out / name
        shutil.rmtree(folder, ignore_errors=True)  # an older report must not stand for a search that wrote none
        folder.mkdir(parents=True)
        started = time.monotonic()
        found = _search(name, folder, options.time, options.seed)
        if found is None:
            wrong += 1
            print(
                f"{name}: no result after {time.monotonic() - started:.0f} s; see {folder / 'output.txt'}", flush=True
            )
            continue
        left = undeclared(found, _declared(name))
        wrong += bool(left) or found.stopped not in ("time", "count", "enough")
        print(
            f"{name}: {found.worlds} worlds, {found.states} states, {found.requests:,} requests "
            f"in {found.seconds:.0f} s, {found.unsettled} unsettled; "
            f"{len(found.counterexamples)} counterexamples, {len(left)} undeclared ({found.stopped})",
            flush=True,
        )
        for one in found.counterexamples:
            mark = "undeclared" if one in left else "declared"
            print(f"  {mark}: {one.requirement or 'no requirement'}: {one.summary}", flush=True)
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.explore",
        description="The search for counterexamples, on meshes whose mistakes are known.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the reports")
    parser.add_argument("--time", default="5m", metavar="TIME", help="how long to search each (default 5m)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the random worlds (default 1)")
    parser.add_argument(
        "--persona",
        action="append",
        choices=[REFERENCE, *persona_names()],
        help=f"only this one (repeatable; {REFERENCE}: the healthy mesh)",
    )
    return parser


def _search(name: str, folder: Path, span: str, seed: int) -> Exploration | None:
    with _cluster(name, folder) as arguments:
        # A search alone writes no matrix, so one assertion goes with it.
        chosen = ["-k", "smi-exploration or TA-05 or SP-01", f"--smi-explore={span}", f"--smi-seed={seed}"]
        mesh = REFERENCE if name in ITSELF else name
        with open(folder / "output.txt", "w") as output:
            command = suite_command(folder, *chosen, *arguments, mesh=mesh)
            status = subprocess.run(
                command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False
            ).returncode
    document = read_run(folder, status, "").matrix
    found = document["runs"][0].get("exploration") if document else None
    return Exploration.from_json(found) if found else None


@contextmanager
def _cluster(name: str, folder: Path) -> Iterator[list[str]]:
    """The arguments that lead to the mesh: its kubeconfig, and its shipped profile at a persona's pace."""
    if name == REFERENCE:
        yield []
        return
    profile = [] if name in ITSELF else ["--mesh-profile", str(quick_profile(name, folder))]
    cluster = EmbeddedCluster(persona_arguments(name))
    try:
        yield [f"--kubeconfig={cluster.kubeconfig}", *profile]
    finally:
        cluster.stop()


def _declared(name: str) -> set[str]:
    """The requirements that the persona is expected to fail, or to leave inconclusive."""
    known = {} if name in ITSELF else expected(name)
    return {requirement for requirement, entry in known.items() if entry["status"] in ("failed", "errored")}


if __name__ == "__main__":
    sys.exit(main())
