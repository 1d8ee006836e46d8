"""`python -m tests.mutants`: the suite against random small changes of the reference mesh's deciding code.

    python -m tests.mutants --count 200 --seed 1            200 mutants, drawn by that seed
    python -m tests.mutants --count 200 --seed 1 --skip 60  the same without the first 60, which were run before
    python -m tests.mutants --only policy.py                those of one module
    python -m tests.mutants --list                          what would be drawn

Each mutant is first asked the requirements that the faults of its own module break, and one that survives them the
others of its APIs, then all others, then those of older versions where it reads such. It is killed when a requirement
fails, stopped when none does but the run cannot be finished (the mesh no longer works at all), and has survived when
every requirement holds. Exit status 1 when the healthy mesh does not pass: then nothing is measured.
"""

from __future__ import annotations

import argparse
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pytest_smi.reference.mesh.faults import FAULTS
from tests.mutants.deciding import DECIDING, OLDER, VERSIONED
from tests.mutants.mutate import Mutant, mutants
from tests.support.runs import read_run, suite_command

ROOT = Path(__file__).parents[2]
COPIED = ("pytest_smi", "conformance", "sample_app", "manifests")
DEADLINE = 600
"""Seconds after which a run is given up; the mutant counts as stopped."""
APIS = ("access", "specs", "split", "metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the suite said of one mutant: `word` is killed, stopped or survived, `by` the requirements."""

    word: str
    by: tuple[str, ...]


def main() -> int:
    """Draw, run, print; the exit status."""
    options = _parser().parse_args()
    drawn = draw(options.count, options.seed, options.only)[options.skip :]
    if options.list:
        for path, mutant in drawn:
            print(told(path, mutant))
        return 0
    with tempfile.TemporaryDirectory(prefix="smi-mutants-") as name:
        copies = [_copy(Path(name) / str(number)) for number in range(options.jobs)]
        if (healthy := _suite(copies[0])).word != "survived":
            print(f"the healthy mesh must pass, it was {healthy.word} by {', '.join(healthy.by) or 'nothing'}")
            return 1
        free: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for copy in copies:
            free.put(copy)
        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = list(pool.map(lambda one: _tried(free, *one), drawn))
    counts = {word: sum(one.word == word for one in outcomes) for word in ("killed", "stopped", "survived")}
    print("\nsurvivors, each to be judged in docs/proof.md:")
    for (path, mutant), outcome in zip(drawn, outcomes, strict=True):
        if outcome.word == "survived":
            print(f"  {told(path, mutant)}")
    noticed = counts["killed"] + counts["stopped"]
    print(
        f"{len(drawn)} mutants, seed {options.seed}: {counts['killed']} killed, {counts['stopped']} stopped, "
        f"{counts['survived']} survived; noticed {noticed / max(1, len(drawn)):.1%}"
    )
    return 0


def draw(count: int, seed: int, only: str = "") -> list[tuple[str, Mutant]]:
    """Draw mutants from all deciding modules alike, in the order of the draw."""
    everything = [
        (path, mutant)
        for path in sorted(DECIDING)
        if path.endswith(only)
        for mutant in mutants((ROOT / path).read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(everything, min(count, len(everything)))


def nearest(path: str) -> list[str]:
    """Return the requirements broken by faults that override what this module decides."""
    module = path.removesuffix(".py").replace("/", ".")
    return sorted(
        {
            requirement
            for fault in FAULTS.values()
            if any(base.__module__ == module for override in fault.overrides for base in override.__mro__)
            for requirement in fault.breaks
        }
    )


def told(path: str, mutant: Mutant) -> str:
    """Return a mutant on one line."""
    change = mutant.change
    return f"{path}:{mutant.line}: {change if len(change) <= 160 else change[:157] + '...'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description="The suite against small changes of the reference mesh."
    )
    parser.add_argument("--count", type=int, default=200, metavar="N", help="how many mutants (default 200)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what they are drawn by (default 1)")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave the first N of them out")
    parser.add_argument("--only", default="", metavar="NAME", help="only mutants of this module, as grants.py")
    parser.add_argument("--jobs", type=int, default=3, metavar="N", help="mutants at the same time (default 3)")
    parser.add_argument("--list", action="store_true", help="print what would be drawn, and run nothing")
    return parser


def _copy(folder: Path) -> Path:
    for name in COPIED:
        # Compiled files come along: their modules' times stay as they are.
        shutil.copytree(ROOT / name, folder / name)
    return folder


def _tried(free: queue.SimpleQueue[Path], path: str, mutant: Mutant) -> Outcome:
    """Run one mutant in a copy that nobody else uses meanwhile, and make the copy healthy again."""
    copy, began = free.get(), time.monotonic()
    try:
        (copy / path).write_text(mutant.text, encoding="utf-8")
        own = DECIDING[path].split(",")
        others = [api for api in APIS if api not in own]
        asked = [["-k", " or ".join(near)]] if (near := nearest(path)) else []
        asked += [[f"--smi-api={','.join(own)}"], [f"--smi-api={','.join(others)}"]]
        asked += [[f"--smi-version={versions}"] for versions in OLDER if path in VERSIONED]
        outcome = Outcome(word="survived", by=())
        while asked and outcome.word == "survived":
            outcome = _suite(copy, *asked.pop(0))
    finally:
        shutil.copy2(ROOT / path, copy / path)
        free.put(copy)
    by = f" by {', '.join(outcome.by[:3])}" if outcome.by else ""
    print(f"{outcome.word:8} {told(path, mutant)}{by} ({time.monotonic() - began:.0f} s)", flush=True)
    return outcome


def _suite(copy: Path, *chosen: str) -> Outcome:
    """Run the suite of a copy on its own mesh until a requirement fails; `chosen`: options that choose some of it."""
    with tempfile.TemporaryDirectory(prefix="smi-mutant-") as name:
        folder = Path(name)
        try:
            done = subprocess.run(
                suite_command(folder, "-x", "-n", "2", *chosen),
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(copy)},
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(word="stopped", by=())
        run = read_run(folder, done.returncode, done.stdout + done.stderr)
    if failed := run.requirements("failed"):
        return Outcome(word="killed", by=tuple(sorted(failed)))
    if done.returncode != 0:
        return Outcome(word="stopped", by=tuple(sorted(run.requirements("errored"))))
    return Outcome(word="survived", by=())


if __name__ == "__main__":
    sys.exit(main())
