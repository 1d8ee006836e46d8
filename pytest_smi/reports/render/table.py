"""The table of meshes and APIs as CSV, the shape in which spreadsheets and scripts take it. Pure."""

import csv
import io
from collections.abc import Iterable

from pytest_smi.core.terms import Api
from pytest_smi.reports.render.page_records import Line, Past
from pytest_smi.reports.render.wording import conformance_word, visible

__all__ = ["TABLE_FILE", "table_csv"]

TABLE_FILE = "meshes.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_csv(lines: Iterable[Line], *, history: bool = False) -> str:
    """Return one row per mesh, or with `history` one per run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    apis = [name for api in Api for name in (f"{api}Version", f"{api}Capability")]
    writer.writerow(["mesh", "version", "verdict", *apis, "passed", "tested", "share", "finishedAt", "stale"])
    for line in lines:
        for past in line.history if history else line.history[:1]:
            writer.writerow([_safe(text) for text in _fields(line, past)])
    return out.getvalue()


def _fields(line: Line, past: Past) -> list[str]:
    run = past.run
    claims = [text for api in Api for text in (run.apis[api].version or "", str(run.apis[api].capability))]
    share = "" if past.share is None else f"{past.share:.4f}"
    stale = "yes" if line.stale else "no"
    verdict = conformance_word(run)
    tested = [str(past.passed), str(past.tested), share]
    return [line.name, run.mesh.version, verdict, *claims, *tested, run.finished_at, stale]


def _safe(text: str) -> str:
    """Return a cell as text: a spreadsheet runs what begins like a formula, unless an apostrophe leads."""
    clean = visible(text)
    return f"'{clean}" if clean.startswith(_FORMULA) else clean
