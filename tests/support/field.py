"""A field of meshes with many versions each, over the whole catalogue: what the page and the site have to bear."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pytest_smi.core.catalogue import Assertion, load
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.build import Built, RunContext, build_matrix
from pytest_smi.matrix.matrix import Mesh, Suite
from pytest_smi.matrix.provenance_record import Provenance
from pytest_smi.matrix.suite import catalogue_bytes, catalogue_of
from pytest_smi.reports.write import write_report
from pytest_smi.signing.signer import Signer
from tests.support.matrices import evidence_of

MESHES = (
    "aspen-mesh",
    "consul",
    "fsm",
    "gloo-mesh",
    "istio",
    "kuma",
    "linkerd",
    "maesh",
    "meshery-nighthawk",
    "nginx-service-mesh",
    "osm",
    "traefik-mesh",
)
SUITE = Suite(name="pytest-smi", version="0.1.0", digest="a" * 64)
VERSIONS = {Api.ACCESS: "v1alpha3", Api.SPECS: "v1alpha4", Api.SPLIT: "v1alpha4", Api.METRICS: "v1alpha1"}
NEWEST = datetime(2026, 11, 20, 10, tzinfo=UTC)


@cache
def catalogue() -> tuple[Assertion, ...]:
    """The catalogue, read once."""
    return tuple(load())


@cache
def provenance() -> Provenance:
    """What all runs have in common: the catalogue."""
    return Provenance(catalogue=catalogue_of(catalogue()))


def statements() -> dict[str, str]:
    """The sentence of each requirement."""
    return {record.requirement: record.statement for record in catalogue()}


def runs_of(mesh: str, versions: int) -> Iterator[tuple[RunContext, list[Result]]]:
    """The runs of a mesh, the oldest first: a few requirements change from one version to the next."""
    chance = random.Random(mesh)
    left_out = set(chance.sample(list(Api), chance.randrange(0, 3)))
    state = {record.requirement: _first(record, left_out, chance) for record in catalogue()}
    for number in range(versions):
        for record in chance.sample(catalogue(), 3):
            if state[record.requirement] in (Status.PASSED, Status.FAILED, Status.ERRORED):
                state[record.requirement] = chance.choice([Status.PASSED, Status.PASSED, Status.FAILED, Status.ERRORED])
        finished = NEWEST - timedelta(days=14 * (versions - 1 - number))
        yield (
            RunContext(
                mesh=Mesh(name=mesh, version=f"v1.{number}.{chance.randrange(9)}", images={}),
                kubernetes="v1.34.4",
                apis={api: None if api in left_out else VERSIONS[api] for api in Api},
                required={},
                started_at=(finished - timedelta(minutes=9)).isoformat(),
                finished_at=finished.isoformat(),
                nonce=f"{mesh}-{number}",
                provenance=provenance(),
            ),
            [_result(record, state[record.requirement], mesh) for record in catalogue()],
        )


def field(meshes: int = 12, versions: int = 20) -> Built:
    """One matrix of them all."""
    runs = [run for mesh in MESHES[:meshes] for run in runs_of(mesh, versions)]
    return build_matrix(SUITE, NEWEST.isoformat(), runs)


def _first(record: Assertion, left_out: set[Api], chance: random.Random) -> Status:
    if any(Api(api) in left_out for api in record.needs):
        return Status.UNSUPPORTED
    if record.level == Level.UNSPECIFIED:
        return Status.OBSERVED
    return chance.choices([Status.PASSED, Status.FAILED, Status.ERRORED, Status.SKIPPED], [90, 6, 2, 1])[0]


def _result(record: Assertion, status: Status, mesh: str) -> Result:
    api = Api(record.api)
    return Result(
        id=f"{record.name}[{VERSIONS[api]}]",
        requirement=record.requirement,
        api=api,
        version=VERSIONS[api],
        level=Level(record.level),
        status=status,
        reason="" if status is Status.PASSED else f"it was {status} here, as `kubectl get` shows",
        source=record.source,
        duration=1.5,
        mesh=mesh,
        reading="both conditions must hold" if status is Status.OBSERVED else None,
        evidence=None if status in (Status.UNSUPPORTED, Status.SKIPPED) else evidence_of(record.requirement),
    )


def reports_of(folder: Path, meshes: int, versions: int, signer: Signer) -> list[Path]:
    """A signed report for each version of each mesh, with the catalogue beside it."""
    data = catalogue_bytes(catalogue())
    made = []
    for mesh in MESHES[:meshes]:
        for number, run in enumerate(runs_of(mesh, versions)):
            of = build_matrix(SUITE, run[0].finished_at, [run])
            made.append(folder / f"{mesh}-{number}")
            write_report(made[-1], of.matrix, of.evidence, signer, catalogue=data)
    return made
