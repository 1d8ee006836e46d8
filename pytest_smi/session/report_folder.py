"""Which folder a run writes its report to, held for the run: a partial run never writes where the report
of a whole one is.

Nothing is lost: an older report is moved aside before a new one is written,
and a run that writes none leaves the folder as it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from pytest_smi.errors import ReportError, UsageProblem
from pytest_smi.reports.layout import (
    CATALOGUE_FILE,
    COUNTEREXAMPLES_FOLDER,
    DERIVED_FILES,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    KEY_FILE,
    MATRIX_FILE,
    SCHEMA_FILE,
)
from pytest_smi.reports.write import claim_folder

_OURS = DERIVED_FILES | {
    MATRIX_FILE,
    CATALOGUE_FILE,
    ENVELOPES_FILE,
    KEY_FILE,
    SCHEMA_FILE,
    EVIDENCE_FOLDER,
    COUNTEREXAMPLES_FOLDER,
}
_STAGING = ".smi-staging-"


class ReportFolder:
    """The folder that `--smi-report` names, or for a partial run the one beside it; `replace`:
    write over an older report."""

    def __init__(self, named: Path, *, replace: bool) -> None:
        self._named, self._replace = named, replace
        self._claims = ExitStack()
        self.path = named
        """Where this run writes."""

    def claim(self, *, partial: bool) -> None:
        """Hold the folder of a whole or of a partial run, in place of what was held before.

        Raises ReportError or UsageProblem.
        """
        path = self._named.with_name(f"{self._named.absolute().name}-partial") if partial else self._named
        self.release()
        self.path = path
        if not partial:
            self._refuse_what_cannot_be_moved()
        _refuse_foreign(path)
        self._claims.enter_context(_untouched(path))
        self._claims.enter_context(claim_folder(path))

    def make_room(self) -> Path | None:
        """Move an older report of a whole run aside, and return where it is now; None when there is none,
        or it is to be replaced.

        Raises ReportError.
        """
        if self.path != self._named or not self._movable():
            return None
        aside = next(
            path
            for number in count(1)
            if not os.path.lexists(path := self.path.with_name(f"{self.path.absolute().name}.{number}"))
        )
        self._claims.close()
        try:
            self.path.rename(aside)
        except OSError as error:
            raise ReportError(
                f"the older report {self.path} cannot be moved to {aside}: {error.strerror}",
                "Move it, or add --smi-report-replace.",
            ) from None
        self._claims.enter_context(_untouched(self.path))
        self._claims.enter_context(claim_folder(self.path))
        return aside

    def release(self) -> None:
        """Let the folder go; one that was made for this run and holds nothing is removed."""
        self._claims.close()

    def _movable(self) -> bool:
        return not self._replace and (self.path / MATRIX_FILE).exists()

    def _refuse_what_cannot_be_moved(self) -> None:
        fixed = os.path.ismount(self.path) or not os.access(self.path.absolute().parent, os.W_OK)
        if self._movable() and fixed:
            raise UsageProblem(
                f"{self.path} holds a report and cannot be moved aside",
                "Add --smi-report-replace, or give another folder with --smi-report=DIR.",
            )


@contextmanager
def _untouched(path: Path) -> Iterator[None]:
    made = [folder for folder in (path / EVIDENCE_FOLDER, path) if not os.path.lexists(folder)]
    try:
        yield
    finally:
        for folder in made:
            with suppress(OSError):  # it is not empty: the report was written
                folder.rmdir()


def _refuse_foreign(path: Path) -> None:
    names = sorted(entry.name for entry in os.scandir(path)) if path.is_dir() else []
    foreign = [name for name in names if name not in _OURS and not name.startswith(_STAGING)]
    if foreign:
        listed = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
        raise UsageProblem(
            f"a report folder holds nothing but a report, or it could not be verified; {path} also holds {listed}",
            "Give another folder with --smi-report=DIR.",
        )
