"""APIs that are stored and not claimed: which assertions are run, and what a worker and the matrix are told of them."""

import json
from pathlib import Path

import pytest

from pytest_smi.cluster.embedded import EmbeddedCluster, persona_arguments
from pytest_smi.core.catalogue import Assertion, load
from pytest_smi.core.limits import Limits
from pytest_smi.profiles.load import load_profile
from pytest_smi.session.selection import why_unsupported
from pytest_smi.testbed.target import MeshTarget
from tests.support.runs import run_suite

WHY = "stored so that access can refer to it, but the mesh does not claim it"


def a_target(*, stored: dict[str, str]) -> MeshTarget:
    """Consul, of which access is tested."""
    return MeshTarget(
        name="consul",
        profile=load_profile("consul"),
        versions={"access": "v1alpha1"},
        absent={"specs": WHY, "split": "not claimed", "metrics": "not claimed"},
        stored=stored,
        limits=Limits(),
        image="sample-app",
        run="0011223344556677",
        apis=("access", "specs", "split", "metrics"),
    )


STORING, NOT_STORING = a_target(stored={"specs": "v1alpha1"}), a_target(stored={})


def requirement(*needs: str, since: tuple[tuple[str, str], ...] = ()) -> Assertion:
    """A requirement of the first of these APIs that needs the others."""
    prefix = {"access": "TA", "specs": "TS", "split": "SP"}[needs[0]]
    return Assertion(
        requirement=f"{prefix}-01",
        name="a::b",
        statement="s",
        level="MUST",
        source="x",
        needs=needs,
        features=(),
        since=since,
    )


@pytest.mark.parametrize(
    ("record", "target", "reason"),
    [
        (requirement("access", "specs"), STORING, ""),
        (requirement("access", "specs"), NOT_STORING, f"specs: {WHY}"),
        (requirement("specs", "access"), STORING, f"specs: {WHY}"),
        (requirement("split", "specs"), STORING, "split: not claimed"),
        (requirement("access", "specs", "split"), STORING, "split: not claimed"),
        (
            requirement("access", "specs", since=(("specs", "v1alpha2"),)),
            STORING,
            "not stated in specs v1alpha1: the requirement is of v1alpha2 and newer",
        ),
    ],
)
def test_what_is_stored_is_enough_for_others_alone(record: Assertion, target: MeshTarget, reason: str) -> None:
    """Requirements of other APIs are run; those of the stored one are unsupported, and say so."""
    assert why_unsupported(record, target) == reason


def test_consul_is_tested() -> None:
    """Without what is stored hardly anything of access could be; nothing of any other API is."""
    catalogue = load()
    with_it = {record.requirement for record in catalogue if not why_unsupported(record, STORING)}
    without = {record.requirement for record in catalogue if not why_unsupported(record, NOT_STORING)}

    assert without < with_it
    assert {"TA-01", "TA-06", "TA-15", "TA-27"} <= with_it - without
    assert {name[:2] for name in with_it} == {"TA"}


def test_a_worker_is_told_what_is_stored() -> None:
    """Objects are written in the stored version there, too; it is not among those tested."""
    sent = MeshTarget.from_wire(json.loads(json.dumps(STORING.to_wire())))

    assert sent == STORING
    assert sent.versions == {"access": "v1alpha1"}
    assert sent.written == {"access": "v1alpha1", "specs": "v1alpha1"}


@pytest.mark.slow
def test_the_matrix_shows_a_stored_api_as_unclaimed(tmp_path: Path) -> None:
    """Access is tested in part, so without a capability; specs, although its objects were written,
    has no version either."""
    cluster = EmbeddedCluster(persona_arguments("consul"))
    try:
        run = run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-k", "TA-29 or TS-01", mesh="consul")
    finally:
        cluster.stop()

    assert run.status == 0, run.output
    assert (run.requirements("passed"), run.requirements("unsupported")) == ({"TA-29"}, {"TS-01"})
    assert run.matrix is not None
    (found,) = run.matrix["runs"]
    assert (found["emulated"], found["conformant"]) == ("consul", False)
    assert any("an emulation was tested" in reason for reason in found["restricted"])
    assert found["options"]["notes"] == [f"specs v1alpha1 is {WHY}"]
    assert found["apis"]["access"] == {"version": "v1alpha1", "capability": "not claimed"}
    assert found["apis"]["specs"] == {"version": None, "capability": "not claimed"}
