"""`python -m tests.soak`: whole runs of healthy meshes under load; a verdict that differs is kept with its evidence.

    python -m tests.soak --out soak --runs 60                                  the reference mesh
    python -m tests.soak --out soak --runs 10 --persona osm                    an emulation, at the pace of its mesh
    python -m tests.soak --out soak --runs 10 --mesh osm --kubeconfig FILE     a real mesh

A third of the runs has no other load, a third one busy loop beside it, a third two.
Exit status 1 when any verdict differed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_smi.cluster.embedded import EmbeddedCluster, persona_arguments
from tests.soak.compare import Verdicts, bound, differences
from tests.support.runs import suite_command

LOADS = (0, 1, 2)
DEADLINE = 3600
"""Seconds after which one run is given up."""


def main() -> int:
    """Run, compare, print the figures; the exit status."""
    options = _parser().parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    runs: dict[str, Verdicts] = {}
    for number in range(options.runs):
        load = LOADS[number % len(LOADS)]
        name = f"run-{number:03}-load-{load}"
        started = time.monotonic()
        runs[name] = _one(options, options.out / name, load)
        print(f"{name}: {len(runs[name])} results in {time.monotonic() - started:.0f} s", flush=True)
    found = differences(runs)
    wrong = {difference.run for difference in found}
    for name in runs.keys() - wrong:
        shutil.rmtree(options.out / name, ignore_errors=True)
    for difference in found:
        print(f"{difference.run}: {difference.requirement} {difference.seen}, in other runs {difference.usual}")
    print(
        f"{len(runs)} runs, {len(wrong)} with a verdict that differs: at most {bound(len(runs), len(wrong)):.1%} of "
        "runs (95 %)"
    )
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description="Whole runs of a healthy mesh, whose verdicts must all be the same."
    )
    parser.add_argument("--runs", type=int, default=60, metavar="N", help="how many runs (default 60)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder that keeps the runs that differ")
    parser.add_argument("--persona", metavar="NAME", help="the emulation of this mesh, at the pace of the mesh")
    parser.add_argument(
        "--mesh", default="reference", metavar="NAME", help="a real mesh, with --kubeconfig (default: reference)"
    )
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="cluster of the real mesh")
    parser.add_argument("--workers", default="2", metavar="N", help="pytest-xdist workers (default 2)")
    parser.add_argument("-k", dest="chosen", default="", metavar="EXPRESSION", help="only these requirements")
    return parser


def _one(options: argparse.Namespace, folder: Path, load: int) -> Verdicts:
    folder.mkdir(exist_ok=True)
    report = folder / "smi-report"
    arguments = ["-n", options.workers, *(["-k", options.chosen] if options.chosen else [])]
    with _busy(load), _cluster(options) as (mesh, kubeconfig):
        where = [f"--kubeconfig={kubeconfig}"] if kubeconfig else []
        command = suite_command(folder, f"--smi-report={report}", *where, *arguments, mesh=mesh)
        with open(folder / "output.txt", "w") as output:
            subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)
    matrices = sorted(folder.glob("*/matrix.json"))
    if not matrices:
        return {}
    (run,) = json.loads(matrices[0].read_text())["runs"]
    return {result["requirement"]: _verdict(result) for result in run["results"]}


def _verdict(result: dict[str, Any]) -> str:
    return f"{result['status']} ({result['reading']})" if result.get("reading") else str(result["status"])


@contextmanager
def _cluster(options: argparse.Namespace) -> Iterator[tuple[str, Path | None]]:
    """The name of the mesh, and the cluster on which it runs."""
    if not options.persona:
        yield options.mesh, options.kubeconfig
        return
    cluster = EmbeddedCluster(persona_arguments(f"{options.persona}@1"))
    try:
        yield options.persona, cluster.kubeconfig
    finally:
        cluster.stop()


@contextmanager
def _busy(loops: int) -> Iterator[None]:
    """That many processes that compute for nothing."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
