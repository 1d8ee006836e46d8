"""What a check found: its level, a sentence and the remedy; and the lines and the JSON made of findings. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a finding bears on a run."""

    OK = "ok"
    WARNING = "warning"
    """A run is possible; its results may be narrower, slower or in need of an explanation."""
    PROBLEM = "problem"
    """A run would say nothing about the mesh: it is not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor."""

    check: str
    level: Level
    found: str
    remedy: str = ""
    """What to do about it; empty exactly when the level is ok."""

    def to_json(self) -> dict[str, str]:
        """Return built-in types only."""
        return {"check": self.check, "level": str(self.level), "found": self.found, "remedy": self.remedy}


def ok(check: str, found: str) -> Finding:
    """Return a finding with nothing to do."""
    return Finding(check=check, level=Level.OK, found=found)


def warning(check: str, found: str, remedy: str) -> Finding:
    """Return a finding with which a run is possible all the same."""
    return Finding(check=check, level=Level.WARNING, found=found, remedy=remedy)


def problem(check: str, found: str, remedy: str) -> Finding:
    """Return a finding with which a run would say nothing about the mesh."""
    return Finding(check=check, level=Level.PROBLEM, found=found, remedy=remedy)


def of_level(findings: Sequence[Finding], level: Level) -> list[Finding]:
    """Return the findings of one level, in their order."""
    return [finding for finding in findings if finding.level is level]


def lines(findings: Sequence[Finding], *, width: int = 120) -> Iterator[tuple[Level, str]]:
    """Yield each finding as lines for a terminal, with the level that colours them;
    a remedy stands under what was found."""
    longest = max((len(finding.check) for finding in findings), default=0)
    for finding in findings:
        lead = f"  {finding.level:<8} {finding.check:<{longest}}  "
        yield from ((finding.level, line) for line in _wrapped(lead, finding.found, width))
        if finding.remedy:
            yield from ((finding.level, line) for line in _wrapped(" " * len(lead) + "fix: ", finding.remedy, width))


def conclusion(findings: Sequence[Finding]) -> str:
    """Say in one line what follows."""
    problems, warnings = len(of_level(findings, Level.PROBLEM)), len(of_level(findings, Level.WARNING))
    counted = [
        f"{number} {word}{'s' if number > 1 else ''}"
        for number, word in ((problems, "problem"), (warnings, "warning"))
        if number
    ]
    if problems:
        return f"{', '.join(counted)}: a run would not be begun"
    return f"{', '.join(counted) or 'no problems found'}: ready for a run"


def _wrapped(lead: str, text: str, width: int) -> list[str]:
    flat = " ".join(text.split())
    room = max(width, len(lead) + 30)
    return textwrap.wrap(
        flat,
        room,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead.rstrip()]
