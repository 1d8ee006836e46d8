"""Matrices of a chosen shape for the tests of the renderings: several meshes, earlier runs, every status,
and hostile text."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.build import Built, RunContext, build_matrix
from pytest_smi.matrix.matrix import Matrix, Mesh, Suite

HOSTILE = "<script>alert(1)</script>\"'`&amp;]]>--><img src=x onerror=alert(2)>"
"""Text that breaks out of whatever does not escape it."""

STATEMENTS = {
    "TA-01": "HTTP to a destination that no TrafficTarget names is denied.",
    "TA-02": "A source that is listed is allowed, at the same time as another is denied.",
    "TA-03": "A deleted TrafficTarget allows nothing.",
    "TS-01": "A route with a method matches that method only.",
    "TS-04": "A path pattern may or may not match paths that go on after it: the specification does not say.",
    "SP-01": "Weights of 90 and 10 send a tenth of the requests to the second backend.",
    "SP-10": "A backend of weight zero receives nothing.",
    "TM-01": "The group is served through an APIService for its version, which is available.",
}
_API = {"TA": Api.ACCESS, "TS": Api.SPECS, "SP": Api.SPLIT, "TM": Api.METRICS}
_VERSION = {Api.ACCESS: "v1alpha3", Api.SPECS: "v1alpha4", Api.SPLIT: "v1alpha4", Api.METRICS: "v1alpha1"}
_LEVEL = {"TA-03": Level.SHOULD, "TS-04": Level.UNSPECIFIED, "SP-10": Level.DERIVED}
SUITE = Suite(name="pytest-smi", version="0.1.0", digest="a" * 64)


def evidence_of(requirement: str, text: str = "counted") -> dict[str, Any]:
    """A small evidence document as an assertion writes it."""
    return {
        "requirement": requirement,
        "versions": {"split": "v1alpha4"},
        "manifests": [
            {
                "apiVersion": "split.smi-spec.io/v1alpha4",
                "kind": "TrafficSplit",
                "metadata": {"name": text, "namespace": "t1"},
            }
        ],
        "timeline": [
            {"at": 0.01, "event": "deployed srv in t1", "replicas": 1},
            {"at": 0.5, "event": text, "counts": {"v1": 90, "v2": 10}, "note": text},
        ],
    }


def a_run(
    mesh: str = "reference",
    version: str = "0.1.0",
    day: int = 1,
    *,
    statuses: Mapping[str, Status] | None = None,
    reason: str = "",
    images: Mapping[str, str | None] | None = None,
    **changes: Any,
) -> tuple[RunContext, list[Result]]:
    """A run over all of STATEMENTS: passed (observed for what is unspecified) where `statuses` says nothing else."""
    results = [
        _result(
            requirement,
            (statuses or {}).get(requirement, Status.OBSERVED if requirement == "TS-04" else Status.PASSED),
            mesh,
            reason,
        )
        for requirement in STATEMENTS
    ]
    served = {result.api for result in results if result.status is not Status.UNSUPPORTED}
    fields: dict[str, Any] = {
        "mesh": Mesh(
            name=mesh,
            version=version,
            images=dict(images or {"mesh/proxy:1": f"sha256:{'b' * 64}", "mesh/other:1": None}),
        ),
        "kubernetes": "v1.32.0",
        "apis": {api: _VERSION[api] if api in served else None for api in Api},
        "required": {},
        "started_at": f"2026-11-{day:02}T10:00:00Z",
        "finished_at": f"2026-11-{day:02}T10:02:00Z",
        "nonce": f"{mesh}-{version}-{day}",
        "limits": {"hold_probes": 40},
        "options": {"level": "all", "fault": None},
    }
    return RunContext(**{**fields, **changes}), results


def built(*runs: tuple[RunContext, Sequence[Result]]) -> Built:
    """A matrix over these runs with its evidence."""
    return build_matrix(SUITE, "2026-11-21T12:00:00Z", runs or (a_run(),))


def mixed() -> Built:
    """Three meshes, one with earlier runs, with every status among them."""
    return built(
        a_run(
            day=1,
            version="0.0.8",
            statuses={"SP-01": Status.FAILED, "TA-01": Status.FAILED},
            reason="81 of 100 reached v1",
        ),
        a_run(
            day=8,
            version="0.0.9",
            statuses={"SP-01": Status.ERRORED},
            reason="inconclusive: the control was answered by nobody",
        ),
        a_run(day=15),
        a_run(
            "linkerd",
            "edge-26.11",
            16,
            statuses={name: Status.UNSUPPORTED for name in STATEMENTS if name.startswith(("TA", "TM"))},
            reason="access: the mesh does not claim it",
        ),
        a_run(
            "osm",
            "1.2.4",
            17,
            statuses={"SP-10": Status.FAILED, "TA-02": Status.ERRORED, "TA-03": Status.SKIPPED},
            reason="3 of 400 requests reached a backend of weight zero",
            restricted=("hold_probes was lowered from 40 to 4",),
        ),
    )


def hostile() -> Matrix:
    """A matrix in which every string that a mesh or a user may choose is hostile."""
    return hostile_built().matrix


def hostile_built() -> Built:
    """The hostile matrix with its evidence."""
    context, results = a_run(
        HOSTILE,
        HOSTILE,
        reason=HOSTILE,
        statuses={"SP-01": Status.FAILED, "TA-01": Status.ERRORED, "TM-01": Status.UNSUPPORTED},
        kubernetes=HOSTILE,
        images={HOSTILE: None},
        restricted=(HOSTILE,),
        options={HOSTILE: HOSTILE},
        limits={HOSTILE: HOSTILE},
    )
    changed = [
        _result(
            result.requirement,
            result.status,
            HOSTILE,
            HOSTILE,
            source=HOSTILE,
            evidence=evidence_of(result.requirement, HOSTILE),
        )
        for result in results
    ]
    return built((context, changed))


def _result(requirement: str, status: Status, mesh: str, reason: str, **changes: Any) -> Result:
    api = _API[requirement[:2]]
    reading = "the pattern must match the whole path" if status is Status.OBSERVED else None
    told = reason if status in (Status.FAILED, Status.ERRORED, Status.UNSUPPORTED, Status.SKIPPED) else ""
    without = status in (Status.UNSUPPORTED, Status.SKIPPED)
    fields: dict[str, Any] = {
        "id": f"traffic_{api}::{requirement.lower().replace('-', '_')}[{_VERSION[api]}]",
        "requirement": requirement,
        "api": api,
        "version": _VERSION[api],
        "level": _LEVEL.get(requirement, Level.MUST),
        "status": status,
        "reason": f"reading: {reading}" if reading else told,
        "source": f"{api} {_VERSION[api]} §Specification",
        "duration": 1.5,
        "mesh": mesh,
        "reading": (HOSTILE if reason == HOSTILE else reading) if reading else None,
        "evidence": None if without else evidence_of(requirement),
    }
    return Result(**{**fields, **changes})
