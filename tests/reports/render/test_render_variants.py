"""Several runs of one mesh in several API versions: each is itself wherever runs are told apart."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_smi.core.result import Result
from pytest_smi.core.terms import Status
from pytest_smi.matrix.build import RunContext
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.diff import Baseline, compare
from pytest_smi.reports.policy import judged_runs
from pytest_smi.reports.render.files import render_all
from pytest_smi.reports.render.page_model import page_of
from pytest_smi.reports.render.page_records import Links
from pytest_smi.reports.render.terminal import summary_lines
from pytest_smi.signing.statement import result_predicate
from tests.support.matrices import STATEMENTS, a_run, built

NOTE = "trafficsplits.split.smi-spec.io stores v1alpha1 and does not convert v1alpha2"


def variant(label: str, **changes: Any) -> tuple[RunContext, list[Result]]:
    """A run of the same mesh at the same time, of another version."""
    context, results = a_run("osm", "1.2.4", nonce=f"run-{label}", **changes)
    options = {**context.options, "variant": label, "notes": [NOTE]}
    return replace(context, options=options), [replace(result, mesh=f"osm {label}") for result in results]


BUILT = built(
    a_run("osm", "1.2.4", nonce="run-0"),
    variant("split=v1alpha2", statuses={"SP-01": Status.FAILED}),
    variant("split=v1alpha1"),
)
FILES = render_all(
    BUILT.matrix,
    BUILT.evidence,
    STATEMENTS,
    matrix_sha256="d" * 64,
    signer="SHA256:x",
    now=datetime(2026, 11, 21, tzinfo=UTC),
)
NAMES = ["osm", "osm split=v1alpha1", "osm split=v1alpha2"]


def test_mesh_keeps_its_name() -> None:
    """Dashboards group by mesh; what sets runs apart is the variant."""
    assert {run.mesh.name for run in BUILT.matrix.runs} == {"osm"}
    assert sorted(run.name for run in BUILT.matrix.runs) == NAMES
    assert Matrix.from_bytes(BUILT.matrix.to_bytes()) == replace(
        BUILT.matrix, runs=Matrix.from_bytes(BUILT.matrix.to_bytes()).runs
    )


def test_evidence_of_each_run_has_files_of_its_own() -> None:
    """A file name says which run it belongs to."""
    paths = [entry.evidence.path for run in BUILT.matrix.runs for entry in run.results if entry.evidence]

    assert len(set(paths)) == len(paths) == len(BUILT.evidence)
    assert {"evidence/SP-01.osm.json", "evidence/SP-01.osm-split-v1alpha2.json"} <= set(paths)


def test_no_run_hides_another() -> None:
    """The newest run is that of its own variant, in verification and on the page."""
    page = page_of(BUILT.matrix, BUILT.evidence, STATEMENTS, links=Links(beside=True))

    assert [run.name for run in judged_runs(BUILT.matrix)] == NAMES
    assert [run.name for run in judged_runs(BUILT.matrix, "osm")] == NAMES
    assert [column.run.name for column in page.columns] == NAMES
    assert [mesh["name"] for mesh in page.document["meshes"]] == NAMES
    assert all(name in FILES["index.html"].decode() for name in NAMES)


def test_ids_are_unique() -> None:
    """Tools that join reports by id see as many tests as there are."""
    tests = json.loads(FILES["ctrf.json"])["results"]["tests"]
    cases = [(case.get("classname"), case.get("name")) for case in ET.fromstring(FILES["junit.xml"]).iter("testcase")]
    named = [
        name
        for names in result_predicate(BUILT.matrix).values()
        if isinstance(names, list)
        for name in names
        if isinstance(name, str)
    ]

    assert len({test["id"] for test in tests}) == len(tests) == 3 * len(STATEMENTS)
    assert len(set(cases)) == len(cases) == 3 * len(STATEMENTS)
    assert len(set(named)) == len(named)


def test_summaries_tell_the_runs_apart() -> None:
    """Flat summary, Prometheus and terminal name the variant."""
    runs = json.loads(FILES["summary.json"])["runs"]
    samples = [line for line in FILES["metrics.txt"].decode().splitlines() if line.startswith("smi_conformant{")]
    lines = [text for _, text in summary_lines(BUILT.matrix, report="r", fingerprint=None)]

    assert sorted((run["mesh"], run["variant"], run["latest"]) for run in runs) == [
        ("osm", "", True),
        ("osm", "split=v1alpha1", True),
        ("osm", "split=v1alpha2", True),
    ]
    assert len(set(samples)) == 3
    assert sorted(line for line in lines if line.startswith("osm")) == [
        f"osm 1.2.4{name[3:]} on Kubernetes v1.32.0" for name in sorted(NAMES)
    ]
    assert sum("note" in line for line in lines) == 2


@pytest.mark.parametrize(
    ("name", "known"), [("osm", False), ("osm split=v1alpha2", True), ("osm split=v1alpha1", False)]
)
def test_baseline_knows_failures_by_run(name: str, known: bool) -> None:
    """What failed in one version is not excused in another."""
    assert Baseline.of(BUILT.matrix).knows(name, "SP-01") is known


def test_differences_compare_like_with_like() -> None:
    """A version that is worse than before is the one that is named."""
    before = built(a_run("osm", "1.2.4", nonce="old-0"), variant("split=v1alpha2", day=1)).matrix
    after = replace(BUILT.matrix, runs=tuple(run for run in BUILT.matrix.runs if run.variant != "split=v1alpha1"))

    (change,) = compare(before, after).changes
    assert (change.mesh, change.requirement, change.regression) == ("osm split=v1alpha2", "SP-01", True)
