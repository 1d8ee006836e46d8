"""Names of Services by family and place of the client, and the Services themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.profiles.load import FAMILIES, Profile, ServiceFacts, load_profile
from pytest_smi.testbed import manifests
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.workloads import DEFAULT_PORTS, Workload, family_of

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
    hosts = {workload(OSM, "cli", joined=joined)._call(server, 1, kind=family).host for joined in (True, False) for family in FAMILIES}

    assert hosts == {"srv.t1.svc.cluster.local"}


def test_separate_services_carry_their_annotations() -> None:
    """Traefik Mesh tells families apart by an annotation of the Service."""
    made = manifests.services(Addresses.of(TRAEFIK, "srv", "t1"), selector={"a": "b"}, annotations=TRAEFIK.services.annotations)

    kinds = {item["metadata"]["name"]: item["metadata"].get("annotations", {}).get("mesh.traefik.io/traffic-type") for item in made}
    assert kinds == {"srv": None, "srv-tcp": "tcp", "srv-udp": "udp"}


PORTS = st.dictionaries(
    st.sampled_from([*DEFAULT_PORTS, "80/TCP", "1024/TCP"]), st.sampled_from(sorted(DEFAULT_PORTS.values())), min_size=1
)


@given(PORTS, st.booleans())
def test_no_port_is_lost_or_doubled(ports: dict[str, int], separate: bool) -> None:
    """Together the Services have exactly the ports that were asked for; separate ones hold one family each."""
    profile = Profile(name="x", title="x", provider="cluster", services=ServiceFacts(separate=separate))

    made = manifests.services(Addresses.of(profile, "srv", "t1"), selector={}, ports=ports)

    found = [(f"{port['port']}/{port['protocol']}", port["targetPort"]) for item in made for port in item["spec"]["ports"]]
    assert sorted(found) == sorted(ports.items())
    for item in made if separate else ():
        families = {family_of(f"{port['port']}/{port['protocol']}", port["targetPort"]) for port in item["spec"]["ports"]}
        assert len(families) == 1
    assert separate or len(made) == 1


@pytest.mark.parametrize("name", ["reference", "osm", "linkerd"])
def test_single_services_are_what_they_always_were(name: str) -> None:
    """A profile that asks for nothing gets the plain Service, without annotations."""
    profile = load_profile(name)

    made = manifests.services(Addresses.of(profile, "srv", "t1"), selector={"a": "b"}, annotations=profile.services.annotations)

    assert made == [manifests.service("srv", "t1", selector={"a": "b"})]
