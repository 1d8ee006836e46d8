"""`python -m tests.mutants`: the suite against random small changes of the reference mesh's deciding code.

    python -m tests.mutants --count 200 --seed 1            200 mutants, drawn by that seed
    python -m tests.mutants --notes mutants.jsonl           go on where a run with the same notes was cut short
    python -m tests.mutants --only policy.py                those of one module
    python -m tests.mutants --list                          what would be drawn

Each mutant is first asked the requirements that its module decides or that its faults break. Those that survive are
asked all others, up to three mutants in one run where their requirements tell them apart, else each by itself; then
those of older versions where a module reads such. A mutant is killed when a requirement fails, stopped when none does
but the run cannot be finished (the mesh no longer works at all), and has survived when every requirement holds. Exit
status 1 when the healthy mesh does not pass: then nothing is measured.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.asking import ROOT, Copies
from tests.mutants.crews import SURVIVED, Outcome, crews
from tests.mutants.deciding import DECIDING
from tests.mutants.mutate import mutants
from tests.mutants.notes import Notes
from tests.mutants.trial import Drawn, Trial, told


def main() -> int:
    """Draw, run, print; the exit status."""
    options = _parser().parse_args()
    drawn = draw(options.count, options.seed, options.only)
    if options.list:
        for path, mutant in drawn:
            print(told(path, mutant))
        return 0
    with tempfile.TemporaryDirectory(prefix="smi-mutants-") as name:
        trial = Trial(Copies(Path(name), options.jobs))
        notes = Notes(options.notes)
        healthy = notes.asked("all", "no change", lambda: trial.alone([], [["-n", "2"]]))
        if healthy.word != "survived":
            print(f"the healthy mesh must pass, it was {healthy.word} by {', '.join(healthy.by) or 'nothing'}")
            return 1
        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = _all(trial, pool, drawn, notes)
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


def draw(count: int, seed: int, only: str = "") -> list[Drawn]:
    """Draw mutants from all deciding modules alike, in the order of the draw."""
    everything = [
        (path, mutant)
        for path in sorted(DECIDING)
        if path.endswith(only)
        for mutant in mutants((ROOT / path).read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(everything, min(count, len(everything)))


def _all(trial: Trial, pool: ThreadPoolExecutor, drawn: Sequence[Drawn], notes: Notes) -> list[Outcome]:
    """Ask about all of them; what is noticed is printed at once, the survivors of each round as a number."""

    def ask(question: str, places: Sequence[int], answer: Callable[[Drawn], Outcome]) -> None:
        asked = pool.map(lambda at: notes.asked(question, keys[at], lambda: answer(drawn[at])), places)
        for at, outcome in zip(places, asked, strict=True):
            outcomes[at] = outcome

    def together(crew: Sequence[int]) -> None:
        for at, outcome in zip(crew, trial.together([drawn[at] for at in crew]), strict=True):
            if outcome is not None:
                notes.keep("all", keys[at], outcome)

    keys = [f"{path}:{mutant.line}:{mutant.number}: {mutant.change}" for path, mutant in drawn]
    outcomes = [SURVIVED for _ in drawn]
    ask("near", range(len(drawn)), trial.near)
    left = _left(outcomes, "the nearest requirements")
    new = [at for at in left if notes.known("all", keys[at]) is None]
    list(pool.map(together, [[new[at] for at in crew] for crew in crews([drawn[at][0] for at in new])]))
    ask("all", left, trial.rest)
    left = _left(outcomes, "all requirements of the newest versions")
    ask("older", left, trial.older)
    return outcomes


def _left(outcomes: Sequence[Outcome], what: str) -> list[int]:
    found = [at for at, outcome in enumerate(outcomes) if outcome.word == "survived"]
    print(f"{len(found)} of {len(outcomes)} survived {what}", flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description="The suite against small changes of the reference mesh."
    )
    parser.add_argument("--count", type=int, default=200, metavar="N", help="how many mutants (default 200)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what they are drawn by (default 1)")
    parser.add_argument("--notes", type=Path, metavar="FILE", help="keep the answers here, and do not ask again")
    parser.add_argument("--only", default="", metavar="NAME", help="only mutants of this module, as grants.py")
    parser.add_argument("--jobs", type=int, default=3, metavar="N", help="mutants at the same time (default 3)")
    parser.add_argument("--list", action="store_true", help="print what would be drawn, and run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
