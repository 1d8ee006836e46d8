"""Traffic Metrics, roles: who may read what."""

from pytest_smi.scenario.metrics import access, lists, readings
from pytest_smi.scenario.metrics.access import reader
from pytest_smi.scenario.scenario import Inconclusive, Scenario, assertion
from pytest_smi.scenario.verdict import require


@assertion("TM-56", level="MUST", source="metrics v1alpha1 §RBAC")
def test_role_for_everything(smi: Scenario) -> None:
    """A Role for all resources reads everything in its namespace."""
    who, pod = reader(smi), smi.client("a").pods[0].name
    access.refused_so_far(who, "/deployments")
    who.permit("*")
    offered = lists.namespaced(smi.api(smi.metrics_path()).body)
    if not offered:
        raise Inconclusive("the API lists no resources")
    for rest in (*(f"/{name}" for name in offered), f"/pods/{pod}/edges"):
        access.reads(who, rest)


@assertion("TM-57", level="MUST", source="metrics v1alpha1 §RBAC")
def test_role_for_edges(smi: Scenario) -> None:
    """A Role for `pods/edges` reads the edges of pods, and not the pods."""
    who, pod = reader(smi), smi.client("a").pods[0].name
    edges = f"/pods/{pod}/edges"
    access.refused_so_far(who, "/deployments", edges, "/pods")
    who.permit("pods/edges", "deployments")
    access.reads(who, edges)
    for rest in ("/pods", f"/pods/{pod}"):
        refused = who.ask(rest).status
        require(refused == 403, f"{rest}: a Role for pods/edges was answered {refused}, expected 403")


@assertion("TM-58", level="MUST (derived)", source="metrics v1alpha1 §RBAC")
def test_role_of_one_namespace(smi: Scenario) -> None:
    """A Role in one namespace does not read another, nor all of them."""
    who, other = reader(smi), smi.namespace("t2")
    who.permit("*")
    for rest in (f"/namespaces/{other}/deployments", f"/namespaces/{other}/pods", "/deployments"):
        refused = who.ask_anywhere(rest).status
        require(refused == 403, f"{rest}: a Role in {who.namespace} was answered {refused}, expected 403")


@assertion("TM-59", level="unspecified", source="metrics v1alpha1 §RBAC (silent)")
def test_role_for_edges_of_a_namespace(smi: Scenario) -> None:
    """By which resource a Role permits the edges of a namespace is not said."""
    smi.observed(readings.permission(reader(smi).ask("/edges")))
