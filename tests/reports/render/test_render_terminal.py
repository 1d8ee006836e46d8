"""Tests of the terminal summary."""

from typing import Any

import pytest

from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.build import RunContext, build_matrix
from pytest_smi.matrix.matrix import Matrix, Mesh, Suite
from pytest_smi.reports.render.terminal import summary_lines


def a_result(requirement: str, status: Status, **changes: Any) -> Result:
    """A result of the access API, changed as wanted."""
    fields: dict[str, Any] = {
        "id": requirement,
        "requirement": requirement,
        "api": Api.ACCESS,
        "version": "v1alpha3",
        "level": Level.MUST,
        "status": status,
        "reason": "",
        "source": "",
        "duration": 0,
        "mesh": "reference",
        "evidence": {"x": 1},
    }
    return Result(**{**fields, **changes})


def a_matrix(*results: Result) -> Matrix:
    """A matrix of one run."""
    context = RunContext(
        mesh=Mesh(name="reference", version="0.1.0", images={}),
        kubernetes="v1.32.0",
        apis={Api.ACCESS: "v1alpha3"},
        required={},
        started_at="s",
        finished_at="f",
        nonce="n",
    )
    return build_matrix(Suite(name="pytest-smi", version="0.1.0", digest="a" * 64), "g", [(context, results)]).matrix


MIXED = a_matrix(
    a_result("TA-01", Status.PASSED),
    a_result(
        "TA-02",
        Status.FAILED,
        reason="3 of 100 requests reached the server\nalthough nothing allows them " + "and so on " * 12,
    ),
    a_result("TA-03", Status.ERRORED, reason="the exec stream was cut", evidence=None),
    *(
        a_result(f"TM-{number:02}", Status.UNSUPPORTED, api=Api.METRICS, reason="not served", evidence=None)
        for number in range(1, 16)
    ),
    a_result("TA-60", Status.OBSERVED, level=Level.UNSPECIFIED, reading="oldest wins"),
)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    """Text is wrapped to the width given, and holds neither newlines nor colour codes."""
    for _, text in summary_lines(MIXED, report="smi-report", fingerprint=None, width=width):
        assert len(text) <= width
        assert "\n" not in text
        assert "\x1b" not in text


def test_everything_that_matters_is_there() -> None:
    """Mesh, cluster, capability with counts, failures with level, reason and evidence, grouped reasons, readings,
    verdict, key."""
    lines = list(summary_lines(MIXED, report="smi-report", fingerprint="SHA256:ab"))
    text = "\n".join(line for _, line in lines)
    for part in (
        "reference 0.1.0 on Kubernetes v1.32.0",
        "access   v1alpha3  Partial     1 passed, 1 failed, 1 errored, 1 observed",
        "TA-02  MUST",
        "reason    3 of 100 requests",
        "smi-report/evidence/TA-02.json",
        "TA-03  MUST",
        "reason    the exec stream was cut",
        "not served: TM-01, TM-02",
        "TA-60  oldest wins",
        "Not conformant: 1 passed, 1 failed, 1 errored, 15 unsupported, 1 observed",
        "Signed  SHA256:ab",
        "--key smi-report/signing-key.pub.pem",
    ):
        assert part in text
    assert "and 3 more" in " ".join(text.split())
    assert "evidence/TA-03.json" not in text
    assert ("bad", "  Failed (1)") in lines


def test_good_run_is_short() -> None:
    """A conformant run has no list of problems."""
    lines = list(summary_lines(a_matrix(a_result("TA-01", Status.PASSED)), report="r", fingerprint="SHA256:ab"))
    assert ("good", "  Conformant: 1 passed") in lines
    assert {style for style, _ in lines} <= {"title", "good", "plain", "dim"}
    assert len(lines) < 10


def test_a_partial_run_is_told_once() -> None:
    """Counts of what ran, one statement, and nothing of capability or conformance."""
    lines = [line for _, line in summary_lines(MIXED, report="r", fingerprint=None, partial="partial run: 5 of 9")]
    text = "\n".join(lines)

    assert "  access   v1alpha3  1 passed, 1 failed, 1 errored, 1 observed" in lines
    assert "partial run: 5 of 9: no capability and no conformance is claimed" in lines
    assert text.count("partial run") == 1
    assert "onformant:" not in text
    assert "Partial " not in text


def test_recommendations_are_counted() -> None:
    """Those that are met and those that are not; a run that has none says nothing of them."""
    mixed = a_matrix(
        a_result("SP-31", Status.FAILED, level=Level.SHOULD),
        a_result("SP-32", Status.PASSED, level=Level.SHOULD),
        a_result("TA-01", Status.PASSED),
    )

    assert ("warn", "  Recommendations: 1 met, 1 not met") in list(summary_lines(mixed, report="r", fingerprint=None))
    assert not [line for _, line in summary_lines(MIXED, report="r", fingerprint=None) if "Recommendations" in line]
