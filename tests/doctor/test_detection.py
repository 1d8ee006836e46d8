"""`--mesh auto`: one mesh is found by its workloads, none and several are told."""

import pytest

from pytest_smi.doctor.detection import choose, clues
from pytest_smi.errors import UsageProblem
from pytest_smi.profiles.load import Profile, known_profiles, load_profile

SHIPPED: dict[str, Profile] = {name: load_profile(name) for name in known_profiles()}


@pytest.mark.parametrize("name", [name for name, profile in SHIPPED.items() if profile.mesh.detect])
def test_each_mesh_is_known_by_its_own_workload(name: str) -> None:
    """No workload gives two meshes away."""
    assert choose(SHIPPED, clues(SHIPPED[name])).name == name


def test_every_mesh_that_claims_something_can_be_detected() -> None:
    """Except the null mesh, which is nowhere."""
    assert {name for name, profile in SHIPPED.items() if not profile.claims_nothing and not profile.mesh.detect} == {
        "none"
    }


def test_none_lists_what_was_looked_for() -> None:
    """A reader sees which workloads would have told."""
    with pytest.raises(UsageProblem) as caught:
        choose(SHIPPED, [])

    for part in (
        "no known mesh is installed",
        "osm: osm-system/deployment/osm-controller",
        "linkerd: linkerd-smi/deployment/smi-adaptor",
    ):
        assert part in caught.value.message


def test_several_list_what_was_found() -> None:
    """Two meshes in a cluster: the user says which."""
    with pytest.raises(UsageProblem) as caught:
        choose(SHIPPED, [*clues(SHIPPED["osm"]), *clues(SHIPPED["kuma"])])

    assert (
        "several meshes are installed: kuma: kuma-system/deployment/kuma-control-plane; osm: osm-system/"
        in caught.value.message
    )
    assert caught.value.hint == "name the one to test, such as --mesh kuma"
