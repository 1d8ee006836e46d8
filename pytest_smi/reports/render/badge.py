"""Badges: badge.json, which shields.io's endpoint reads, and an SVG image of one mesh that needs no other site. Pure.

A badge is made from a verified matrix only (the caller sees to that), and turns grey once the oldest of the runs that
it covers is older than the age allowed: a green badge that nobody renews is worth nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from pytest_smi.core.canonical import canonical_bytes
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Matrix, Run
from pytest_smi.reports.render.wording import latest_runs, moment, visible

__all__ = ["badge_json", "badge_of", "badge_svg"]

_LONGEST = 40
_WIDTH = 6.6
"""Pixels of a letter of the image, on average."""
_FILLS = {"lightgrey": "#6e6e6e", "red": "#b3261e", "orange": "#a04c00", "brightgreen": "#1b6e3c"}
"""Colours of the image, on which white is legible."""


def badge_json(matrix: Matrix, *, now: datetime, max_age: timedelta | None) -> bytes:
    """Return the badge about the latest run of each mesh.

    `max_age`: beyond it the badge is grey and says so; None never.
    """
    return badge_of(latest_runs(matrix), now=now, max_age=max_age)


def badge_of(runs: Sequence[Run], *, now: datetime, max_age: timedelta | None) -> bytes:
    """Return the badge about these runs."""
    label, message, colour = _said(runs, now, max_age)
    return canonical_bytes({"schemaVersion": 1, "label": label, "message": message, "color": colour})


def badge_svg(run: Run, *, now: datetime | None, max_age: timedelta | None) -> str:
    """Return the badge of one mesh as an image."""
    label, message, colour = _said([run], now or datetime.now(UTC), max_age)
    left, right = (round(12 + _WIDTH * len(text)) for text in (label, message))
    texts = "".join(
        f'<text x="{x}" y="14" textLength="{round(_WIDTH * len(text))}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(text)}</text>"
        for x, text in ((6, label), (left + 6, message))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img">'
        f"<title>{escape(label)}: {escape(message)}</title>"
        f'<rect width="{left + right}" height="20" rx="3" fill="#555"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" fill="{_FILLS[colour]}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>'
    )


def _said(runs: Sequence[Run], now: datetime, max_age: timedelta | None) -> tuple[str, str, str]:
    """Label, message and colour."""
    finished = [moment(run.finished_at) for run in runs]
    known = [one.astimezone(UTC) for one in finished if one is not None]
    oldest = min(known).date().isoformat() if known else "unknown date"
    stale = max_age is not None and (len(known) < len(finished) or not known or now - min(known) > max_age)
    failed = sum(run.summary[Status.FAILED] for run in runs)
    good = sum(run.conformant for run in runs)
    if any(run.emulated is not None for run in runs):
        message, colour = f"emulation · {oldest}", "lightgrey"
    elif stale:
        message, colour = f"stale · {oldest}", "lightgrey"
    elif failed:
        message, colour = f"{failed} failed · {oldest}", "red"
    elif good < len(runs):
        message, colour = (
            (f"not conformant · {oldest}" if len(runs) == 1 else f"{good} of {len(runs)} conformant · {oldest}"),
            "orange",
        )
    else:
        passed = sum(run.summary[Status.PASSED] for run in runs)
        what = f"conformant · {passed} passed" if len(runs) == 1 else f"{good} meshes conformant"
        message, colour = f"{what} · {oldest}", "brightgreen"
    label = f"SMI · {_short(runs[0].name)}" if len(runs) == 1 else "SMI"
    return label, message, colour


def _short(text: str) -> str:
    clean = " ".join(visible(text).split())
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"
