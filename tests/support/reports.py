"""Small signed reports in a folder, for the tests of verifying, merging and comparing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.build import RunContext, build_matrix
from pytest_smi.matrix.matrix import Catalogue, Matrix, Mesh, Provenance, Suite
from pytest_smi.reports.write import write_report
from pytest_smi.signing.signer import Signer

SIGNER = Signer(ec.generate_private_key(ec.SECP256R1()))
SUITE = Suite(name="pytest-smi", version="0.0.9", digest="a" * 64)
LEVELS = {"TA-01": Level.MUST, "TA-02": Level.DERIVED, "TA-03": Level.SHOULD, "TA-04": Level.UNSPECIFIED}


def a_catalogue(levels: Mapping[str, Level] = LEVELS, digest: str = "d" * 64) -> Catalogue:
    """A catalogue of these requirements."""
    return Catalogue(digest=digest, requirements=dict(levels))


def a_matrix(
    *,
    mesh: str = "reference",
    version: str = "0.1.0",
    nonce: str = "n1",
    finished: str = "2026-01-01T00:01:00Z",
    statuses: Mapping[str, Status] | None = None,
    reading: str = "first",
    catalogue: Catalogue | None = None,
    evidence: bool = True,
    suite: Suite = SUITE,
    **context: Any,
) -> tuple[Matrix, dict[str, bytes]]:
    """A matrix of one run over LEVELS (passed, observed for what is unspecified, where `statuses` says nothing else),
    and its evidence."""
    found = {
        name: Status.OBSERVED if level is Level.UNSPECIFIED else Status.PASSED for name, level in LEVELS.items()
    } | dict(statuses or {})
    results = [
        Result(
            id=f"sample::{name}[v1alpha3]",
            requirement=name,
            api=Api.ACCESS,
            version="v1alpha3",
            level=LEVELS.get(name, Level.MUST),
            status=status,
            reason="" if status is Status.PASSED else f"it is {status}",
            source="access v1alpha3",
            duration=0.25,
            mesh=mesh,
            reading=reading if status is Status.OBSERVED else None,
            evidence={"seen": name, "by": nonce} if evidence else None,
        )
        for name, status in found.items()
    ]
    fields: dict[str, Any] = {
        "mesh": Mesh(name=mesh, version=version, images={"proxy:1": "sha256:" + "c" * 64}),
        "kubernetes": "v1.32.0",
        "apis": {Api.ACCESS: "v1alpha3"},
        "required": {},
        "started_at": "2026-01-01T00:00:00Z",
        "finished_at": finished,
        "nonce": nonce,
        "provenance": Provenance(catalogue=catalogue or a_catalogue()),
    }
    built = build_matrix(suite, "2026-01-01T00:02:00Z", [(RunContext(**{**fields, **context}), results)])
    return built.matrix, built.evidence


def a_report(folder: Path, signer: Signer = SIGNER, **of_matrix: Any) -> Path:
    """Write such a matrix as a signed report; returns the folder."""
    matrix, evidence = a_matrix(**of_matrix)
    write_report(folder, matrix, evidence, signer)
    return folder
