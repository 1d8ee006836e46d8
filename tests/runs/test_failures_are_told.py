"""A maintainer who knows nothing of the suite finds the cause of a failure in what the terminal shows."""

import re
from pathlib import Path

import pytest

from tests.support.runs import run_suite

pytestmark = pytest.mark.slow
README = (Path(__file__).parents[2] / "README.md").read_text()
LEAD = re.compile(r"^ +(sent|expected|got|reason|objects|clause|repeat|evidence) +(.*)$", re.MULTILINE)


@pytest.mark.parametrize(
    ("requirement", "fault", "parts"),
    [
        (
            "TA-10",
            "access-cross-product",
            [
                "GET",
                "/y",
                "never arrives",
                "answer 200",
                "TrafficTarget",
                "second",
                "ServiceAccount",
                "denied: TrafficTarget",
                "does not grant it",
                "traffic-access.md",
            ],
        ),
        (
            "TA-55",
            "access-http-grant-opens-tcp",
            ["TCP", "denied: never arrives", "arrived at", "TrafficTarget", "HTTPRouteGroup", "grants HTTP alone"],
        ),
        (
            "TS-14",
            "specs-method-ignored",
            ["HEAD", "denied: never arrives", "means GET /m", "HTTPRouteGroup", "traffic-specs.md"],
        ),
        ("SP-01", "split-weights-ignored", ["90.0%", "at v1", "at v2", "TrafficSplit", "v1", "90", "traffic-split.md"]),
        (
            "SP-26",
            "split-portless-keeps-share",
            ["expected", "not delivered:", "TrafficSplit", "v2", "traffic-split.md"],
        ),
        (
            "TM-31",
            "metrics-failures-folded",
            ["GET /apis/metrics.smi-spec.io/v1alpha1/", "deployments/b", "failure_count of b: expected 80", "found 0"],
        ),
        ("TM-01", "metrics-not-registered", ["reason", "metrics.smi-spec.io", "traffic-metrics.md"]),
    ],
)
def test_cause_is_in_the_terminal(requirement: str, fault: str, parts: list[str], tmp_path: Path) -> None:
    """What was sent, expected and found, the objects, the clause, and how to run it again; once, not twice."""
    run = run_suite(tmp_path, "-k", requirement, f"--smi-fault={fault}")

    _, _, told = run.output.partition("Failed (1)")
    block = told.partition("conformant")[0]
    flat = " ".join(block.split())
    assert [part for part in parts if part not in flat] == []
    assert f"pytest --mesh=reference -k {requirement} --smi-fault={fault}" in flat
    assert f"evidence/{requirement}.json" in block
    assert "= FAILURES =" not in run.output
    if requirement == "TA-10":
        shown = README.partition("<!-- failure -->")[2].partition("-->")[0]
        assert [label for label, _ in LEAD.findall(block)] == [label for label, _ in LEAD.findall(shown)]
