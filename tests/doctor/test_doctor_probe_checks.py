"""Judgements of the pod that the doctor deploys, by pods and events as a cluster shows them."""

from typing import Any

import pytest

from pytest_smi.doctor.findings import Finding, Level
from pytest_smi.doctor.probe_checks import Seen, kept_out, pods, resolved, settled
from pytest_smi.profiles.load import Injection, MeshFacts
from tests.support.surveys import a_profile

JOINED = a_profile(join=Injection(namespace_labels={"mesh/inject": "on"}))


def a_pod(
    *,
    ready: bool = False,
    waiting: tuple[str, str, str] | None = None,
    containers: tuple[str, ...] = ("app", "proxy"),
    init: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A pod; `waiting` is a container with the reason and message for which it waits."""
    statuses = [{"name": name, "ready": ready, "state": {"running": {}}} for name in containers]
    for status in statuses:
        if waiting and status["name"] == waiting[0]:
            status["state"] = {"waiting": {"reason": waiting[1], "message": waiting[2]}}
    return {
        "metadata": {"name": "doctor-1"},
        "spec": {
            "containers": [{"name": name, "image": f"some/{name}:1"} for name in containers],
            "initContainers": [{"name": name, "image": f"some/{name}:1"} for name in init],
        },
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}], "containerStatuses": statuses},
    }


def refused(message: str) -> Seen:
    """No pod, and an event that says why."""
    events = [
        {"reason": "Scheduled", "message": "?"},
        {"reason": "FailedCreate", "message": f"Error creating: {message}"},
    ]
    return Seen(pods=[], events=events, waited=1.0)


def judged(seen: Seen) -> dict[str, Finding]:
    """What the doctor says, by check."""
    return {finding.check: finding for finding in pods(JOINED, seen)}


def test_pod_that_joined() -> None:
    """Ready with the proxy: nothing but ok."""
    seen = Seen(pods=[a_pod(ready=True)], events=[], waited=0.5)

    assert settled(seen)
    assert {check: finding.level for check, finding in judged(seen).items()} == {
        "images": Level.OK,
        "pods": Level.OK,
        "injection": Level.OK,
    }


def test_proxy_among_the_init_containers_counts() -> None:
    """A native sidecar is an init container."""
    seen = Seen(pods=[a_pod(ready=True, containers=("app",), init=("proxy",))], events=[], waited=0.5)

    assert judged(seen)["injection"].level is Level.OK


def test_pod_that_did_not_join_names_the_injection_labels() -> None:
    """Ready without the proxy is a problem: a run would test plain Kubernetes."""
    finding = judged(Seen(pods=[a_pod(ready=True, containers=("app",))], events=[], waited=0.5))["injection"]

    assert finding.level is Level.PROBLEM
    assert "no container proxy" in finding.found
    assert "mesh/inject=on" in finding.remedy


def test_mesh_without_sidecars_has_none_to_find() -> None:
    """Nothing is claimed about the path."""
    profile = a_profile(mesh=MeshFacts(namespace="x", workloads=("daemonset/proxy",)))

    found = list(pods(profile, Seen(pods=[a_pod(ready=True, containers=("app",))], events=[], waited=0.5)))

    assert [finding.found for finding in found if finding.check == "injection"] == [
        "Some Mesh adds no container to pods; that it is in the path shows in a run only"
    ]


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', "exempt"),
        ('Internal error: failed calling webhook "injector": connection refused', "injector"),
        ('pods "x" is forbidden: exceeded quota: small', "raise the ResourceQuota"),
        ('pods "x" is forbidden: failed quota: q: must specify limits.cpu for: proxy', "LimitRange with defaults"),
        ('pods "x" is forbidden: minimum cpu usage per Container is 50m, but request is 10m', "10m CPU"),
        ('admission webhook "policy" denied the request: no', "policy"),
    ],
)
def test_refused_pods(message: str, remedy: str) -> None:
    """No pod appears; the event says why, and the remedy fits it."""
    seen = refused(message)

    assert settled(seen)
    finding = judged(seen)["pods"]
    assert finding.level is Level.PROBLEM
    assert message in finding.found
    assert remedy in finding.remedy


@pytest.mark.parametrize(("container", "remedy"), [("app", "--smi-image"), ("proxy", "the mesh brings this image")])
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"])
def test_image_that_cannot_be_pulled(container: str, remedy: str, reason: str) -> None:
    """It is named with the reason; ours and the mesh's have different remedies."""
    seen = Seen(pods=[a_pod(waiting=(container, reason, "no such host"))], events=[], waited=3.0)

    assert settled(seen)
    found = judged(seen)
    assert found["images"].level is Level.PROBLEM
    assert f"some/{container}:1 cannot be pulled: {reason}, no such host" in found["images"].found
    assert remedy in found["images"].remedy
    assert found["pods"].level is Level.PROBLEM
    assert found["injection"].level is Level.OK


def test_container_that_does_not_start() -> None:
    """A proxy that crashes, for instance."""
    seen = Seen(pods=[a_pod(waiting=("proxy", "CrashLoopBackOff", "back-off 10s"))], events=[], waited=3.0)

    assert settled(seen)
    assert judged(seen)["pods"].found == "container proxy does not start: CrashLoopBackOff, back-off 10s"


def test_pod_that_no_node_takes() -> None:
    """It is waited for, since a node may come; then the scheduler's words are told."""
    pod = a_pod()
    pod["status"] = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}
    seen = Seen(pods=[pod], events=[], waited=180.0)

    assert not settled(seen)
    finding = judged(seen)["pods"]
    assert "0/1 nodes are available" in finding.found
    assert "--smi-toleration" in finding.remedy


def test_pod_that_is_slow() -> None:
    """Waited for; then the containers that are not ready are named."""
    seen = Seen(pods=[a_pod()], events=[], waited=180.0)

    assert not settled(seen)
    assert "not Ready after 180 s; not ready: app, proxy" in judged(seen)["pods"].found


def test_no_pod_and_no_reason() -> None:
    """Nobody made the pod, and nobody says why."""
    seen = Seen(pods=[], events=[], waited=180.0)

    assert not settled(seen)
    assert judged(seen)["pods"].level is Level.PROBLEM


@pytest.mark.parametrize(("containers", "level"), [(("app",), Level.OK), (("app", "proxy"), Level.PROBLEM)])
def test_pod_that_is_to_stay_out(containers: tuple[str, ...], level: Level) -> None:
    """A client outside the mesh must be outside; without such a pod nothing is said."""
    profile = a_profile(keep_out=Injection(pod_annotations={"mesh/inject": "off"}))

    (finding,) = kept_out(profile, Seen(pods=[], events=[], waited=1.0, outsiders=[a_pod(containers=containers)]))

    assert finding.level is level
    assert "mesh/inject=off" in finding.found
    assert list(kept_out(profile, Seen(pods=[], events=[], waited=1.0))) == []


@pytest.mark.parametrize(
    ("addresses", "own", "level", "words"),
    [
        (["10.0.0.1"], [], Level.OK, "a.b.mesh is 10.0.0.1"),
        (["10.0.0.1"], ["10.0.0.2"], Level.OK, "not the Service's own (10.0.0.2)"),
        (["10.0.0.1"], ["10.0.0.1"], Level.WARNING, "not seem to be in the path"),
        ([], [], Level.PROBLEM, "dns says no"),
        ([], ["10.0.0.2"], Level.PROBLEM, "dns says no"),
    ],
)
def test_name_of_a_service(addresses: list[str], own: list[str], level: Level, words: str) -> None:
    """A client that finds no address would be denied everything for the wrong reason;
    the Service's own address goes past the mesh."""
    finding = resolved(JOINED, "a.b.mesh", addresses, own, "dns says no")

    assert finding.level is level
    assert words in finding.found
