"""`pytest-smi explain TA-05`: one requirement, from the catalogue and from the faults that break it."""

from __future__ import annotations

import re
from typing import Any

from pytest_smi.core.nearest import unknown
from pytest_smi.core.terms import VERSIONS
from pytest_smi.errors import UsageProblem
from pytest_smi.smi.versions import before

REQUIREMENT = re.compile(r"[A-Za-z]{2}-[0-9]{1,3}")
_LEVELS = {
    "MUST": "the specification says so in its text",
    "MUST (derived)": "it follows from the specification's examples, schemas or purpose",
    "SHOULD": "recommended: never fails a mesh by itself",
    "unspecified": "the specification leaves it open: observed and reported, never failed",
}


def requirement_document(identity: str) -> dict[str, Any]:
    """Everything that is known of a requirement, with the faults of the reference that break it.

    Raises UsageProblem.
    """
    from pytest_smi.cluster.embedded import known_faults
    from pytest_smi.core.catalogue import load

    rows = {row.requirement: row for row in load()}
    wanted = identity.upper()
    if wanted not in rows:
        raise UsageProblem(unknown("requirement", identity, rows, where="pytest-smi catalogue"))
    row = rows[wanted]
    since = dict(row.since)
    versions = {api: [one for one in VERSIONS[api] if not before(one, since.get(api, ""))] for api in row.needs}
    breaks = [
        {"name": one["name"], "description": one["description"]} for one in known_faults() if wanted in one["breaks"]
    ]
    return {**row.to_json(), "versions": versions, "faults": breaks}


def requirement_lines(document: dict[str, Any]) -> list[str]:
    """The same for people."""
    level = str(document["level"])
    versions = "; ".join(f"{api} {', '.join(some)}" for api, some in document["versions"].items())
    lines = [
        f"{document['requirement']}  {document['statement']}",
        f"  level     {level}: {_LEVELS[level]}",
        f"  clause    {document['source']}",
        f"  versions  {versions}",
        f"  features  {', '.join(document['features']) or 'none'}",
        f"  test      {document['name']}",
    ]
    faults = document["faults"]
    lines.append(
        "  broken by these faults of the reference mesh:" if faults else "  no fault of the reference mesh breaks it"
    )
    return [*lines, *(f"    {fault['name']}: {fault['description']}" for fault in faults)]
