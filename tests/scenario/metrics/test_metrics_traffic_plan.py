"""The plan of the shared scenario: what it sends, and what is counted of it."""

from dataclasses import replace

from pytest_smi.scenario.metrics import traffic_plan
from pytest_smi.scenario.metrics.recording import Count, Recording
from pytest_smi.scenario.metrics.records import items_of
from pytest_smi.scenario.metrics.traffic_plan import TrafficPlan
from pytest_smi.testbed.probing.observation import Arrival, Observation, Probe
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from pytest_smi.testbed.workloads import Pod, Service, Workload
from tests.scenario.metrics.metrics_documents import item, listed, metrics, recording, ref


def workload(role: str, namespace: str = "t1", replicas: int = 1) -> Workload:
    """A workload whose pods are Ready at once."""
    pods = [Pod(namespace, f"{role}-{index}", f"127.0.0.{index}", role) for index in range(replicas)]
    return Workload(
        name=role,
        namespace=namespace,
        account=role,
        host=f"{role}.{namespace}",
        replicas=replicas,
        joined=True,
        title=role,
        await_pods=lambda _: pods,
    )


def plan() -> TrafficPlan:
    """Everyone, with a split."""
    workloads = {role: workload(role) for role in ("a", "b", "c", "d", "g", "h", "r", "v1", "v2")}
    workloads |= {"w": workload("w", replicas=3), "x": workload("x", "t2")}
    apex = Service(name="apex", namespace="t1", host="apex.t1", workloads=(workloads["v1"], workloads["v2"]))
    return TrafficPlan(workloads=workloads, apex=apex, tcp=True, http2=True)


def seen(call: Call, times: int, pod: str, *, lost: int = 0) -> Observation:
    """What was seen of a call, some of whose requests never arrived."""
    batch = ProbeBatch(call=call, repeat=times, nonce="n", timeout=1)
    probes = []
    for index in range(times):
        arrival = Arrival(nonce=f"n-{index}", pod=pod, port=8080, protocol="HTTP/1.1")
        arrived = (arrival,) if index >= lost else ()
        probes.append(
            Probe(nonce=f"n-{index}", client_saw="answer", status=200, echo=bool(arrived), arrivals=arrived, ms=20.0)
        )
    return Observation(batch=batch, probes=tuple(probes))


def played(who: TrafficPlan) -> Recording:
    """The plan, played without loss but for two of the requests from g to h."""
    pods = {"apex": "v1-0"} | {role: f"{role}-0" for role in who.workloads}
    found = {}
    for call, times in who.calls.items():
        name = call.server.partition("/")[2]
        pod = next((p.name for p in who.workloads["w"].pods if p.ip == call.address), pods[name])
        found[call] = seen(call, times, pod, lost=2 if (call.client, name) == ("g", "h") else 0)
    kept = recording({}, flows=traffic_plan.flows(who, found))
    return Recording(
        refs=who.refs,
        window=kept.window,
        began=0.0,
        documents={},
        flows=kept.flows,
        fading=kept.fading,
        latencies=traffic_plan.latencies(who, found),
    )


def test_what_arrived_is_counted_and_what_was_lost_is_not() -> None:
    """By pair; requests told to fail are failures."""
    truth = played(plan())
    assert truth.received("b") == Count(successes=220, failures=80)
    assert truth.sent("g", "h").requests == 98
    assert truth.sent("h", "g").requests == 37
    assert truth.sent("x", "r").requests == 30
    assert sum(count.requests for count in truth.by_pod("w").values()) == 60
    assert sorted(count.requests for count in truth.by_pod("w").values()) == [10, 20, 30]


def test_traffic_to_the_split_belongs_to_the_backend_that_got_it() -> None:
    """Not to the name under which it was sent."""
    truth = played(plan())
    assert truth.sent("g", "v1").requests == 50
    assert truth.received("d").requests == 0


def test_pairs_are_as_the_assertions_assume() -> None:
    """a sends only to b and c, and b hears only from a; r is called from both namespaces; d takes no part."""
    pairs = {(flow.source.name, flow.destination.name) for flow in played(plan()).flows}
    assert {pair for pair in pairs if "a" in pair} == {("a", "b"), ("a", "c")}
    assert {pair for pair in pairs if "b" in pair} == {("a", "b")}
    assert {source for source, destination in pairs if destination == "r"} == {"h", "x"}
    assert not {pair for pair in pairs if "d" in pair}


def test_everyone_is_warmed_up_and_nobody_slowly() -> None:
    """One plain call for each pair that the plan has."""
    who = plan()
    assert {(call.source, call.server, call.address) for call in who.warm_up} == {
        (call.source, call.server, call.address) for call in who.calls if call.kind == "http"
    }
    assert {call.kind for call in who.warm_up} == {"http"}
    assert not any(request.headers for call in who.warm_up for request in call.requests)


def test_statuses_can_be_told_by_their_number() -> None:
    """What is not 500 is a success of the plan; every choice of statuses adds up to a number of its own."""
    truth = played(plan())
    assert truth.by_status("g") == {200: 37, 202: 10, 302: 20, 404: 40}
    assert truth.received("g").failures == 0
    sums = {sum(times for index, times in enumerate((10, 20, 40)) if chosen >> index & 1) for chosen in range(8)}
    assert len(sums) == 8


def test_connections_are_no_requests() -> None:
    """They are counted apart, and only what arrived."""
    who = plan()
    (tcp,) = (call for call in who.calls if call.kind == "tcp")
    found = {tcp: seen(tcp, 40, "w-0", lost=2)}
    assert traffic_plan.connections(found) == 38
    assert traffic_plan.flows(who, found) == ()
    assert traffic_plan.latencies(who, found)["w"] == ()


def test_what_is_refused_is_granted_to_nobody_else() -> None:
    """x is called by r alone, so that a failure there can only be a refusal."""
    who = plan()
    assert {call.client for call in who.calls if call.server == who.workloads["x"].key} == {"r"}
    assert (who.refused.client, who.refused.server) == ("h", who.workloads["x"].key)


def test_what_stands_on_a_node_is_added_up() -> None:
    """As far as the nodes of pods are known."""
    truth = replace(recording({}), nodes={"b-0": "n1", "d-0": "n1"})
    pods = items_of(
        listed(*(item(ref(name, kind="Pod"), metrics=metrics(5, 1)) for name in ("b-0", "c-0", "d-0"))).body
    )
    assert truth.on_nodes(pods) == {"n1": 12}


def test_clients_measure_by_destination() -> None:
    """All that was answered, in seconds."""
    assert set(played(plan()).latencies["r"]) == {0.02}
    assert len(played(plan()).latencies["r"]) == 130
