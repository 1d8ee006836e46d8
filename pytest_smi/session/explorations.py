"""What the searches of a run found, on the controller's side: read from the workers' folder, written, and told."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_smi.core.printable import printable
from pytest_smi.errors import ReportError
from pytest_smi.explore.told import summary
from pytest_smi.explore.written import files_of
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.reports.layout import COUNTEREXAMPLES_FOLDER
from pytest_smi.reports.staging import replace_files

_PASSED, _FAILED, _ERRORED = 0, 1, 3


class Explorations:
    """A folder that workers write into while they search, and what was in it at the end; no folder without a search."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.found: dict[str, Exploration] = {}
        """By name of the run."""
        self.replays: dict[str, dict[str, Any]] = {}
        self.problems: list[str] = []

    @property
    def spool(self) -> Path:
        """Return the folder, made when it is first asked for."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="smi-explore-")
        return Path(self._folder.name)

    def read(self) -> None:
        """Read what the workers left, also those that were interrupted or lost."""
        for path in sorted(self.spool.glob("*.json")) if self._folder is not None else ():
            document = json.loads(path.read_text(encoding="utf-8"))
            name = document["mesh"]
            if "exploration" in document:
                self.found[name] = Exploration.from_json(document["exploration"])
            if "replay" in document:
                self.replays[name] = document["replay"]
            if document.get("problem"):
                self.problems.append(document["problem"])

    @property
    def status(self) -> int | None:
        """Return the exit status of a run without assertions, 1 when something was found; None: no search."""
        outcomes = [replay["outcome"] for replay in self.replays.values()]
        if not self.found and not outcomes:
            return None
        if any(one.counterexamples for one in self.found.values()) or "wrong" in outcomes:
            return _FAILED
        done = all(one.stopped in ("time", "count") for one in self.found.values())
        return _PASSED if done and all(outcome == "agrees" for outcome in outcomes) else _ERRORED

    def write(self, report: Path) -> None:
        """Write every counterexample into the report folder, in place of older ones. Raises ReportError.

        A replay leaves the folder as it is: it may be what was played.
        """
        if self.replays:
            return
        folder = report / COUNTEREXAMPLES_FOLDER
        numbered = [(name, run, one) for name, run in self.found.items() for one in run.counterexamples]
        several = len([run for run in self.found.values() if run.counterexamples]) > 1
        try:
            if folder.exists() and not folder.is_symlink():
                shutil.rmtree(folder)
            for name, run, one in numbered:
                place = f"{_safe(name)}-{one.number}" if several else str(one.number)
                where = f"{folder / place}"
                replace_files(folder / place, files_of(one, mesh=name, seed=run.seed, where=where))
        except OSError as error:
            raise ReportError(f"counterexamples cannot be written to {folder}: {error}", "Free space.") from None

    def lines(self, report: Path) -> Iterator[tuple[str, str]]:
        """Yield (style, line) for the terminal."""
        for name, run in self.found.items():
            if len(self.found) > 1:
                yield "title", printable(name)
            yield from summary(run, folder=str(report / COUNTEREXAMPLES_FOLDER))
        for name, replay in self.replays.items():
            style, text = _REPLAYED[replay["outcome"]]
            yield style, printable(f"{name}: {text}")
            for line in str(replay["table"]).splitlines():
                yield "plain", printable(line)

    def close(self) -> None:
        """Remove the workers' folder."""
        if self._folder is not None:
            self._folder.cleanup()


_REPLAYED = {
    "agrees": ("good", "the mesh does what the specification says"),
    "wrong": ("bad", "the counterexample still holds"),
    "unsettled": ("warn", "inconclusive: the mesh keeps changing its answers"),
}


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
