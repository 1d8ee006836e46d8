"""badge.json: what shields.io's endpoint reads, with its keys and no other. Pure.

A badge is made from a verified matrix only (the caller sees to that), and turns grey once the oldest of the runs that
it covers is older than the age allowed: a green badge that nobody renews is worth nothing.
"""

from datetime import UTC, datetime, timedelta

from pytest_smi.core.canonical import canonical_bytes
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.wording import latest_runs, moment, visible

__all__ = ["badge_json"]

_LONGEST = 40


def badge_json(matrix: Matrix, *, now: datetime, max_age: timedelta | None) -> bytes:
    """Return the badge about the latest run of each mesh.

    `max_age`: beyond it the badge is grey and says so; None never.
    """
    runs = latest_runs(matrix)
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
    return canonical_bytes({"schemaVersion": 1, "label": label, "message": message, "color": colour})


def _short(text: str) -> str:
    clean = " ".join(visible(text).split())
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"
