"""What is read from pods and events: images, and why a pod is not Ready."""

from typing import Any

import pytest

from pytest_smi.cluster.pods import advice, container_images, selected_by, why_not_ready

FULL = "0/1 nodes are available: 1 Insufficient cpu."


def a_pod(**status: Any) -> dict[str, Any]:
    """A pod with this status."""
    return {"metadata": {"name": "srv-1", "labels": {"app": "srv", "more": "yes"}}, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """The status of a container that waits."""
    return {"name": "app", "state": {"waiting": {"reason": reason, "message": message}}}


def test_images_of_init_containers_are_seen() -> None:
    """A mesh's init container rewrites the pod's network: it is part of what was tested."""
    pod = a_pod(
        containerStatuses=[{"image": "proxy:1", "imageID": "x@sha256:aa"}, {"image": "unknown", "imageID": ""}],
        initContainerStatuses=[{"image": "init:1", "imageID": "x@sha256:bb"}],
    )

    assert container_images(pod) == {"proxy:1": "sha256:aa", "init:1": "sha256:bb"}


def test_pods_of_a_workload() -> None:
    """All of its labels must match; a workload without labels has none."""
    pod = a_pod()

    assert selected_by({"spec": {"selector": {"matchLabels": {"app": "srv"}}}}, [pod]) == [pod]
    assert selected_by({"spec": {"selector": {"matchLabels": {"app": "srv", "x": "y"}}}}, [pod]) == []
    assert selected_by({}, [pod]) == []


@pytest.mark.parametrize(
    ("pods", "told", "help_"),
    [
        (
            [
                a_pod(
                    conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": FULL}]
                )
            ],
            f"no node takes srv-1: {FULL}",
            "-n 1",
        ),
        (
            [
                a_pod(
                    conditions=[
                        {"type": "PodScheduled", "status": "False", "message": "1 node(s) had untolerated taint {a: b}"}
                    ]
                )
            ],
            "no node takes srv-1: 1 node(s) had untolerated taint {a: b}",
            "--smi-toleration",
        ),
        (
            [a_pod(containerStatuses=[waiting("ImagePullBackOff", "no such image")])],
            "srv-1, container app: ImagePullBackOff no such image",
            "",
        ),
        ([a_pod(containerStatuses=[waiting("ContainerCreating")])], "FailedMount: no volume", ""),
        ([], "FailedMount: no volume", ""),
        (
            [a_pod(conditions=[{"type": "Ready", "status": "True"}], containerStatuses=[waiting("Odd")])],
            "FailedMount: no volume",
            "",
        ),
    ],
)
def test_why_a_pod_is_not_ready(pods: list[dict[str, Any]], told: str, help_: str) -> None:
    """Its own state first; what happened to it where that says nothing, and only warnings."""
    events = [
        {"type": "Normal", "reason": "Pulled", "message": "image is there"},
        {"type": "Warning", "reason": "FailedMount", "message": "no volume"},
    ]

    why = why_not_ready(pods, events)

    assert why == told
    assert (help_ in advice(why)) if help_ else advice(why) == ""


def test_a_quota_that_is_used_up_is_told() -> None:
    """There is no pod then, only an event of its ReplicaSet."""
    why = why_not_ready([], [{"type": "Warning", "reason": "FailedCreate", "message": "exceeded quota: small"}])

    assert why == "FailedCreate: exceeded quota: small"
    assert "quota" in advice(why)
