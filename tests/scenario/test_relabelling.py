"""Labels of pods that run are changed in place."""

import pytest

from pytest_smi.cluster.connection import Answer
from pytest_smi.smi.versions import NotExpressible
from tests.scenario.scripted import Scripted, in_turn

FORBIDDEN = 'pods "srv-x-0" is forbidden: User "runner" cannot patch resource "pods"'


def test_each_pod_gets_the_labels() -> None:
    """The pods stay; Services that select by labels know of it, and the mesh has its time from then on."""
    made = Scripted(in_turn())
    server = made.smi.server(replicas=2, labels={"group": "one", "other": "kept"})
    root = made.smi.service("root", [server], selector={"group": "two"})
    made.clock.pause(100)

    made.smi.relabel(server, {"group": "two"})

    assert made.testbed.objects.patched == {
        ("Pod", "t1", pod.name): {"metadata": {"labels": {"group": "two"}}} for pod in server.pods
    }
    assert len(made.events(f"changed Pod {server.pods[0].key}")) == 1
    assert made.smi.behind(root) == [server]
    assert made.smi.context.time_to_settle == made.smi.limits.settle_deadline


def test_without_permission_nothing_is_claimed() -> None:
    """The requirement is unsupported then, with the cluster's words."""
    made = Scripted(in_turn())
    server = made.smi.server()
    made.testbed.objects.refusal = Answer(status=403, body={"message": FORBIDDEN})

    with pytest.raises(NotExpressible, match=r"may not change the labels of pods: pods .* cannot patch"):
        made.smi.relabel(server, {"group": "two"})
    assert made.testbed.objects.patched == {}
