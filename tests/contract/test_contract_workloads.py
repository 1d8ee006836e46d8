"""Deployments, their ReplicaSets and pods: creation, rollout, scale, status.

Every server and client of a run is one.
"""

from typing import Any

import pytest

from pytest_smi.testbed import manifests
from tests.contract.conftest import conditions
from tests.support.kube_api import Api, Object, until

SLEEP = "import time; time.sleep(3600)"


def deployment(cluster: Any, name: str, *, script: str = SLEEP, replicas: int = 1, **template: Any) -> Object:
    """A Deployment whose pods are Ready once they run."""
    pod = cluster.pod(name, script, **template)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod["spec"]},
        },
    }


class Workloads:
    """The Deployments of a namespace."""

    def __init__(self, cluster: Any, namespace: str) -> None:
        self.api: Api = cluster.api
        self.cluster = cluster
        self.at = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self.core = f"/api/v1/namespaces/{namespace}"
        self.sets = f"/apis/apps/v1/namespaces/{namespace}/replicasets"

    def make(self, name: str, **more: Any) -> Object:
        """Create one."""
        return self.api.post(self.at, deployment(self.cluster, name, **more)).ok()

    def pods(self, name: str) -> list[Object]:
        """Its pods that are not being deleted."""
        found = self.api.get(f"{self.core}/pods", labelSelector=f"app={name}").ok()["items"]
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def await_ready(self, name: str, replicas: int) -> Object:
        """Wait until that many pods are available, updated, and no others there."""

        def done() -> Object | None:
            found: Object = self.api.get(f"{self.at}/{name}").ok()
            status = found.get("status") or {}
            settled = status.get("observedGeneration") == found["metadata"]["generation"]
            counts = {
                status.get(field, 0) for field in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
            }
            return found if settled and counts == {replicas} and len(self.pods(name)) == replicas else None

        return until(done, f"{replicas} pods of {name} are available", 60)


@pytest.fixture(scope="module")
def work(cluster: Any, namespace: str) -> Workloads:
    """The Deployments of the module's namespace."""
    return Workloads(cluster, namespace)


def test_pods_come_by_a_replica_set_and_are_counted(work: Workloads) -> None:
    """Testbed.deploy: the owner chain and the labels by which the suite and TrafficMetrics find pods."""
    work.make("plain", replicas=2)
    found = work.await_ready("plain", 2)
    assert {("Available", "True"), ("Progressing", "True")} <= conditions(found)
    reasons = {c["type"]: c["reason"] for c in found["status"]["conditions"]}
    assert reasons == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}
    (owner,) = work.api.get(work.sets, labelSelector="app=plain").ok()["items"]
    assert (
        owner["metadata"]["ownerReferences"][0] | {"kind": "Deployment", "name": "plain", "controller": True}
        == owner["metadata"]["ownerReferences"][0]
    )
    digest = owner["metadata"]["labels"]["pod-template-hash"]
    assert owner["metadata"]["name"] == f"plain-{digest}"
    for pod in work.pods("plain"):
        meta = pod["metadata"]
        assert (meta["ownerReferences"][0]["kind"], meta["ownerReferences"][0]["name"]) == (
            "ReplicaSet",
            owner["metadata"]["name"],
        )
        assert meta["generateName"] == f"plain-{digest}-"
        assert meta["labels"] == {"app": "plain", "pod-template-hash": digest}


def test_a_running_pod_tells_address_node_times_and_image(work: Workloads) -> None:
    """The suite reads podIP, conditions, service account and image digests of pods."""
    work.make("told")
    work.await_ready("told", 1)
    (pod,) = work.pods("told")
    status = pod["status"]
    assert (status["phase"], pod["spec"]["serviceAccountName"]) == ("Running", "default")
    assert status["podIPs"] == [{"ip": status["podIP"]}]
    assert status["hostIP"]
    assert status["startTime"]
    assert {
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("Initialized", "True"),
        ("PodScheduled", "True"),
    } <= conditions(pod)
    (container,) = status["containerStatuses"]
    assert (container["name"], container["ready"], container["started"], container["restartCount"]) == (
        "app",
        True,
        True,
        0,
    )
    assert "sha256:" in container["imageID"]
    assert container["state"]["running"]["startedAt"]
    assert pod["spec"]["nodeName"] == work.api.get("/api/v1/nodes").ok()["items"][0]["metadata"]["name"]


def test_scale_by_the_sub_resource_and_by_patch(work: Workloads) -> None:
    """kubectl scale, and a scene that adds servers."""
    work.make("scaled")
    work.await_ready("scaled", 1)
    scale = work.api.get(f"{work.at}/scaled/scale").ok()
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 1})
    assert scale["status"] == {"replicas": 1, "selector": "app=scaled"}
    changed = work.api.patch(f"{work.at}/scaled/scale", {"spec": {"replicas": 3}}).ok()
    assert changed["spec"] == {"replicas": 3}
    work.await_ready("scaled", 3)
    work.api.patch(f"{work.at}/scaled", {"spec": {"replicas": 1}}).ok()
    work.await_ready("scaled", 1)
    work.api.patch(f"{work.at}/scaled", {"spec": {"replicas": 0}}).ok()
    until(lambda: not work.pods("scaled"), "no pod is left")


def test_a_new_template_rolls_out_without_a_gap(work: Workloads) -> None:
    """A change of the pods' template replaces them; the old ones go when the new ones are ready."""
    work.make("rolled")
    first = work.await_ready("rolled", 1)
    (old,) = work.pods("rolled")
    work.api.patch(f"{work.at}/rolled", {"spec": {"template": {"metadata": {"annotations": {"round": "2"}}}}}).ok()

    def replaced() -> bool:
        found = work.pods("rolled")
        return len(found) == 1 and found[0]["metadata"]["uid"] != old["metadata"]["uid"]

    until(replaced, "the pod is another one", 60)
    second = work.await_ready("rolled", 1)
    assert second["metadata"]["generation"] == first["metadata"]["generation"] + 1
    assert second["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    sets = work.api.get(work.sets, labelSelector="app=rolled").ok()["items"]
    assert sorted(item["spec"]["replicas"] for item in sets) == [0, 1], "the old set is kept for a rollback"


def test_a_deleted_pod_is_replaced(work: Workloads) -> None:
    """A sample-app pod that dies under a run comes back under another name."""
    work.make("healed")
    work.await_ready("healed", 1)
    (old,) = work.pods("healed")
    work.api.delete(f"{work.core}/pods/{old['metadata']['name']}", {"gracePeriodSeconds": 0}).ok()
    until(
        lambda: [p for p in work.pods("healed") if p["metadata"]["uid"] != old["metadata"]["uid"]],
        "there is another pod",
    )
    work.await_ready("healed", 1)


def test_a_deleted_deployment_takes_its_pods_along(work: Workloads) -> None:
    """Testbed.remove deletes Deployments with propagationPolicy Background."""
    work.make("removed")
    work.await_ready("removed", 1)
    work.api.delete(f"{work.at}/removed", {"propagationPolicy": "Background", "gracePeriodSeconds": 0}).ok()
    until(lambda: not work.api.get(work.sets, labelSelector="app=removed").ok()["items"], "its replica set is gone")
    until(
        lambda: not work.api.get(f"{work.core}/pods", labelSelector="app=removed").ok()["items"],
        "its pods are gone",
        60,
    )


def test_an_exited_program_is_started_again(work: Workloads) -> None:
    """A server that crashes counts restarts, and its pod is not Ready meanwhile."""
    script = (
        "import os, sys, time\nmark = os.path.join(os.environ.get('TMPDIR', '/tmp'), 'once')\nprint('begin', "
        "flush=True)\nsys.exit(4)"
    )
    work.make("crashing", script=script)

    def restarted() -> Object | None:
        for pod in work.pods("crashing"):
            for status in (pod.get("status") or {}).get("containerStatuses") or ():
                if status["restartCount"] >= 1 and (status.get("lastState") or {}).get("terminated"):
                    return {"pod": pod, "status": status}
        return None

    found = until(restarted, "the program was started again", 60)
    assert found["status"]["lastState"]["terminated"]["exitCode"] == 4
    assert found["status"]["lastState"]["terminated"]["reason"] == "Error"
    waits = until(
        lambda: [
            s["state"]["waiting"]
            for pod in work.pods("crashing")
            for s in pod["status"]["containerStatuses"]
            if "waiting" in s["state"] and s["state"]["waiting"].get("reason") == "CrashLoopBackOff"
        ],
        "the next start is put off",
        60,
    )
    assert "back-off" in waits[0]["message"]
    work.api.delete(f"{work.at}/crashing", {"propagationPolicy": "Background"}).ok()


def test_what_a_deployment_must_be(work: Workloads) -> None:
    """A selector that does not match the template is refused; so is a change of the selector."""
    bad = deployment(work.cluster, "bad")
    bad["spec"]["selector"]["matchLabels"] = {"app": "other"}
    refused = work.api.post(work.at, bad)
    assert (refused.status, refused.reason) == (422, "Invalid")
    wanted = 'Invalid value: {"app":"bad"}: `selector` does not match template `labels`'
    assert refused.causes == [("spec.template.metadata.labels", "FieldValueInvalid", wanted)]
    assert refused.message == f'Deployment.apps "bad" is invalid: spec.template.metadata.labels: {wanted}'
    work.make("fixed", replicas=0)
    refused = work.api.patch(f"{work.at}/fixed", {"spec": {"selector": {"matchLabels": {"more": "1"}}}})
    assert refused.status == 422
    assert any(
        field == "spec.selector" and message.endswith("field is immutable") for field, _, message in refused.causes
    )


def test_defaults_of_a_deployment(work: Workloads) -> None:
    """kubectl diff of the sample application shows nothing but what was changed."""
    made = work.make("defaults", replicas=0)
    spec, pod = made["spec"], made["spec"]["template"]["spec"]
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert (spec["strategy"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (rolling, 10, 600)
    wanted = {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
    }
    assert {name: pod[name] for name in wanted} == wanted
    container = pod["containers"][0]
    wanted = {
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    assert {name: container[name] for name in wanted} == wanted
    assert container["resources"] == {}


def test_a_pod_waits_for_a_service_account_that_is_not_there(work: Workloads) -> None:
    """A server whose account is missing never comes up: the Deployment says why."""
    work.make("accountless", serviceAccountName="no-such-account")

    def failure() -> str | None:
        found = work.api.get(f"{work.at}/accountless").ok()
        listed = (found.get("status") or {}).get("conditions") or ()
        return next((c["message"] for c in listed if c["type"] == "ReplicaFailure" and c["status"] == "True"), None)

    assert 'serviceaccount "no-such-account" not found' in until(failure, "the failure is told")
    work.api.delete(f"{work.at}/accountless").ok()


def test_the_sample_application_starts_as_the_suite_deploys_it(cluster: Any, namespace: str, work: Workloads) -> None:
    """pytest_smi.testbed.manifests's own manifests: read-only root, own user, readiness on /healthz."""
    core = work.core
    work.api.post(f"{core}/serviceaccounts", manifests.service_account("sample", namespace)).ok()
    manifest = manifests.deployment("sample", namespace, account="sample", image=cluster.image)
    assert work.api.post(work.at, manifest, fieldValidation="Strict").status == 201
    work.api.post(
        f"{core}/services",
        manifests.service("sample", namespace, selector={manifests.APP_LABEL: "sample"}),
        fieldValidation="Strict",
    ).ok()

    def ready() -> Object | None:
        pods = work.api.get(f"{core}/pods", labelSelector=f"{manifests.APP_LABEL}=sample").ok()["items"]
        return pods[0] if len(pods) == 1 and ("Ready", "True") in conditions(pods[0]) else None

    pod = until(ready, "the sample application is Ready", 60)
    assert pod["spec"]["serviceAccountName"] == "sample"
    done = work.api.exec(
        namespace,
        pod["metadata"]["name"],
        ["sample-app", "prober"],
        frames=[b'\x00{"op":"ping","id":"1"}\n{"op":"quit"}\n'],
    )
    assert '"pong":true' in done.stdout.replace(" ", "")
