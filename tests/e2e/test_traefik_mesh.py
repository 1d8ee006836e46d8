"""Traefik Mesh on a real Kubernetes: the verdicts are those that docs/results/traefik-mesh.md explains,
run after run."""

import pytest

from tests.e2e.mesh_tests import MeshTests, RealMesh

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("traefik_mesh")]

FEW = (
    "TA-05 or TA-06 or TA-07 or TA-10 or TA-27 or TA-36 or TS-01 or TS-05 or TS-13 or TS-24 or SP-01 or SP-02 or SP-12 "
    "or SP-21 or SP-37"
)


class TestTraefikMesh(MeshTests):
    """See MeshTests."""

    mesh = RealMesh(
        profile="traefik-mesh",
        version="v1.4.8",
        image="mesh",
        namespace="traefik-mesh",
        controller="traefik-mesh-controller",
        selector="component=controller",
        workers=8,
        again=("4", "6"),
        few=FEW,
        brief=f"{FEW} or TA-12 or TA-22 or TA-44 or TS-04 or TS-06 or TS-07 or TS-46 or SP-14 or SP-22 or SP-34",
    )
