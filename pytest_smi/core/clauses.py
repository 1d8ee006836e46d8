"""From the clause that a requirement comes from to its place in the published specification. Pure.

A clause is written as `split v1alpha4 §Ports; access v1alpha3 §TrafficTarget (note)`: parts set apart by semicolons,
each an API, a version and headings. What is not of that form (`HTTP semantics`) is shown as it is, without a link.
"""

import re
from dataclasses import dataclass

__all__ = ["Clause", "clauses_of"]

_ROOT = "https://github.com/servicemeshinterface/smi-spec/blob/main/apis"
_PART = re.compile(r"(access|specs|split|metrics) (v[0-9]+(?:(?:alpha|beta)[0-9]+)?)\b(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One part of a source: its words, and where it can be read (None when it is not in the specification)."""

    text: str
    url: str | None


def clauses_of(source: str) -> tuple[Clause, ...]:
    """Return the parts of a source, in their order."""
    return tuple(Clause(text=part, url=_url(part)) for part in (piece.strip() for piece in source.split(";")) if part)


def _url(part: str) -> str | None:
    found = _PART.fullmatch(part)
    if found is None:
        return None
    api, version, rest = found.groups()
    page = f"{_ROOT}/traffic-{api}/{version}/traffic-{api}.md"
    heading = rest.partition("§")[2].partition("§")[0].partition("(")[0].strip(" ,")
    return f"{page}#{_anchor(heading)}" if heading else page


def _anchor(heading: str) -> str:
    """Return the anchor that the forge gives a heading: lower case, without punctuation, spaces as hyphens."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
