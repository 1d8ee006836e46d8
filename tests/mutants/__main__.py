"""`python -m tests.mutants`: the suite against random small changes of the reference mesh's deciding code.

    python -m tests.mutants --count 200 --seed 1            200 mutants, drawn by that seed
    python -m tests.mutants --count 200 --seed 1 --skip 60  the same without the first 60, which were run before
    python -m tests.mutants --only policy.py                those of one module
    python -m tests.mutants --list                          what would be drawn

Each mutant is first asked the requirements that the faults of its own module break. Those that survive are asked all
others, up to three mutants in one run where their requirements tell them apart, else each by itself; then those of
older versions where a module reads such. A mutant is killed when a requirement fails, stopped when none does but the
run cannot be finished (the mesh no longer works at all), and has survived when every requirement holds. Exit status 1
when the healthy mesh does not pass: then nothing is measured.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pytest_smi.reference.mesh.faults import FAULTS
from tests.mutants.asking import ROOT, Copies, ask
from tests.mutants.crews import Outcome, crews, told_apart
from tests.mutants.deciding import DECIDING, OLDER, VERSIONED
from tests.mutants.mutate import Mutant, mutants

APIS = ("access", "specs", "split", "metrics")
Drawn = tuple[str, Mutant]
"""A module's path, and what is changed in it."""
SURVIVED = Outcome(word="survived")


def main() -> int:
    """Draw, run, print; the exit status."""
    options = _parser().parse_args()
    drawn = draw(options.count, options.seed, options.only)[options.skip :]
    if options.list:
        for path, mutant in drawn:
            print(told(path, mutant))
        return 0
    with tempfile.TemporaryDirectory(prefix="smi-mutants-") as name:
        trial = Trial(Copies(Path(name), options.jobs))
        if (healthy := trial.alone([], [[]])).word != "survived":
            print(f"the healthy mesh must pass, it was {healthy.word} by {', '.join(healthy.by) or 'nothing'}")
            return 1
        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = _all(trial, pool, drawn)
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


class Trial:
    """Asks the suite about mutants, by themselves and together, and tells what it said."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    def near(self, one: Drawn) -> Outcome:
        """Ask the nearest requirements."""
        near = nearest(one[0])
        return self._told(one, [["-k", " or ".join(near)]]) if near else SURVIVED

    def together(self, crew: Sequence[Drawn]) -> list[Outcome | None]:
        """Ask everything about several at once; None: what failed may be anybody's."""
        paths = [path for path, _ in crew]
        with self._copies.changed({path: mutant.text for path, mutant in crew}) as copy:
            run = ask(copy)
        if run is None or (run.status != 0 and not run.requirements("failed", "errored")):
            return [None for _ in crew]
        found = told_apart(paths, run.requirements("failed"), run.requirements("errored"))
        for one, outcome in zip(crew, found, strict=True):
            if outcome is not None and outcome.word != "survived":
                _print(one, outcome)
        return found

    def rest(self, one: Drawn) -> Outcome:
        """Ask everything, the module's own APIs first."""
        own = DECIDING[one[0]].split(",")
        others = [api for api in APIS if api not in own]
        return self._told(one, [[f"--smi-api={','.join(own)}"], [f"--smi-api={','.join(others)}"]])

    def older(self, one: Drawn) -> Outcome:
        """Ask about older versions, where the module reads such."""
        return self._told(one, [[f"--smi-version={versions}"] for versions in OLDER if one[0] in VERSIONED])

    def alone(self, changed: Sequence[Drawn], questions: Sequence[Sequence[str]]) -> Outcome:
        """Ask one question after the other until a requirement fails."""
        with self._copies.changed({path: mutant.text for path, mutant in changed}) as copy:
            for chosen in questions:
                run = ask(copy, "-x", *chosen)
                if run is None:
                    return Outcome(word="stopped")
                if failed := run.requirements("failed"):
                    return Outcome(word="killed", by=tuple(sorted(failed)))
                if run.status != 0:
                    return Outcome(word="stopped", by=tuple(sorted(run.requirements("errored"))))
        return SURVIVED

    def _told(self, one: Drawn, questions: Sequence[Sequence[str]]) -> Outcome:
        began = time.monotonic()
        outcome = self.alone([one], questions)
        if outcome.word != "survived":
            _print(one, outcome, f" ({time.monotonic() - began:.0f} s)")
        return outcome


def _all(trial: Trial, pool: ThreadPoolExecutor, drawn: Sequence[Drawn]) -> list[Outcome]:
    """Ask about all of them; what is noticed is printed at once, the survivors of each round as a number."""
    outcomes = list(pool.map(trial.near, drawn))
    left = _left(outcomes, "the nearest requirements")
    groups = [[left[at] for at in crew] for crew in crews([drawn[at][0] for at in left])]
    unclear: list[int] = []
    for group, found in zip(
        groups, pool.map(lambda one: trial.together([drawn[at] for at in one]), groups), strict=True
    ):
        for at, outcome in zip(group, found, strict=True):
            outcomes[at] = outcome or SURVIVED
            unclear += [at] if outcome is None else []
    for at, outcome in zip(unclear, pool.map(lambda at: trial.rest(drawn[at]), unclear), strict=True):
        outcomes[at] = outcome
    left = _left(outcomes, "all requirements of the newest versions")
    for at, outcome in zip(left, pool.map(lambda at: trial.older(drawn[at]), left), strict=True):
        outcomes[at] = outcome
    return outcomes


def _left(outcomes: Sequence[Outcome], what: str) -> list[int]:
    found = [at for at, outcome in enumerate(outcomes) if outcome.word == "survived"]
    print(f"{len(found)} of {len(outcomes)} survived {what}", flush=True)
    return found


def _print(one: Drawn, outcome: Outcome, after: str = "") -> None:
    by = f" by {', '.join(outcome.by[:3])}" if outcome.by else ""
    print(f"{outcome.word:8} {told(*one)}{by}{after}", flush=True)


def draw(count: int, seed: int, only: str = "") -> list[Drawn]:
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


if __name__ == "__main__":
    sys.exit(main())
