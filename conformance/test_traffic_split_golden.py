"""Traffic Split: the specification's own walk-throughs, from their first object to their last."""

from pytest_smi.scenario.scenario import Scenario, assertion

PORTS, OWN_PORTS = {"8080/TCP": 8080}, {"8080/TCP": 8081}
"""Ports of `foobar` and of its versions' own Services: where a request arrives tells whether the split had a hand in
it."""


@assertion("SP-64", level="MUST", source="split v1alpha4 §Workflow", since={"split": "v1alpha2"})
def test_rollout_of_foobar(smi: Scenario) -> None:
    """The rollout of foobar-v2 comes out as the specification tells it, from the first split to the last deletion."""
    client = smi.client("a")
    # "The user has previously created": Deployment and Service foobar-v1, and Service foobar over all versions.
    v1 = smi.server("foobar-v1", ports=OWN_PORTS)
    foobar = smi.service("foobar", [v1], ports=PORTS)
    smi.open_to_all(v1, sources=[client])
    calls = client.get(foobar)
    # "Create a new traffic split named foobar-rollout"; it "refers to the service foobar-v2 even before it is created".
    rollout = smi.split(foobar, {v1: 100, "foobar-v2": 0}, name="foobar-rollout")
    smi.apply(rollout)
    smi.control_port(calls, 8081)
    # "Create a new deployment named foobar-v2", then "a new service named foobar-v2": it gets no traffic.
    v2 = smi.server("foobar-v2", service=False)
    smi.open_to_all(v1, v2, sources=[client])
    smi.only(calls, [v1], settle=False)
    smi.give_service(v2, ports=OWN_PORTS)
    smi.only(calls, [v1])
    # "Spot check by sending manual requests to the foobar-v2 service."
    smi.open_to_all(v1, v2, sources=[client])
    smi.only(client.get(v2), [v2])
    # "The user increases the weight of foobar-v2": approximately 33 % of traffic.
    smi.apply(smi.split(foobar, {v1: 1000, v2: 500}, name="foobar-rollout"))
    smi.share(calls, {v1: 1000, v2: 500})
    # "Redirect all traffic to the new version", then "delete the old foobar-v1" deployment and service.
    smi.apply(smi.split(foobar, {v2: 1}, name="foobar-rollout"))
    smi.only(calls, [v2])
    smi.retire(v1)
    smi.only(calls, [v2])
    # "Delete foobar-rollout as it is no longer needed."
    smi.delete(rollout)
    smi.on_ports(calls, {v2: 8080})


@assertion("SP-65", level="MUST", source="split v1alpha4 §Ports")
def test_birds(smi: Scenario) -> None:
    """Both examples of birds are split as the specification says: by the number of the port, each backend with its own
    target ports, and never to a backend that lacks the port."""
    client = smi.client("a")
    color = {"blue-birds": smi.tag}
    blue = smi.server("blue-birds", ports={"8080/TCP": 8080, "9090/TCP": 8081}, labels=color)
    green = smi.server("green-birds", ports={"8080/TCP": 8081, "9090/TCP": 8080})
    birds = smi.service("birds", [blue, green], ports={"8080/TCP": 8080, "9090/TCP": 8081})
    fewer = smi.service("fewer-birds", [blue, green], ports={"8080/TCP": 8080})
    portless = smi.service("portless-birds", [blue], ports={"1024/TCP": 8080}, selector=color)
    smi.open_to_all(blue, green, sources=[client])
    smi.apply(smi.split(birds, {blue: 50, green: 50}))
    # "Traffic destined for birds:8080 will select between 8080 on either"; for green-birds it "goes to 8081".
    smi.on_ports(client.get(birds, port=8080), {blue: 8080, green: 8081})
    # "Traffic destined for birds:9090 follows the same guidelines."
    smi.on_ports(client.get(birds, port=9090), {blue: 8081, green: 8080})
    # "As the port is 1024 for blue-birds", traffic "will only ever be forwarded to port 8080 on green-birds".
    smi.apply(smi.split(fewer, {portless: 50, green: 50}, name="fewer"))
    smi.on_ports(client.get(fewer), {green: 8081})
