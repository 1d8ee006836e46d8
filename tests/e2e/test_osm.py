"""Open Service Mesh on a real Kubernetes: the verdicts are those that docs/results/osm.md explains, run after run."""

import pytest

from tests.e2e.mesh_tests import MeshTests, RealMesh

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("osm")]


FEW = "TA-05 or TA-06 or TA-10 or TA-27 or TS-01 or TS-05 or TS-24 or SP-01 or SP-12 or SP-21"


class TestOsm(MeshTests):
    """See MeshTests."""

    mesh = RealMesh(
        profile="osm",
        version="v1.2.4",
        image="osm-controller",
        namespace="osm-system",
        controller="osm-controller",
        selector="app=osm-controller",
        workers=4,
        again=("3", "4"),
        few=FEW,
        brief=f"{FEW} or SP-31 or TS-04",
        once=True,
    )
