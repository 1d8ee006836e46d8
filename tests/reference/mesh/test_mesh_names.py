"""Names of a mesh's own domain follow the Services of others."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.mesh.mesh_names import addresses, wanted
from pytest_smi.reference.node.netmap import build


def _service(name: str, namespace: str, ip: str = "127.5.64.9", **annotations: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    meta = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"metadata": meta, "spec": {"clusterIP": ip, "ports": ports}}


def test_each_service_has_a_name_in_the_meshs_domain() -> None:
    """Headless Services, the mesh's own and the cluster's have none."""
    services = {
        ("t1", "srv"): _service("srv", "t1"),
        ("t1", "headless"): _service("headless", "t1", "None"),
        ("home", "own"): _service("own", "home"),
        ("kube-system", "dns"): _service("dns", "kube-system"),
    }
    (shadow,) = wanted(services, "home", "traefik.mesh").values()
    assert shadow["metadata"]["annotations"]["network.smi-reference.io/names"] == "srv.t1.traefik.mesh"
    assert shadow["spec"]["ports"] == [{"name": "http", "port": 80, "protocol": "TCP"}]


def test_an_address_leads_to_its_service_while_that_exists() -> None:
    """A Service of the mesh whose Service is gone leads nowhere."""
    home = {
        ("home", f"s-{name}"): _service(f"s-{name}", "home", ip)
        for name, ip in (("srv", "127.5.64.1"), ("old", "127.5.64.2"))
    }
    for name, (_, service) in zip(("srv", "old"), home.items(), strict=True):
        service["metadata"]["annotations"]["smi-reference.io/service"] = f"t1/{name}"
    services = {("t1", "srv"): _service("srv", "t1"), **home}
    assert addresses(services, "home") == {"127.5.64.1": "t1/srv"}


def test_the_name_server_knows_further_names() -> None:
    """As where a mesh patches the cluster's name server."""
    service = _service("shadow", "home", **{"network.smi-reference.io/names": "Srv.t1.traefik.mesh"})
    names = build([service], {})["names"]
    assert names["srv.t1.traefik.mesh"] == names["shadow.home.svc.cluster.local"] == ["127.5.64.9"]
