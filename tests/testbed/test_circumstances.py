"""What a look at the cluster says: nothing when all is well, and a sentence for each thing out of the ordinary."""

from typing import Any

import pytest

from pytest_smi.profiles.load import WorkloadReference
from pytest_smi.testbed.circumstances import MOST_SENTENCES, Look, sentences, summary

CONTROLLER = WorkloadReference(kind="deployment", namespace="osm-system", name="osm-controller")
BEGAN = 1_700_000_000.0  # 2023-11-14T22:13:20Z
BEFORE, LATER = "2023-11-14T22:00:00Z", "2023-11-14T22:14:20Z"


def workload(*, wanted: int = 1, available: int = 1) -> dict[str, Any]:
    return {
        "spec": {"replicas": wanted, "selector": {"matchLabels": {"app": "osm-controller"}}},
        "status": {"availableReplicas": available},
    }


def container(name: str, *, ready: bool = True, since: str = BEFORE, restarts: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": since}},
        **more,
    }


def pod(key: str, *containers: dict[str, Any], created: str = BEFORE, ready: bool = True) -> dict[str, Any]:
    namespace, _, name = key.partition("/")
    return {
        "metadata": {
            "namespace": namespace,
            "name": name,
            "creationTimestamp": created,
            "labels": {"app": "osm-controller"},
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": list(containers),
        },
    }


HEALTHY = pod("osm-system/osm-controller-1", container("osm-controller"))
KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
CRASHING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
APP = container("app")


def told(look: Look, *, began: float = BEGAN) -> list[str]:
    return sentences(look, proxy="envoy", began=began)


def test_nothing_out_of_the_ordinary() -> None:
    """A healthy cluster makes no sentence, and is in the evidence all the same."""
    look = Look(
        workloads={CONTROLLER: workload()},
        mesh_pods=[HEALTHY],
        expected={"t1/srv-1": True},
        pods=[pod("t1/srv-1", APP, container("envoy"))],
        events=[{"type": "Normal", "reason": "Created", "message": "fine", "involvedObject": {}}],
    )

    assert told(look) == []
    assert summary(look)["workloads"] == {"deployment/osm-controller in osm-system": "1 of 1 available"}
    assert [found["pod"] for found in summary(look)["pods"]] == ["osm-system/osm-controller-1", "t1/srv-1"]


@pytest.mark.parametrize(
    ("body", "pods", "sentence"),
    [
        (None, [], "deployment/osm-controller in osm-system is not there"),
        (
            workload(wanted=0, available=0),
            [],
            "deployment/osm-controller in osm-system has no pods: it is scaled to 0 or no node takes it",
        ),
        (
            workload(available=0),
            [
                pod(
                    "osm-system/osm-controller-1",
                    container("osm-controller", ready=False, state=CRASHING),
                    ready=False,
                )
            ],
            "deployment/osm-controller in osm-system: 0 of 1 pod(s) are available: osm-controller-1, "
            "container osm-controller: CrashLoopBackOff back-off 40s",
        ),
        (
            workload(),
            [
                pod(
                    "osm-system/osm-controller-1",
                    container("osm-controller", since=LATER, restarts=2, lastState=KILLED),
                )
            ],
            "deployment/osm-controller in osm-system: container osm-controller of pod osm-controller-1 was restarted "
            "60 s after the run began (OOMKilled, exit status 137)",
        ),
        (
            workload(),
            [pod("osm-system/osm-controller-2", container("osm-controller", since=LATER), created=LATER)],
            "deployment/osm-controller in osm-system: pod osm-controller-2 was created 60 s after the run began",
        ),
    ],
)
def test_the_control_plane(body: Any, pods: list[Any], sentence: str) -> None:
    """Missing, without pods, not ready, restarted, replaced."""
    assert told(Look(workloads={CONTROLLER: body}, mesh_pods=pods)) == [sentence]


def test_restarts_before_the_run_explain_nothing() -> None:
    """Nor do those of a cluster that does not tell its time."""
    old = pod("osm-system/osm-controller-1", container("osm-controller", restarts=3, lastState=KILLED))
    new = pod("osm-system/osm-controller-1", container("osm-controller", since=LATER, restarts=3))

    assert told(Look(workloads={CONTROLLER: workload()}, mesh_pods=[old])) == []
    assert told(Look(workloads={CONTROLLER: workload()}, mesh_pods=[new]), began=0.0) == []


@pytest.mark.parametrize(
    ("pods", "joined", "sentence"),
    [
        ([], True, "pod t1/srv-1 is gone"),
        ([pod("t1/srv-1", APP)], True, "pod t1/srv-1 has no container envoy: the mesh did not inject its proxy"),
        (
            [pod("t1/srv-1", APP, container("envoy", ready=False, state=CRASHING), ready=False)],
            True,
            "the proxy of pod t1/srv-1 is not ready: CrashLoopBackOff back-off 40s",
        ),
        (
            [pod("t1/srv-1", APP, container("envoy", restarts=1, lastState=KILLED))],
            True,
            "the proxy of pod t1/srv-1 was restarted 1 time(s) (OOMKilled, exit status 137)",
        ),
        (
            [pod("t1/srv-1", container("app", ready=False, state=CRASHING), ready=False)],
            False,
            "pod t1/srv-1 is not Ready: srv-1, container app: CrashLoopBackOff back-off 40s",
        ),
    ],
)
def test_pods_of_the_scenario(pods: list[Any], joined: bool, sentence: str) -> None:
    """Gone, not injected, not ready, restarted; a pod that did not join needs no proxy."""
    assert told(Look(expected={"t1/srv-1": joined}, pods=pods)) == [sentence]


def test_pods_that_could_not_be_read_are_not_gone() -> None:
    """What was not told says nothing."""
    assert told(Look(expected={"t1/srv-1": True}, pods=None, unread=["pods: forbidden"])) == []


def test_warnings_on_objects_are_bounded_and_lose_credentials() -> None:
    """The last three, each in one line of bounded length."""
    events = [
        {
            "type": "Warning",
            "reason": "Bad",
            "message": f"number {number}\n token=abcdef {'x' * 500}",
            "involvedObject": {"kind": "TrafficSplit", "namespace": "t1", "name": "s"},
        }
        for number in range(5)
    ]

    found = told(Look(events=events))

    assert [line.partition(" token")[0] for line in found] == [
        f"Warning on TrafficSplit t1/s: Bad: number {number}" for number in (2, 3, 4)
    ]
    assert all("\n" not in line and "abcdef" not in line and len(line) <= 301 for line in found)


def test_sentences_are_bounded() -> None:
    """A scenario of which everything is gone does not fill the screen."""
    found = told(Look(expected={f"t1/srv-{number}": True for number in range(30)}, pods=[]))

    assert len(found) == MOST_SENTENCES + 1
    assert found[-1] == "and 18 more"
