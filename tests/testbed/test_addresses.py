"""Names of Services by family and place of the client, and the Services themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.profiles.load import FAMILIES, Profile, ServiceFacts, load_profile
from pytest_smi.testbed import manifests
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.workloads import DEFAULT_PORTS, TCP_SERVER_FIRST, Workload, family_of

TRAEFIK, OSM = load_profile("traefik-mesh"), load_profile("osm")


def workload(profile: Profile, name: str = "srv", *, joined: bool = True) -> Workload:
    """A workload that was never deployed."""
    addresses = Addresses.of(profile, name, "t1")
    host = addresses.of_call("http", outside=False)
    made = Workload(
        name=name,
        namespace="t1",
        account=name,
        host=host,
        replicas=1,
        joined=joined,
        title=name,
        await_pods=lambda _: (),
        addresses=addresses,
    )
    made._pods = (app_pod(name),)
    return made


def app_pod(name: str) -> Any:
    """A pod for it."""
    from pytest_smi.testbed.workloads import Pod

    return Pod("t1", f"{name}-1", "10.0.0.1", name)


def test_calls_of_each_family_go_to_their_own_service() -> None:
    """Where a Service carries one family only, TCP and UDP have names of their own."""
    client, server = workload(TRAEFIK, "cli"), workload(TRAEFIK)

    assert client.get(server).host == "srv.t1.traefik.mesh"
    assert client.tcp(server).host == "srv-tcp.t1.traefik.mesh"
    assert client.udp(server).host == "srv-udp.t1.traefik.mesh"
    assert {call.server for call in (client.get(server), client.tcp(server), client.udp(server))} == {"t1/srv"}


def test_clients_outside_the_mesh_use_the_clusters_names() -> None:
    """A mesh that is entered by a name is left by the ordinary one."""
    outsider, server = workload(TRAEFIK, "cli", joined=False), workload(TRAEFIK)

    assert outsider.get(server).host == "srv.t1.svc.cluster.local"
    assert outsider.tcp(server).host == "srv-tcp.t1.svc.cluster.local"
    assert outsider.get(server).outside


def test_one_service_has_one_name() -> None:
    """Elsewhere nothing depends on the family or on the client."""
    server = workload(OSM)
    hosts = {
        workload(OSM, "cli", joined=joined)._call(server, 1, kind=family).host
        for joined in (True, False)
        for family in FAMILIES
    }

    assert hosts == {"srv.t1.svc.cluster.local"}


def test_separate_services_carry_their_annotations() -> None:
    """Traefik Mesh tells families apart by an annotation of the Service."""
    made = manifests.services(Addresses.of(TRAEFIK, "srv", "t1"), selector={"a": "b"}, facts=TRAEFIK.services)

    kinds = {
        item["metadata"]["name"]: item["metadata"].get("annotations", {}).get("mesh.traefik.io/traffic-type")
        for item in made
    }
    assert kinds == {"srv": None, "srv-tcp": "tcp", "srv-udp": "udp"}


PORTS = st.dictionaries(
    st.sampled_from([*DEFAULT_PORTS, "80/TCP", "1024/TCP"]), st.sampled_from(sorted(DEFAULT_PORTS.values())), min_size=1
)


@given(PORTS, st.booleans())
def test_no_port_is_lost_or_doubled(ports: dict[str, int], separate: bool) -> None:
    """Together the Services have exactly the ports that were asked for; separate ones hold one family each."""
    profile = Profile(name="x", title="x", provider="cluster", services=ServiceFacts(separate=separate))

    made = manifests.services(Addresses.of(profile, "srv", "t1"), selector={}, ports=ports)

    found = [
        (f"{port['port']}/{port['protocol']}", port["targetPort"]) for item in made for port in item["spec"]["ports"]
    ]
    assert sorted(found) == sorted(ports.items())
    for item in made if separate else ():
        families = {
            family_of(f"{port['port']}/{port['protocol']}", port["targetPort"]) for port in item["spec"]["ports"]
        }
        assert len(families) == 1
    assert separate or len(made) == 1


@pytest.mark.parametrize("name", ["reference", "consul"])
def test_single_services_are_what_they_always_were(name: str) -> None:
    """A profile that asks for nothing gets the plain Service, without annotations."""
    profile = load_profile(name)

    made = manifests.services(Addresses.of(profile, "srv", "t1"), selector={"a": "b"}, facts=profile.services)

    assert made == [manifests.service("srv", "t1", selector={"a": "b"})]


@pytest.mark.parametrize(
    ("name", "declared"),
    [("osm", "tcp-server-first"), ("fsm", "tcp-server-first"), ("istio", "tcp"), ("linkerd", "tcp")],
)
def test_a_port_where_the_server_speaks_first_is_declared_in_the_words_of_the_mesh(name: str, declared: str) -> None:
    """OSM and FSM wait for the client's first bytes on a port of plain `tcp`;
    other meshes do not know their word for it."""
    [made] = manifests.services(
        Addresses.of(load_profile(name), "srv", "t1"), selector={}, facts=load_profile(name).services
    )

    assert {port["port"]: port.get("appProtocol") for port in made["spec"]["ports"]} == {
        8080: "http",
        8081: "http",
        9000: "tcp",
        9001: declared,
        9100: None,
        9101: None,
    }


def test_linkerd_is_told_not_to_wait_for_the_client() -> None:
    """Linkerd reads a connection's first bytes unless its port is opaque,
    to the caller by the Service and to the server by the pod."""
    linkerd = load_profile("linkerd")
    [made] = manifests.services(Addresses.of(linkerd, "srv", "t1"), selector={}, facts=linkerd.services)

    opaque = {"config.linkerd.io/opaque-ports": str(TCP_SERVER_FIRST)}
    assert made["metadata"]["annotations"] == opaque
    assert opaque.items() <= linkerd.join.pod_annotations.items()


def test_any_protocol_may_be_spelled_otherwise() -> None:
    """A profile may give its own word for UDP, too, where plain Kubernetes says it by the port's protocol alone."""
    facts = ServiceFacts(app_protocols={"http": "kubernetes.io/h2c", "udp": "dns"})
    [made] = manifests.services(
        Addresses.of(OSM, "srv", "t1"), selector={}, ports={"80/TCP": 8080, "53/UDP": 9100}, facts=facts
    )

    assert {port["port"]: port["appProtocol"] for port in made["spec"]["ports"]} == {80: "kubernetes.io/h2c", 53: "dns"}
