"""What was found out about mutants, kept as it comes: a run that was cut short goes on from there. Thin I/O."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from tests.mutants.crews import Outcome

_Key = tuple[str, str]


class Notes:
    """Outcomes per question and mutant; JSON lines in `path`, or nowhere for None.

    They hold for one state of the suite and the mesh: whoever changes either begins a new file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[_Key, Outcome] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    told = json.loads(line)
                except ValueError:  # cut short while it was written: asked again
                    continue
                self._known[told["question"], told["mutant"]] = Outcome(word=told["word"], by=tuple(told["by"]))

    def known(self, question: str, mutant: str) -> Outcome | None:
        """Return what the question was answered with before; None: it was not asked."""
        return self._known.get((question, mutant))

    def keep(self, question: str, mutant: str, outcome: Outcome) -> None:
        """Write down an answer."""
        with self._lock:
            self._known[question, mutant] = outcome
            if self._path is not None:
                line = {"question": question, "mutant": mutant, "word": outcome.word, "by": outcome.by}
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")

    def asked(self, question: str, mutant: str, ask: Callable[[], Outcome]) -> Outcome:
        """Return what is known, else ask and keep the answer."""
        known = self.known(question, mutant)
        if known is None:
            known = ask()
            self.keep(question, mutant, known)
        return known
