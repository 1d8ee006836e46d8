"""A failure names what was sent, expected and found, and the objects that should decide it, from the evidence alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.reports.render.failure import Failure, failure_of, failure_rows, failures_of
from tests.support.reports import a_matrix

CALL = "cli-a in t1 GET srv-1.smi-t1.svc.cluster.local:8080/y"


def claim(kind: str, **samples: list[str]) -> dict[str, Any]:
    outcomes = {"answer 200" if name == "delivered" else "reset": len(found) for name, found in samples.items()}
    return {"claim": kind, "call": CALL, "probes": 1, "outcomes": outcomes, "samples": samples}


def target(name: str, server: str, rule: str) -> dict[str, Any]:
    return {
        "kind": "TrafficTarget",
        "metadata": {"name": name, "namespace": "t1"},
        "spec": {
            "destination": {"kind": "ServiceAccount", "name": server},
            "sources": [{"kind": "ServiceAccount", "name": "a", "namespace": "t1"}],
            "rules": [{"kind": "HTTPRouteGroup", "name": rule, "matches": ["x"]}],
        },
    }


def group(name: str) -> dict[str, Any]:
    return {
        "kind": "HTTPRouteGroup",
        "metadata": {"name": name, "namespace": "t1"},
        "spec": {"matches": [{"name": "x", "pathRegex": "/x", "methods": ["GET"]}]},
    }


MANIFESTS = [
    group("routes"),
    target("first", "srv-1", "routes"),
    group("other"),
    target("gone", "srv-1", "other"),
    target("else", "srv-2", "routes"),
]
TIMELINE = [
    *({"at": at, "event": f"applied {m['kind']} t1/{m['metadata']['name']}"} for at, m in enumerate(MANIFESTS)),
    {"at": 7.0, "event": "deleted TrafficTarget t1/gone"},
]


def test_a_leak_names_call_arrival_and_the_objects_of_that_server() -> None:
    """Objects of other servers, and those that were deleted, decide nothing here."""
    seen = {
        "at": 12.0,
        "event": "did not settle",
        "claims": [claim("control", delivered=["ok"]), claim("denied", delivered=["nonce 4-0 at srv-1-x"])],
    }

    assert failure_of({"timeline": [*TIMELINE, seen], "manifests": MANIFESTS}) == Failure(
        sent=f"{CALL}, until 5.0 s after the last change of an object",
        expected="denied: never arrives at the server",
        got="answer 200 in 1 of 1; nonce 4-0 at srv-1-x",
        objects=("TrafficTarget t1/first (from t1/a: HTTPRouteGroup routes x)", "HTTPRouteGroup t1/routes (x: GET /x)"),
    )


def test_a_refusal_of_what_is_allowed() -> None:
    """The outcome of what did not arrive, not of what did."""
    seen = {
        "at": 9.0,
        "event": "held",
        "claims": [claim("allowed", delivered=["fine"], not_delivered=["nonce 5-1: reset"])],
    }
    found = failure_of({"timeline": [*TIMELINE, seen], "manifests": MANIFESTS})
    assert found.expected == "allowed: arrives at the server and is answered"
    assert found.got == "answer 200 in 1 of 1, reset in 1 of 1; nonce 5-1: reset"


REJECTED = {"decision": "rejected", "expected": {"v1": 0.9, "v2": 0.1}, "counts": {"v1": 60, "v2": 40}, "n": 100}
UNSETTLED = {"expected": "v1 90.0%, v2 10.0%", "last": {"v1": 24, "v2": 26}, "seconds": 5.2}


@pytest.mark.parametrize(
    ("event", "got"),
    [
        ({"event": "shares did not settle", "call": CALL, **UNSETTLED}, "24 at v1, 26 at v2 after 5.2 s"),
        ({"event": "shares tested", "call": CALL, "test": REJECTED}, "60 at v1, 40 at v2 of 100"),
    ],
)
def test_shares(event: dict[str, Any], got: str) -> None:
    """Shares that are wrong are told as shares."""
    split = {
        "kind": "TrafficSplit",
        "metadata": {"name": "s", "namespace": "t1"},
        "spec": {"service": "srv-1", "backends": [{"service": "v1", "weight": 90}, {"service": "v2", "weight": 10}]},
    }
    found = failure_of({"timeline": [event], "manifests": [split]})
    assert (found.expected, found.got, found.objects) == (
        "v1 90.0%, v2 10.0%",
        got,
        ("TrafficSplit t1/s (srv-1: v1 90, v2 10)",),
    )


def test_what_the_cluster_showed_is_a_row_of_its_own() -> None:
    """Once, whether the scenario itself or one that it shares was looked at."""
    look = {"event": "looked at the cluster", "known": ["deployment/x in y has no pods", "pod t1/srv is gone"]}
    shared = {"event": "judges the shared scenario", "timeline": [{**look, "known": look["known"][:1]}]}
    evidence = {"timeline": [shared, look]}
    matrix, _ = a_matrix()
    (run,) = matrix.runs
    entry = next(entry for entry in run.results if entry.evidence)
    assert entry.evidence is not None

    rows = list(failure_rows(run, entry, {entry.evidence.path: failure_of(evidence)}))

    index = rows.index(("cluster", "deployment/x in y has no pods"))
    assert rows[index + 1] == ("", "pod t1/srv is gone")
    assert len([text for _, text in rows if "has no pods" in text]) == 1


WORDS = [
    "known",
    "timeline",
    "manifests",
    "claims",
    "claim",
    "samples",
    "kind",
    "spec",
    "event",
    "test",
    "at",
    "metadata",
    "backends",
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(WORDS) | st.text(max_size=3)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)


@given(st.dictionaries(st.sampled_from(["timeline", "manifests"]), JSON))
def test_evidence_of_any_form_raises_nothing(document: dict[str, Any]) -> None:
    """Evidence is a file from elsewhere; what it does not tell is empty."""
    assert isinstance(failure_of(document), Failure)


def test_rows_end_with_clause_command_and_evidence() -> None:
    """Also without any evidence that could be read."""
    matrix, _ = a_matrix()
    (run,) = matrix.runs
    entry = run.results[0]
    rows = dict(failure_rows(run, entry, {}, report="smi-report"))
    assert rows["repeat"] == f"pytest --mesh={run.mesh.name} -k {entry.requirement} --smi-keep"
    assert entry.evidence is not None
    assert rows["evidence"] == f"smi-report/{entry.evidence.path}"
    assert "clause" in rows


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{", json.dumps({"timeline": 1}).encode()])
def test_evidence_that_is_none(data: bytes) -> None:
    """It tells nothing, and stops nothing."""
    from pytest_smi.core.terms import Status

    matrix, _ = a_matrix(statuses={"TA-01": Status.FAILED})
    paths = [entry.evidence.path for run in matrix.runs for entry in run.results if entry.evidence]
    assert set(failures_of(matrix, dict.fromkeys(paths, data)).values()) == {Failure()}
