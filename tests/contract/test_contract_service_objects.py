"""Service objects: defaults and rules. Every scene of the suite makes some."""

from typing import Any

import pytest

from tests.support.kube_api import Api, Object
from tests.support.kube_samples import service


@pytest.fixture
def services(namespace: str) -> str:
    """The collection of Services."""
    return f"/api/v1/namespaces/{namespace}/services"


class TestServices:
    """Defaults and rules of Services, which every scene of the suite makes."""

    def test_defaults(self, api: Api, services: str, unique: Any) -> None:
        """Clients find a ClusterIP, targetPort equal to port, TCP."""
        spec = api.post(services, service(unique("s"))).ok()["spec"]
        assert spec["clusterIPs"] == [spec["clusterIP"]]
        assert spec["ports"] == [{"port": 80, "targetPort": 80, "protocol": "TCP"}]
        wanted = {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
        }
        assert {name: spec[name] for name in wanted} == wanted
        assert spec["ipFamilyPolicy"] == "SingleStack"

    def test_a_replacement_keeps_the_address(self, api: Api, services: str, unique: Any) -> None:
        """Objects.apply replaces Services without naming their ClusterIP."""
        name = unique("s")
        made = api.post(services, service(name)).ok()
        new = service(name, ports=[{"port": 81}])
        new["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
        changed = api.put(f"{services}/{name}", new).ok()
        assert (changed["spec"]["clusterIP"], changed["spec"]["ports"][0]["port"]) == (made["spec"]["clusterIP"], 81)
        assert changed["metadata"]["uid"] == made["metadata"]["uid"]

    def test_a_headless_service_has_no_address(self, api: Api, services: str, unique: Any) -> None:
        """DNS answers with the pods' addresses then."""
        spec = api.post(services, service(unique("s"), clusterIP="None")).ok()["spec"]
        assert (spec["clusterIP"], spec["clusterIPs"]) == ("None", ["None"])

    @pytest.mark.parametrize(
        ("spec", "cause"),
        [
            ({"ports": [{"port": 80}, {"port": 81}]}, ("spec.ports[0].name", "FieldValueRequired", "Required value")),
            (
                {"ports": [{"port": 0}]},
                ("spec.ports[0].port", "FieldValueInvalid", "Invalid value: 0: must be between 1 and 65535, inclusive"),
            ),
            ({"ports": []}, ("spec.ports", "FieldValueRequired", "Required value")),
            (
                {"ports": [{"port": 80, "protocol": "QUIC"}]},
                (
                    "spec.ports[0].protocol",
                    "FieldValueNotSupported",
                    'Unsupported value: "QUIC": supported values: "SCTP", "TCP", "UDP"',
                ),
            ),
            (
                {"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]},
                ("spec.ports[1].name", "FieldValueDuplicate", 'Duplicate value: "a"'),
            ),
        ],
        ids=["unnamed", "zero", "none", "protocol", "duplicate"],
    )
    def test_rules(self, api: Api, services: str, spec: Object, cause: tuple[str, str, str], unique: Any) -> None:
        """Scenes with several ports rely on named ports being asked for."""
        refused = api.post(services, service(unique("s"), **spec))
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert cause in refused.causes

    def test_tcp_and_udp_may_share_a_port_number(self, api: Api, services: str, unique: Any) -> None:
        """The sample application listens on one number in both protocols."""
        ports = [{"name": "t", "port": 80, "protocol": "TCP"}, {"name": "u", "port": 80, "protocol": "UDP"}]
        assert api.post(services, service(unique("s"), ports=ports)).status == 201

    def test_a_name_must_be_a_dns_label(self, api: Api, services: str) -> None:
        """Services are host names; a digit may not come first."""
        refused = api.post(services, service("9lives"))
        assert refused.status == 422
        assert "a DNS-1035 label must consist of" in refused.message
