"""Evidence as the page embeds it: bounded in size, and said once however many results share it. Pure.

Assertions that judge a shared scenario each carry its whole timeline, so events and manifests go into pools and results
refer to them by index. What does not fit is left out and counted; the whole is always in the evidence file.
"""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from pytest_smi.core.canonical import parse_json
from pytest_smi.reports.render.failure_calls import calls_of
from pytest_smi.reports.render.loosely import mappings

__all__ = ["EvidencePool"]

_LARGEST_TOTAL = 4_000_000
"""Characters that the pools may hold together."""
_MOST_EVENTS = 600
_MOST_MANIFESTS = 60
_MOST_CALLS = 200
_LONGEST_VALUE = 1_200
_LONGEST_MANIFEST = 8_000
_DEEPEST = 4
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's where PyYAML was built with it: ten times as fast, and a report has hundreds of manifests."""
_NOT_DETAILS = frozenset({"at", "event", "timeline", "claims"})
"""Keys of an event that are shown in another way: its claims are the table of calls."""


class EvidencePool:
    """Collects events and manifests; `events` and `manifests` go into the page's document as they are."""

    def __init__(self, largest: int = _LARGEST_TOTAL) -> None:
        self.events: list[dict[str, Any]] = []
        self.manifests: list[dict[str, str]] = []
        self._indices: dict[str, int] = {}
        self._left = largest

    def add(self, data: bytes) -> dict[str, Any] | None:
        """Return what a result's panel shows of this evidence file,
        or None when it is not one of ours (a page must not fail for that)."""
        try:
            document = parse_json(data)
        except ValueError:
            return None
        if not isinstance(document, dict):
            return None
        shown: dict[str, Any] = {"events": [], "manifests": [], "calls": [], "more": 0}
        for number, (at, depth, event) in enumerate(_flat(document.get("timeline"))):
            index = (
                self._put(self.events, event, f"e{json.dumps(event, sort_keys=True)}")
                if number < _MOST_EVENTS
                else None
            )
            if index is None:
                shown["more"] += 1
            else:
                shown["events"].append([at, depth, index])
        shown["calls"] = _calls(document.get("timeline"))
        manifests = document.get("manifests")
        for manifest in _unlike(manifests if isinstance(manifests, list) else []):
            fits = len(shown["manifests"]) < _MOST_MANIFESTS
            index = self._put(self.manifests, manifest, f"m{manifest['name']}\n{manifest['text']}") if fits else None
            if index is None:
                shown["more"] += 1
            else:
                shown["manifests"].append(index)
        return shown

    def _put(self, pool: list[Any], value: Any, key: str) -> int | None:
        known = self._indices.get(key)
        if known is not None:
            return known
        if len(key) > self._left:
            return None
        self._left -= len(key)
        pool.append(value)
        self._indices[key] = len(pool) - 1
        return len(pool) - 1


def _flat(timeline: Any, depth: int = 0) -> Iterator[tuple[float, int, dict[str, Any]]]:
    if not isinstance(timeline, list):
        return
    for entry in timeline:
        if not isinstance(entry, dict):
            continue
        at = entry.get("at")
        details = {key: _value(value) for key, value in entry.items() if key not in _NOT_DETAILS}
        yield (
            at if isinstance(at, int | float) else 0.0,
            depth,
            {"what": _cut(str(entry.get("event", ""))), "details": details},
        )
        if depth < _DEEPEST:
            yield from _flat(entry.get("timeline"), depth + 1)


def _calls(timeline: Any) -> list[list[str | int | bool]]:
    """Return the calls of a timeline as a table: call, expected, got, count, wrong; what is alike is one row."""
    rows: dict[tuple[str, str, str, bool], int] = {}
    for event in mappings(timeline):
        for call in calls_of(event):
            row = (_cut(call.call), _cut(call.expected), _cut(call.told), call.wrong)
            if row in rows or len(rows) < _MOST_CALLS:
                rows[row] = rows.get(row, 0) + call.count
    return [[call, expected, got, count, wrong] for (call, expected, got, wrong), count in rows.items()]


def _unlike(manifests: list[Any]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for manifest in manifests:
        if not isinstance(manifest, dict):
            continue
        text = yaml.dump(manifest, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100)
        if text not in seen:
            seen.add(text)
            metadata: Any = manifest.get("metadata")
            name = metadata.get("name") if isinstance(metadata, dict) else None
            yield {
                "name": f"{manifest.get('kind', 'object')} {name or ''}".strip(),
                "text": _cut(text, _LONGEST_MANIFEST),
            }


def _value(value: Any) -> str:
    if isinstance(value, dict | list):
        return _cut(yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100).rstrip())
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _cut(text: str, longest: int = _LONGEST_VALUE) -> str:
    return text if len(text) <= longest else f"{text[:longest]} … ({len(text) - longest} more characters)"
