"""Pods of a workload that are replaced or removed: what is applied, which of them count, and which one calls."""

from contextlib import nullcontext
from typing import Any

import pytest

from pytest_smi.cluster.wait import DeadlinePassed
from pytest_smi.core.limits import Limits
from pytest_smi.errors import HarnessError
from pytest_smi.testbed.manifests import RESTARTS, deployment, restarted
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Pod, Workload, ready_pod
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


class Leaving:
    """Objects of a cluster whose pods, each as `pod`, go one at each look; None: they stay."""

    def __init__(self, pods: int | None, pod: dict[str, Any] | None = None) -> None:
        self.left, self._stay, self._pod = pods or 1, pods is None, pod or {}

    def list(self, _version: str, _plural: str, _namespace: str, *, selector: str) -> list[dict[str, Any]]:
        assert selector == "app.kubernetes.io/name=v1"
        self.left -= 0 if self._stay else 1
        return [self._pod] * self.left


def a_testbed(objects: Leaving) -> Testbed:
    """A testbed on a cluster with these objects."""

    class Setting:
        limits = Limits(cleanup_deadline=0.05, poll_interval=0.01)

    testbed = Testbed(None, Setting())  # type: ignore[arg-type]
    testbed.objects = objects  # type: ignore[assignment]
    return testbed


def a_workload(*names: str) -> Workload:
    """A workload of these pods."""

    def await_pods(_workload: Workload) -> list[Pod]:
        return [Pod("t1", name, "10.0.0.1", "v1") for name in names]

    return Workload(
        name="v1", namespace="t1", account="v1", host="v1", replicas=2, joined=True, title="v1", await_pods=await_pods
    )


def test_pods_that_are_removed_are_waited_for() -> None:
    """Until the last one is gone, whatever state it is in; that it stays is an error of the harness."""
    objects = Leaving(3)
    a_testbed(objects).await_gone(a_workload("a"))
    assert objects.left == 0
    with pytest.raises(DeadlinePassed, match="pods of t1/v1 are gone"):
        a_testbed(Leaving(None)).await_gone(a_workload("a"))


@pytest.mark.parametrize(("ready", "pods", "wrong"), [("True", 3, ""), ("True", 2, "1 of 2"), ("False", 3, "0 of 2")])
def test_pods_that_are_not_ready_now_are_told(ready: str, pods: int, wrong: str) -> None:
    """Too few, or in a state in which nothing reaches them; one look is enough."""
    status = {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]}
    objects = Leaving(pods, {"metadata": {"namespace": "t1", "name": "a"}, "spec": {}, "status": status})
    with pytest.raises(HarnessError, match=rf"{wrong} pod\(s\) of t1/v1 are Ready") if wrong else nullcontext():
        a_testbed(objects).check_ready([a_workload("a", "b")])


def test_a_call_can_be_made_by_any_pod() -> None:
    """From the first where nothing is said; else the label names the pod, so that calls are told apart."""
    caller = a_workload("v1-a", "v1-b")
    call = caller.get(a_workload("srv"), "/m")
    other = call.from_pod(caller.pods[1].key)
    assert (call.source, other.source) == ("t1/v1-a", "t1/v1-b")
    assert other.label.startswith("v1 pod v1-b GET ")
    assert (other.server, other.account, other.requests) == (call.server, call.account, call.requests)


def test_pods_can_be_kept_to_one_node() -> None:
    """By the name of the node, which every node has; a Ready pod tells on which it runs."""
    spec = deployment("v1", "t1", account="v1", image="app", node="n-2")["spec"]["template"]["spec"]
    (term,) = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term == {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n-2"]}]}
    assert "affinity" not in deployment("v1", "t1", account="v1", image="app")["spec"]["template"]["spec"]
    status = {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    ready = ready_pod({"metadata": {"namespace": "t1", "name": "a"}, "spec": {"nodeName": "n-2"}, "status": status})
    assert ready is not None
    assert ready.node == "n-2"
