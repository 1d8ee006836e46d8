"""All the files that are derived from a matrix, by name.

They are conveniences: the signature covers none of them. Pure.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.badge import badge_json
from pytest_smi.reports.render.ctrf import ctrf_json
from pytest_smi.reports.render.failure import failures_of
from pytest_smi.reports.render.junit import junit_xml
from pytest_smi.reports.render.openmetrics import openmetrics
from pytest_smi.reports.render.page_html import index_html
from pytest_smi.reports.render.page_records import Links
from pytest_smi.reports.render.summary import summary_json, summary_markdown

__all__ = ["render_all"]


def render_all(
    matrix: Matrix,
    evidence: Mapping[str, bytes],
    statements: Mapping[str, str],
    *,
    matrix_sha256: str,
    signer: str | None,
    now: datetime,
    max_age: timedelta | None = None,
    evidence_links: bool = True,
) -> dict[str, bytes]:
    """Return file name → bytes. `evidence`: path → bytes. `statements`: requirement → its sentence in the catalogue.

    `matrix_sha256`: of the file that holds the matrix, so that what is derived can be traced to it. `signer`:
        fingerprint of the key that
    this very matrix was verified with; without it there is no badge. `max_age`: see `badge_json`.
    `evidence_links`: the files will lie in the report folder, so that links to its evidence lead somewhere.
    """
    failures = failures_of(matrix, evidence)
    files = {
        "index.html": index_html(
            matrix,
            evidence,
            statements,
            matrix_sha256=matrix_sha256,
            signer=signer,
            links=Links(beside=evidence_links),
            now=now,
            max_age=max_age,
        ),
        "summary.md": summary_markdown(matrix, statements, signer=signer),
        "summary.json": summary_json(matrix, matrix_sha256=matrix_sha256, signer=signer),
        "ctrf.json": ctrf_json(matrix, statements, matrix_sha256=matrix_sha256, failures=failures),
        "junit.xml": junit_xml(matrix, statements, matrix_sha256=matrix_sha256, failures=failures),
        "metrics.txt": openmetrics(matrix),
    }
    if signer is not None:
        files["badge.json"] = badge_json(matrix, now=now, max_age=max_age)
    return files
