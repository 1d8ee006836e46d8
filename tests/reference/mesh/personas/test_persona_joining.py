"""Pods join as the persona's mesh has them join: by marks of the namespace, of the pod, or of both."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.mesh.personas import find_persona
from pytest_smi.reference.mesh.personas.joining import joins


def _thing(labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"labels": labels or {}, "annotations": annotations or {}}, "spec": {}}


PLAIN = _thing()
OSM_LABEL = {"openservicemesh.io/monitored-by": "osm"}
OSM_MARK = {"openservicemesh.io/sidecar-injection": "enabled"}
LINKERD = {"linkerd.io/inject": "enabled"}
NGINX = "injector.nsm.nginx.com/auto-inject"
CONSUL = "consul.hashicorp.com/connect-inject"


@pytest.mark.parametrize(
    ("name", "pod", "namespace", "expected"),
    [
        ("osm", PLAIN, _thing(OSM_LABEL, OSM_MARK), True),
        ("osm", PLAIN, _thing(OSM_LABEL), False),
        ("osm", PLAIN, _thing(None, OSM_MARK), False),
        ("osm", _thing(None, OSM_MARK), _thing(OSM_LABEL), True),
        ("osm", _thing(None, {"openservicemesh.io/sidecar-injection": "disabled"}), _thing(OSM_LABEL, OSM_MARK), False),
        ("linkerd", PLAIN, _thing(None, LINKERD), True),
        ("linkerd", _thing(None, LINKERD), PLAIN, True),
        ("linkerd", _thing(None, {"linkerd.io/inject": "disabled"}), _thing(None, LINKERD), False),
        ("linkerd", PLAIN, PLAIN, False),
        ("nginx-service-mesh", PLAIN, _thing({NGINX: "enabled"}), True),
        ("nginx-service-mesh", _thing({NGINX: "disabled"}), _thing({NGINX: "enabled"}), False),
        ("nginx-service-mesh", _thing(None, {NGINX: "enabled"}), PLAIN, False),
        ("istio", PLAIN, _thing({"istio-injection": "enabled"}), True),
        ("istio", _thing(None, {"sidecar.istio.io/inject": "false"}), _thing({"istio-injection": "enabled"}), False),
        ("consul", _thing(None, {CONSUL: "true"}), PLAIN, True),
        ("consul", PLAIN, _thing(None, {CONSUL: "true"}), False),
        ("traefik-mesh", PLAIN, PLAIN, True),
    ],
)
def test_a_pod_joins_by_its_meshs_marks(
    name: str, pod: dict[str, Any], namespace: dict[str, Any], expected: bool
) -> None:
    """The marks of the real mesh decide, and a pod's own word counts before its namespace's."""
    assert joins(find_persona(name).join, pod, namespace) is expected


def test_a_pod_of_the_hosts_network_stays_out() -> None:
    """There is nothing to redirect."""
    pod = _thing() | {"spec": {"hostNetwork": True}}
    assert not joins(find_persona("traefik-mesh").join, pod, PLAIN)
