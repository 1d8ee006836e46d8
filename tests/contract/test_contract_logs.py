"""pods/log and Events: what evidence is made of when a run fails."""

import re
from typing import Any

import pytest

from tests.support.kube_api import Api, Object, until

# The streams are read side by side: only time puts their lines in order.
TALK = """
import sys, time
print("one", flush=True)
print("two", file=sys.stderr, flush=True)
time.sleep(1)
print("three", flush=True)
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def log(cluster: Any, namespace: str) -> str:
    """The log of a pod that said three lines."""
    cluster.run(namespace, cluster.pod("talker", TALK))
    path = f"/api/v1/namespaces/{namespace}/pods/talker/log"
    until(lambda: "three" in str(cluster.api.get(path).body), "it has spoken")
    return path


class TestLogs:
    """A container's output."""

    def test_both_streams_in_one_as_text(self, api: Api, log: str) -> None:
        """The suite shows the last lines of a server that failed."""
        answer = api.get(log)
        assert answer.headers["content-type"].startswith("text/plain")
        assert sorted(str(answer.body).splitlines()) == ["one", "three", "two"]

    def test_the_tail(self, api: Api, log: str) -> None:
        """tailLines bounds what is read."""
        assert api.get(log, tailLines="1").body == "three\n"
        assert api.get(log, tailLines="0").body == ""

    def test_timestamps(self, api: Api, log: str) -> None:
        """Lines with their times, RFC 3339 with nanoseconds."""
        (line,) = str(api.get(log, tailLines="1", timestamps="true").body).splitlines()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) three", line)

    def test_a_limit_in_bytes(self, api: Api, log: str) -> None:
        """limitBytes cuts."""
        assert len(str(api.get(log, limitBytes="5").body)) == 5

    def test_following_ends_with_the_container(self, cluster: Any, api: Api, namespace: str) -> None:
        """kubectl logs -f of a program that ends."""
        script = "import time\nprint('begin', flush=True)\ntime.sleep(0.3)\nprint('end', flush=True)"
        api.post(f"/api/v1/namespaces/{namespace}/pods", cluster.pod("brief", script, restartPolicy="Never")).ok()
        path = f"/api/v1/namespaces/{namespace}/pods/brief/log"
        until(lambda: "begin" in str(api.get(path).body), "it has begun", 60)
        assert api.get(path, follow="true").body == "begin\nend\n"

    def test_refusals(self, api: Api, namespace: str, log: str) -> None:
        """A missing pod is 404, a missing container 400, a senseless option 422."""
        answer = api.get(f"/api/v1/namespaces/{namespace}/pods/no-such-pod/log")
        assert (answer.status, answer.message) == (404, 'pods "no-such-pod" not found')
        answer = api.get(log, container="other")
        assert (answer.status, answer.message) == (400, "container other is not valid for pod talker")
        answer = api.get(log, tailLines="-1")
        assert (answer.status, answer.reason) == (422, "Invalid")
        assert "tailLines: Invalid value: -1: must be greater than or equal to 0" in answer.message

    def test_a_container_that_waits_is_told(self, cluster: Any, api: Api, namespace: str) -> None:
        """Why there is no log yet."""
        manifest = cluster.pod(
            "unborn", "pass", container={"image": "example.org/no-such-image:1", "imagePullPolicy": "Never"}
        )
        api.post(f"/api/v1/namespaces/{namespace}/pods", manifest).ok()
        path = f"/api/v1/namespaces/{namespace}/pods/unborn"

        def waits() -> bool:
            statuses = api.get(path).ok()["status"].get("containerStatuses") or [{}]
            return bool((statuses[0].get("state") or {}).get("waiting", {}).get("reason") == "ErrImageNeverPull")

        until(waits, "the image is missed")
        answer = api.get(f"{path}/log")
        assert (answer.status, answer.reason) == (400, "BadRequest")
        text = 'container "app" in pod "unborn" is waiting to start: '
        assert answer.message.startswith(text)


class TestEvents:
    """Events of core/v1."""

    def test_an_event_is_created_as_told_and_listed_by_its_object(self, api: Api, namespace: str, unique: Any) -> None:
        """The reference mesh raises Events on TrafficSplits; KubeReads.events_about lists the namespace's."""
        name = unique("split")
        about = {
            "apiVersion": "split.smi-spec.io/v1alpha4",
            "kind": "TrafficSplit",
            "name": name,
            "namespace": namespace,
            "uid": "u-1",
        }
        body: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{name}.", "namespace": namespace},
            "involvedObject": about,
            "reason": "InvalidWeights",
            "message": "the weights of all backends are 0",
            "type": "Warning",
            "source": {"component": "mesh"},
            "reportingComponent": "mesh",
            "reportingInstance": "mesh-1",
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z",
            "count": 1,
        }
        path = f"/api/v1/namespaces/{namespace}/events"
        made = api.post(path, body).ok()
        assert made["metadata"]["name"].startswith(f"{name}.")
        assert made["involvedObject"] == about
        selector = f"involvedObject.kind=TrafficSplit,involvedObject.name={name},reason=InvalidWeights,type=Warning"
        (found,) = api.get(path, fieldSelector=selector).ok()["items"]
        assert (found["message"], found["count"], found["source"]) == (body["message"], 1, {"component": "mesh"})
        assert api.get(path, fieldSelector=f"involvedObject.name={name},type=Normal").ok()["items"] == []

    def test_an_event_about_an_object_elsewhere_is_refused(self, api: Api, namespace: str) -> None:
        """An Event lives in the namespace of its object."""
        about = {"kind": "Pod", "name": "p", "namespace": "default"}
        refused = api.post(
            f"/api/v1/namespaces/{namespace}/events", {"metadata": {"name": "e.1"}, "involvedObject": about}
        )
        assert (refused.status, refused.causes[0][0]) == (422, "involvedObject.namespace")

    def test_the_start_of_a_pod_is_told(self, cluster: Any, api: Api, namespace: str) -> None:
        """kubectl describe shows what happened to a pod: Scheduled, Pulled, Created, Started."""
        pod = cluster.run(namespace, cluster.pod("eventful", "import time; time.sleep(3600)"))
        selector = f"involvedObject.kind=Pod,involvedObject.uid={pod['metadata']['uid']}"
        path = f"/api/v1/namespaces/{namespace}/events"

        def reasons() -> set[str]:
            return {event["reason"] for event in api.get(path, fieldSelector=selector).ok()["items"]}

        until(lambda: reasons() >= {"Scheduled", "Pulled", "Created", "Started"}, "its events are there")
        started = next(e for e in api.get(path, fieldSelector=f"{selector},reason=Started").ok()["items"])
        assert started["involvedObject"]["fieldPath"] == "spec.containers{app}"
        assert (started["type"], started["source"]["component"]) == ("Normal", "kubelet")

    def test_a_missing_image_is_told(self, cluster: Any, api: Api, namespace: str) -> None:
        """The run's error says that the sample application's image is not in the cluster."""
        image = "example.org/no-such-image:1"
        pod = api.post(
            f"/api/v1/namespaces/{namespace}/pods",
            cluster.pod("imageless", "pass", container={"image": image, "imagePullPolicy": "Never"}),
        ).ok()
        selector = f"involvedObject.uid={pod['metadata']['uid']},type=Warning"
        path = f"/api/v1/namespaces/{namespace}/events"

        def told() -> list[str]:
            return [event["message"] for event in api.get(path, fieldSelector=selector).ok()["items"]]

        until(
            lambda: any(image in message and "not present with pull policy of Never" in message for message in told()),
            "it is told",
        )

        def waiting() -> Object | None:
            status = api.get(f"/api/v1/namespaces/{namespace}/pods/imageless").ok()["status"]
            (container,) = status.get("containerStatuses") or [{"state": {}}]
            found: Object = container["state"].get("waiting") or {}
            return found if status["phase"] == "Pending" and found.get("reason") == "ErrImageNeverPull" else None

        assert image in until(waiting, "the status says why")["message"]
