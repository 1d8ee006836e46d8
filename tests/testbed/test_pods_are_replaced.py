"""Pods of a workload that are replaced: what is applied, and which pods count afterwards."""

from typing import Any

from pytest_smi.testbed.manifests import RESTARTS, deployment, restarted
from pytest_smi.testbed.workloads import Pod, Workload
from tests.scenario.scripted import Scripted, in_turn

STORED = {"uid": "u", "resourceVersion": "7", "generation": 1}


def stored(found: dict[str, Any]) -> dict[str, Any]:
    """A Deployment as the API server gives it back."""
    return {**found, "metadata": {**found["metadata"], **STORED}, "status": {"replicas": 1}}


def test_a_new_template_is_applied_each_time() -> None:
    """Nothing of it differs but the annotation, and nothing is left that only the server may write."""
    first = deployment("v1", "t1", account="v1", image="app", labels={"scene": "x"})
    second = restarted(stored(first))
    third = restarted(stored(second))
    for number, found in ((1, second), (2, third)):
        template = found["spec"]["template"]["metadata"]
        assert template["annotations"].pop(RESTARTS) == str(number)
        assert found == first


def test_pods_from_before_do_not_count() -> None:
    """They are remembered over every restart; new ones are asked for when they are next needed."""
    generations = iter([["a", "b"], ["c", "d"], ["e", "f"]])

    def await_pods(workload: Workload) -> list[Pod]:
        return [Pod("t1", name, "10.0.0.1", "v1") for name in next(generations)]

    workload = Workload(
        name="v1", namespace="t1", account="v1", host="v1", replicas=2, joined=True, title="v1", await_pods=await_pods
    )
    assert [pod.name for pod in workload.pods] == ["a", "b"]
    workload.renew()
    assert not workload.deployed
    assert [pod.name for pod in workload.pods] == ["c", "d"]
    workload.renew()
    assert workload.former == {"a", "b", "c", "d"}


def test_a_retired_server_is_asked_nothing() -> None:
    """Its Service is gone, and neither its journal nor its own name is used any more."""
    made = Scripted(in_turn(("v2-x-0", 8080)))
    v1, v2 = made.smi.server("v1"), made.smi.server("v2")
    root = made.smi.service("app", [v1, v2])
    made.smi.retire(v1)
    assert made.smi.behind(root) == [v2]
    assert ("Service", "t1", v1.name) not in made.testbed.objects.applied
    assert ("Service", "t1", v2.name) in made.testbed.objects.applied
    calls = made.smi.deployment.direct_calls(made.smi.client("a").get(root))
    assert [call.server for call in calls] == [v2.key]
