"""A static site of many verified reports: where each of its files is, and what is in those about all of them. Pure.

```
index.html, index.json            all meshes: for people, and for dashboards
meshes.csv, versions.csv          the table, and the history of every mesh
badges/osm.svg, badges/osm.json   of the latest run of a mesh
meshes/osm/v1.2.4/                the page of a run, and run.json with its results and evidence, loaded when asked for
reports/<id>/                     each report as it was signed: `pytest-smi verify` takes its address
```
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pytest_smi.core.canonical import compact_bytes, sha256_hex
from pytest_smi.matrix.matrix import EvidenceRef, Matrix, Run
from pytest_smi.reports.render.badge import badge_of, badge_svg
from pytest_smi.reports.render.history import keys_of
from pytest_smi.reports.render.page_document import details_document
from pytest_smi.reports.render.page_html import index_html
from pytest_smi.reports.render.page_model import lines_of
from pytest_smi.reports.render.page_records import Line, Links, Past
from pytest_smi.reports.render.table import TABLE_FILE, table_csv
from pytest_smi.reports.render.wording import latest_runs

__all__ = ["SITE_NAMES", "Place", "details_json", "places_of", "run_page", "site_files", "within_site"]

INDEX_VERSION = 1
SITE_NAMES = frozenset({"index.html", "index.json", TABLE_FILE, "versions.csv", "badges", "meshes", "reports"})
"""What lies at the top of a site."""
_UP = "../../../"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run is in the site. `folder`: of its page. `report`: the folder of its report. `badge`: without ending.

    `signers`: fingerprints of the keys that signed it.
    """

    folder: str
    report: str
    badge: str
    signers: tuple[str, ...]


def within_site(run: Run, report: str) -> Run:
    """Return the run with its evidence where the site has it; `report`: id of its report."""

    def moved(evidence: EvidenceRef | None) -> EvidenceRef | None:
        return None if evidence is None else replace(evidence, path=f"reports/{report}/{evidence.path}")

    return replace(run, results=tuple(replace(entry, evidence=moved(entry.evidence)) for entry in run.results))


def places_of(runs: Iterable[Run], reports: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, Place]:
    """Return nonce → place. `reports`: nonce → id of the report, and who signed it."""
    listed = list(runs)
    keys = keys_of(listed)
    meshes = _slugs(run.name for run in listed)
    versions = _slugs(keys[run.nonce] for run in listed)
    return {
        run.nonce: Place(
            folder=f"meshes/{meshes[run.name]}/{versions[keys[run.nonce]].removeprefix(f'{meshes[run.name]}-at-')}",
            report=f"reports/{reports[run.nonce][0]}",
            badge=f"badges/{meshes[run.name]}",
            signers=reports[run.nonce][1],
        )
        for run in listed
    }


def details_json(run: Run, evidence: Mapping[str, bytes]) -> bytes:
    """Return run.json: the results of a run of the site, with their evidence. `evidence`: path in the site → bytes."""
    return compact_bytes(details_document(run, evidence, Links(details={run.nonce: "run.json"})))


def run_page(
    matrix: Matrix,
    place: Place,
    statements: Mapping[str, str],
    *,
    now: datetime,
    max_age: timedelta | None,
    latest: bool,
) -> bytes:
    """Return the page of a run, which `matrix` holds alone. `latest`: of its mesh; only that one can be stale."""
    (run,) = matrix.runs
    links = Links(
        details={run.nonce: "run.json"},
        matrices={run.nonce: f"{_UP}{place.report}/matrix.json"},
        badges={run.name: f"{_UP}{place.badge}.svg"} if latest else {},
        root=_UP,
        home=f"{_UP}index.html",
    )
    return index_html(
        matrix,
        {},
        statements,
        matrix_sha256=None,
        signer=", ".join(place.signers),
        links=links,
        now=now,
        max_age=max_age if latest else None,
    )


def site_files(
    matrix: Matrix,
    places: Mapping[str, Place],
    statements: Mapping[str, str],
    *,
    now: datetime,
    max_age: timedelta | None,
) -> dict[str, bytes]:
    """Return the files about all runs: name → bytes. `matrix`: all of them, see `within_site`."""
    lines = lines_of(matrix, now=now, max_age=max_age)
    latest = {run.nonce: run for run in latest_runs(matrix)}
    links = Links(
        details={nonce: f"{place.folder}/run.json" for nonce, place in places.items()},
        pages={nonce: f"{place.folder}/" for nonce, place in places.items()},
        matrices={nonce: f"{places[nonce].report}/matrix.json" for nonce in latest},
        badges={run.name: f"{places[nonce].badge}.svg" for nonce, run in latest.items()},
        folders={run.name: f"{places[nonce].folder.rpartition('/')[0]}/" for nonce, run in latest.items()},
        table=TABLE_FILE,
    )
    signers = sorted({signer for place in places.values() for signer in place.signers})
    page = index_html(
        matrix,
        {},
        statements,
        matrix_sha256=None,
        signer=", ".join(signers[:3]) + (f" and {len(signers) - 3} more" if len(signers) > 3 else ""),
        links=links,
        now=now,
        max_age=max_age,
    )
    files = {
        "index.html": page,
        "index.json": compact_bytes(_index(matrix, lines, places, max_age)),
        TABLE_FILE: table_csv(lines).encode(),
        "versions.csv": table_csv(lines, history=True).encode(),
    }
    for nonce, run in latest.items():
        files[f"{places[nonce].badge}.json"] = badge_of([run], now=now, max_age=max_age)
        files[f"{places[nonce].badge}.svg"] = badge_svg(run, now=now, max_age=max_age).encode()
    return files


def _index(
    matrix: Matrix, lines: Sequence[Line], places: Mapping[str, Place], max_age: timedelta | None
) -> dict[str, Any]:
    return {
        "schemaVersion": INDEX_VERSION,
        "generatedAt": matrix.generated_at,
        "maxAgeSeconds": None if max_age is None else int(max_age.total_seconds()),
        "meshes": [
            {
                "name": line.name,
                "stale": line.stale,
                "badge": f"{places[line.run.nonce].badge}.json",
                "badgeImage": f"{places[line.run.nonce].badge}.svg",
                "latest": _latest(line.latest, places[line.run.nonce]),
                "runs": [_entry(past, places[past.run.nonce]) for past in line.history],
            }
            for line in lines
        ],
    }


def _latest(past: Past, place: Place) -> dict[str, Any]:
    run = past.run
    return {
        **_entry(past, place),
        "emulated": run.emulated,
        "restricted": bool(run.restricted),
        "apis": {api: {"version": claim.version, "capability": claim.capability} for api, claim in run.apis.items()},
        "signers": list(place.signers),
    }


def _entry(past: Past, place: Place) -> dict[str, Any]:
    return {
        "key": past.key,
        "version": past.run.mesh.version,
        "finishedAt": past.run.finished_at,
        "conformant": past.run.conformant,
        "passed": past.passed,
        "tested": past.tested,
        "better": list(past.better),
        "worse": list(past.worse),
        "page": f"{place.folder}/",
        "report": f"{place.report}/",
    }


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """Return name → what can stand in a path of any file system and address; each its own."""
    found = {name: re.sub(r"[^A-Za-z0-9._]+", "-", name.replace("@", "-at-")).strip("-.")[:80] for name in names}
    times = Counter(slug.lower() for slug in found.values())
    return {
        name: slug if slug and times[slug.lower()] == 1 else f"{slug}-{sha256_hex(name.encode())[:8]}".strip("-")
        for name, slug in found.items()
    }
