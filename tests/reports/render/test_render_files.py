"""Tests of the files derived from a matrix, each read by a reader of its format."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from pytest_smi.core.terms import Status
from pytest_smi.matrix.build import Built
from pytest_smi.reports.layout import DERIVED_FILES
from pytest_smi.reports.render.files import render_all
from tests.support.matrices import HOSTILE, STATEMENTS, a_run, built, hostile_built, mixed

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SIGNER = "SHA256:" + "c" * 64


def rendered(of: Built, **changes: Any) -> dict[str, bytes]:
    """All files of a matrix."""
    options: dict[str, Any] = {"matrix_sha256": "d" * 64, "signer": SIGNER, "now": NOW, **changes}
    return render_all(of.matrix, of.evidence, STATEMENTS, **options)


MIXED, HOSTILE_FILES = rendered(mixed()), rendered(hostile_built())


def test_the_names_are_those_that_verification_allows() -> None:
    """Every derived file may lie in a report folder that verifies."""
    assert set(MIXED) <= DERIVED_FILES
    assert "badge.json" in MIXED


def test_same_matrix_gives_same_bytes() -> None:
    """Rendering adds nothing of its own: no clock, no random names."""
    assert rendered(mixed()) == MIXED


def test_no_badge_without_verification() -> None:
    """A matrix that nobody has verified has no badge, and its page and summaries say so."""
    files = rendered(mixed(), signer=None)
    assert "badge.json" not in files
    assert b"not verified" in files["index.html"]
    assert b"without verifying" in files["summary.md"]
    assert json.loads(files["summary.json"])["verifiedSigner"] is None


@pytest.mark.parametrize(
    ("runs", "message", "colour"),
    [
        ([a_run()], "conformant · 7 passed · 2026-11-01", "brightgreen"),
        ([a_run(), a_run("linkerd", day=3)], "2 meshes conformant · 2026-11-01", "brightgreen"),
        ([a_run(statuses={"SP-01": Status.FAILED})], "1 failed · 2026-11-01", "red"),
        ([a_run(statuses={"SP-01": Status.ERRORED})], "not conformant · 2026-11-01", "orange"),
        ([a_run(), a_run("linkerd", restricted=("narrowed",))], "1 of 2 conformant · 2026-11-01", "orange"),
        (
            [a_run(statuses={"SP-01": Status.FAILED}, day=1), a_run(day=2)],
            "conformant · 7 passed · 2026-11-02",
            "brightgreen",
        ),
    ],
)
def test_badge_says_what_the_latest_runs_say(runs: Any, message: str, colour: str) -> None:
    """Green only when the latest run of every mesh is conformant; exactly the keys of the endpoint schema."""
    badge = json.loads(rendered(built(*runs))["badge.json"])
    assert set(badge) == {"schemaVersion", "label", "message", "color"}
    assert (badge["schemaVersion"], badge["message"], badge["color"]) == (1, message, colour)


def test_old_badge_is_grey() -> None:
    """Beyond the age allowed a badge is grey, whatever it said before; so is one whose date cannot be read."""
    week = timedelta(days=7)
    fresh = built(a_run(day=20))
    assert json.loads(rendered(fresh, max_age=week)["badge.json"])["color"] == "brightgreen"
    badge = json.loads(rendered(fresh, max_age=week, now=NOW + week)["badge.json"])
    assert (badge["color"], badge["message"]) == ("lightgrey", "stale · 2026-11-20")
    dateless = built(a_run(finished_at="yesterday"))
    assert json.loads(rendered(dateless, max_age=week)["badge.json"])["color"] == "lightgrey"


def test_junit_has_real_elements() -> None:
    """Failures, errors and skips are child elements, and are counted; the matrix is named by its digest."""
    root = ET.fromstring(MIXED["junit.xml"])
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    assert cases[("osm.traffic_split", "SP-10 sp_10[v1alpha4]")].find("failure") is not None
    assert cases[("osm.traffic_access", "TA-02 ta_02[v1alpha3]")].find("error") is not None
    assert cases[("osm.traffic_access", "TA-03 ta_03[v1alpha3]")].find("skipped") is not None
    assert cases[("linkerd.traffic_metrics", "TM-01 tm_01[v1alpha1]")].find("skipped") is not None
    for suite in root.iter("testsuite"):
        for element, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped"), (".", "tests")):
            found = len(suite.findall("testcase")) if element == "." else len(suite.findall(f"testcase/{element}"))
            assert suite.get(name) == str(found)
        assert suite.find("properties/property[@name='matrix.sha256']") is not None
    failure = cases[("osm.traffic_split", "SP-10 sp_10[v1alpha4]")].find("failure")
    assert failure is not None
    assert failure.get("message") == "3 of 400 requests reached a backend of weight zero"
    assert "evidence/SP-10" in (failure.text or "")


def test_ctrf_validates() -> None:
    """ctrf.json is valid by the format's schema, and nothing that errored counts as anything but failed."""
    schema = json.loads((Path(__file__).parents[2] / "data" / "ctrf-facts.schema.json").read_text())
    for files in (MIXED, HOSTILE_FILES):
        document = json.loads(files["ctrf.json"])
        assert not list(Draft7Validator(schema, format_checker=FormatChecker()).iter_errors(document))
        results = document["results"]
        for name in ("passed", "failed", "skipped", "pending", "other"):
            assert results["summary"][name] == sum(test["status"] == name for test in results["tests"])
        assert results["summary"]["tests"] == len(results["tests"])
    errored = [test for test in json.loads(MIXED["ctrf.json"])["results"]["tests"] if test["rawStatus"] == "errored"]
    assert errored
    assert {test["status"] for test in errored} == {"failed"}


@pytest.mark.parametrize("files", [MIXED, HOSTILE_FILES])
def test_metrics_are_openmetrics(files: dict[str, bytes]) -> None:
    """The parser of the Prometheus client reads metrics.txt, which ends as the format asks."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    text = files["metrics.txt"].decode()
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert set(families) >= {
        "smi_conformant",
        "smi_results",
        "smi_capability",
        "smi_requirement_held",
        "smi_run_finished_timestamp_seconds",
    }


def test_metrics_say_what_the_matrix_says() -> None:
    """Conformance and capability of the latest runs, by mesh."""
    text = MIXED["metrics.txt"].decode()
    assert 'smi_conformant{mesh="osm",mesh_version="1.2.4"} 0' in text
    assert 'smi_conformant{mesh="reference",mesh_version="0.1.0"} 1' in text
    assert 'smi_capability{mesh="osm",mesh_version="1.2.4",api="split",smi_capability="Partial"} 1' in text
    assert "0.0.9" not in text


def test_metrics_escape() -> None:
    """Quotes, backslashes and newlines in a label do not end it."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    odd = 'a"b\\c\nd'
    text = rendered(built(a_run(version=odd)))["metrics.txt"].decode()
    (family,) = [one for one in parser.text_string_to_metric_families(text) if one.name == "smi_conformant"]
    assert family.samples[0].labels["mesh_version"] == odd


def test_summary_is_flat() -> None:
    """Each run in summary.json is an object of scalars; the latest of each mesh is marked."""
    document = json.loads(MIXED["summary.json"])
    assert len(document["runs"]) == 5
    assert all(
        value is None or isinstance(value, str | int | bool) for run in document["runs"] for value in run.values()
    )
    assert [(run["mesh"], run["meshVersion"]) for run in document["runs"] if run["latest"]] == [
        ("linkerd", "edge-26.11"),
        ("osm", "1.2.4"),
        ("reference", "0.1.0"),
    ]
    (osm,) = [run for run in document["runs"] if run["mesh"] == "osm"]
    assert (osm["conformant"], osm["failed"], osm["splitCapability"], osm["splitFailed"]) == (False, 1, "Partial", 1)


def test_markdown_names_what_did_not_hold() -> None:
    """summary.md has the verdicts, and requirement and reason of each failure."""
    text = MIXED["summary.md"].decode()
    assert (
        "| osm 1.2.4 | v1.32.0 | Partial (v1alpha3) | Full (v1alpha4) | Partial (v1alpha4) | Full (v1alpha1) | ❌ not "
        "conformant |" in text
    )
    assert "- **SP-10** (MUST (derived)) A backend of weight zero receives nothing." in text
    assert "## Earlier runs" in text


@pytest.mark.parametrize("name", ["index.html", "junit.xml", "summary.md"])
def test_hostile_text_stays_text(name: str) -> None:
    """A mesh whose version is a script is shown, not run, in every format that has markup."""
    text = HOSTILE_FILES[name].decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    if name == "junit.xml":
        (suite, *_) = ET.fromstring(text).iter("testsuite")
        assert HOSTILE in str(suite.get("name"))
    if name == "summary.md":
        assert not re.search("[<>]", text)


def test_control_characters_do_not_break_xml() -> None:
    """What XML forbids is replaced; the file parses."""
    files = rendered(built(a_run(version="1\x00\x1b[31m\ufffe", statuses={"SP-01": Status.FAILED}, reason="a\x07b")))
    root = ET.fromstring(files["junit.xml"])
    assert root.find(".//failure").get("message") == "a�b"  # type: ignore[union-attr]
    assert b"\x00" not in files["index.html"]
    assert b"\x1b" not in files["index.html"]
