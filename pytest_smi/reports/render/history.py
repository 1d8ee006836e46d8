"""The versions of each mesh, and what changed from one to the next. Pure.

A run becomes a string with a letter for each requirement, in the order of the page; two runs are compared letter by
letter. What was tested is what passed, failed or errored: the share that passed is of that.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Entry, Run
from pytest_smi.reports.render.page_records import Past
from pytest_smi.reports.render.wording import visible

__all__ = ["LETTERS", "NO_RESULT", "WORST", "by_requirement", "history_of", "keys_of", "worst_of"]

WORST = (Status.FAILED, Status.ERRORED, Status.SKIPPED, Status.UNSUPPORTED, Status.OBSERVED, Status.PASSED)
"""Of several results of a requirement, the first of these that is among them speaks for it."""
LETTERS = {status: status.value[0] for status in Status}
"""Each status begins with a letter of its own."""
NO_RESULT = "."
_GOOD = LETTERS[Status.PASSED] + LETTERS[Status.OBSERVED]
_BAD = LETTERS[Status.FAILED] + LETTERS[Status.ERRORED]


def history_of(runs: Sequence[Run], keys: Mapping[str, str], requirements: Sequence[str]) -> tuple[Past, ...]:
    """Return the runs of a mesh with what changed. `runs`: the latest first. `keys`: nonce → key, see `keys_of`."""
    letters = [_letters(run, requirements) for run in runs]
    return tuple(
        _past(run, keys[run.nonce], requirements, own, letters[number + 1] if number + 1 < len(runs) else None)
        for number, (run, own) in enumerate(zip(runs, letters, strict=True))
    )


def keys_of(runs: Iterable[Run]) -> dict[str, str]:
    """Return how links name each run, by its nonce: MESH@VERSION, and when that was tested more than once, for all but
    the latest with the time as well."""
    ordered = sorted(runs, key=lambda run: (run.finished_at, run.nonce), reverse=True)
    taken: Counter[str] = Counter()
    found: dict[str, str] = {}
    for run in ordered:
        key = visible(f"{run.name}@{run.mesh.version}" if run.mesh.version else run.name)
        taken[key] += 1
        if taken[key] > 1:
            key = visible(f"{key}@{run.finished_at}")
            taken[key] += 1
            key += f"~{taken[key]}" if taken[key] > 1 else ""
        found[run.nonce] = key
    return found


def by_requirement(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return the results of each requirement."""
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.requirement, []).append(entry)
    return grouped


def worst_of(entries: Iterable[Entry]) -> Status | None:
    """Return the status that speaks for these results, None for no result."""
    found = {entry.status for entry in entries}
    return next((status for status in WORST if status in found), None)


def _letters(run: Run, requirements: Sequence[str]) -> str:
    found = {name: worst_of(entries) for name, entries in by_requirement(run.results).items()}
    return "".join(LETTERS[status] if (status := found.get(name)) else NO_RESULT for name in requirements)


def _past(run: Run, key: str, requirements: Sequence[str], own: str, before: str | None) -> Past:
    better, worse, other, was = [], [], [], {}
    for name, now, then in zip(requirements, own, before or own, strict=True):
        if now == then:
            continue
        was[name] = then
        if now in _BAD and then not in _BAD:
            worse.append(name)
        elif now in _GOOD and then in _BAD:
            better.append(name)
        elif then == LETTERS[Status.PASSED]:
            # It was shown to be met, and is not any more.
            worse.append(name)
        elif now == LETTERS[Status.PASSED]:
            better.append(name)
        else:
            other.append(name)
    return Past(
        run=run,
        key=key,
        passed=run.summary[Status.PASSED],
        tested=sum(run.summary[status] for status in (Status.PASSED, Status.FAILED, Status.ERRORED)),
        statuses=own,
        first=before is None,
        better=tuple(better),
        worse=tuple(worse),
        other=tuple(other),
        before=was,
    )
