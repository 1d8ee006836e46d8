"""Ask the suite about mutants, by themselves and together, and tell what it said."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pytest_smi.reference.mesh.faults import FAULTS
from tests.mutants.asking import Copies, ask
from tests.mutants.crews import SURVIVED, Outcome, told_apart
from tests.mutants.deciding import DECIDING, DRAFT, FIRST, OLDER, VERSIONED
from tests.mutants.mutate import Mutant

APIS = ("access", "specs", "split", "metrics")
Drawn = tuple[str, Mutant]
"""A module's path, and what is changed in it."""


class Trial:
    """Asks the suite about mutants, by themselves and together, and tells what it said."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    def near(self, one: Drawn) -> Outcome:
        """Ask the nearest requirements."""
        versions = [f"--smi-version={DRAFT[one[0]]}"] if one[0] in DRAFT else []
        return self._told(one, [[*versions, "-k", " or ".join(nearest(one[0]))]])

    def together(self, crew: Sequence[Drawn]) -> list[Outcome | None]:
        """Ask everything about several at once; None: what failed may be anybody's."""
        paths = [path for path, _ in crew]
        with self._copies.changed({path: mutant.text for path, mutant in crew}) as copy:
            run = ask(copy, "-n", "2")
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
        return self._told(one, [["-n", "2", f"--smi-api={','.join(apis)}"] for apis in (own, others)])

    def older(self, one: Drawn) -> Outcome:
        """Ask about older versions, where the module reads such."""
        apis = DECIDING[one[0]].split(",") if one[0] in VERSIONED else []
        asked = [question for api in apis for question in OLDER[api]]
        return self._told(one, [["-n", "2", f"--smi-version={versions}", f"--smi-api={of}"] for versions, of in asked])

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


def nearest(path: str) -> list[str]:
    """Return the requirements broken by faults that override what this module decides, or that it decides as said."""
    module = path.removesuffix(".py").replace("/", ".")
    return sorted(
        {
            requirement
            for fault in FAULTS.values()
            if any(base.__module__ == module for override in fault.overrides for base in override.__mro__)
            for requirement in fault.breaks
        }.union(FIRST.get(path, "").split())
    )


def told(path: str, mutant: Mutant) -> str:
    """Return a mutant on one line."""
    change = mutant.change
    return f"{path}:{mutant.line}: {change if len(change) <= 160 else change[:157] + '...'}"


def _print(one: Drawn, outcome: Outcome, after: str = "") -> None:
    by = f" by {', '.join(outcome.by[:3])}" if outcome.by else ""
    print(f"{outcome.word:8} {told(*one)}{by}{after}", flush=True)
