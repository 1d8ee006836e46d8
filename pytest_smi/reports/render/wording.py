"""The words that every rendering shares: names of APIs and levels, the latest run of each mesh, safe pieces of text.

Pure.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.matrix import Entry, Matrix, Run

__all__ = [
    "API_TITLES",
    "LEVEL_TITLES",
    "STATUS_TITLES",
    "conformance_word",
    "counts_text",
    "data_url",
    "latest_runs",
    "moment",
    "notes_of",
    "requirement_order",
    "run_label",
    "runs_by_mesh",
    "visible",
]

API_TITLES: dict[Api, str] = {
    Api.ACCESS: "Traffic Access Control",
    Api.SPECS: "Traffic Specs",
    Api.SPLIT: "Traffic Split",
    Api.METRICS: "Traffic Metrics",
}
LEVEL_TITLES: dict[Level, str] = {
    Level.MUST: "Required by the text",
    Level.DERIVED: "Required, derived from examples and schemas",
    Level.SHOULD: "Recommended",
    Level.UNSPECIFIED: "Left open by the specification",
}
STATUS_TITLES: dict[Status, str] = {
    Status.PASSED: "the requirement was met, with a control at the same time",
    Status.FAILED: "the mesh broke the requirement",
    Status.ERRORED: "inconclusive: a control failed, or the cluster or the harness did",
    Status.UNSUPPORTED: "not claimed by the mesh or not served by the cluster",
    Status.SKIPPED: "skipped by option",
    Status.OBSERVED: "the specification allows several readings",
}


def runs_by_mesh(matrix: Matrix) -> dict[str, tuple[Run, ...]]:
    """Return name of the mesh (with the variant, where several versions were run) → its runs, the latest first;
    in order of their names."""
    grouped: defaultdict[str, list[Run]] = defaultdict(list)
    for run in matrix.runs:
        grouped[run.name].append(run)
    return {
        name: tuple(sorted(grouped[name], key=lambda run: (run.finished_at, run.nonce), reverse=True))
        for name in sorted(grouped)
    }


def latest_runs(matrix: Matrix) -> tuple[Run, ...]:
    """Return the latest run of each mesh, in order of the meshes' names."""
    return tuple(runs[0] for runs in runs_by_mesh(matrix).values())


def run_label(run: Run) -> str:
    """Return mesh and version, for people: `reference 0.1.0`, with the variant if there is one."""
    return " ".join(filter(None, (run.mesh.name, run.mesh.version, run.variant)))


def notes_of(run: Run) -> list[str]:
    """Return what the run says of its API versions beside its results."""
    notes = run.options.get("notes")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def conformance_word(run: Run) -> str:
    """Return whether the run is conformant, in words; an emulation is never taken for the mesh."""
    if run.emulated is not None:
        return "emulation, not the mesh itself"
    return "conformant" if run.conformant else "not conformant"


def counts_text(entries: Iterable[Entry]) -> str:
    """Return how many entries have which status: `1 passed, 2 failed`."""
    listed = list(entries)
    return ", ".join(
        f"{count} {status}" for status in Status if (count := sum(entry.status is status for entry in listed))
    )


def requirement_order(requirement: str) -> tuple[str, int, str]:
    """Return sort key: prefix, then number as a number, so that TA-9 comes before TA-10."""
    found = re.fullmatch(r"(.*?)([0-9]{1,9})", requirement)
    return (found[1], int(found[2]), "") if found else (requirement, 0, requirement)


def moment(text: str) -> datetime | None:
    """Return a date of the matrix as a point in time, or None when it is not one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def data_url(kind: str, text: str) -> str:
    """Return an address that holds the text itself."""
    return f"data:{kind};charset=utf-8,{quote(text, safe='')}"


def visible(text: str) -> str:
    """Return the text without characters that XML forbids and terminals obey:
    control characters become the replacement character."""
    return re.sub("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text.replace("\r\n", "\n"))
