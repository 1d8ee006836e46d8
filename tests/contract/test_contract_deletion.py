"""Deletion: namespaces, finalizers, dependents, grace periods, preconditions."""

import time
from functools import partial
from typing import Any

from tests.support.kube_api import Api, Object, until, until_answer

BUSY = """
import signal, sys, time
def stop(*_):
    print("asked to stop", flush=True)
    time.sleep({})
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(3600)
"""


def config_map(name: str, **meta: Any) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}}


class TestNamespaces:
    """Every run deletes its namespaces and waits until they are gone."""

    def test_a_new_namespace_is_active_and_labelled_with_its_name(self, api: Api, namespace: str) -> None:
        """Namespace selectors of webhooks may use kubernetes.io/metadata.name."""
        found = api.get(f"/api/v1/namespaces/{namespace}").ok()
        assert found["status"] == {"phase": "Active"}
        assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == namespace
        assert found["spec"]["finalizers"] == ["kubernetes"]

    def test_a_new_namespace_gets_the_cluster_ca(self, api: Api, namespace: str) -> None:
        """Pods find the CA of the API server in the ConfigMap kube-root-ca.crt."""
        found = until(
            lambda: (
                (a := api.get(f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt")).status == 200 and a.body
            ),
            "it has the CA",
        )
        assert found["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")

    def test_deletion_empties_it_and_then_it_is_404(self, cluster: Any, api: Api) -> None:
        """Testbed.close waits for 404."""
        name = cluster.namespace()
        api.post(f"/api/v1/namespaces/{name}/configmaps", config_map("m")).ok()
        answer = api.delete(f"/api/v1/namespaces/{name}", {"propagationPolicy": "Background", "gracePeriodSeconds": 0})
        assert answer.status == 200
        until(lambda: api.get(f"/api/v1/namespaces/{name}").status == 404, "the namespace is gone", 60)
        assert api.get(f"/api/v1/namespaces/{name}/configmaps").ok()["items"] == []

    def test_while_it_terminates_nothing_can_be_created_in_it(self, cluster: Any, api: Api) -> None:
        """Late writers of a run learn that it is over: 403 with the cause NamespaceTerminating."""
        name = cluster.namespace()
        at = f"/api/v1/namespaces/{name}/configmaps"
        api.post(at, config_map("held", finalizers=["example.org/hold"])).ok()
        answer = api.delete(f"/api/v1/namespaces/{name}")
        try:
            assert (answer.status, answer.body["kind"]) == (200, "Namespace")
            found = api.get(f"/api/v1/namespaces/{name}").ok()
            assert found["status"]["phase"] == "Terminating"
            assert found["metadata"]["deletionTimestamp"]
            refused = api.post(at, config_map("late"))
            assert (refused.status, refused.reason) == (403, "Forbidden")
            assert refused.message == (
                f'configmaps "late" is forbidden: unable to create new content in namespace {name} because it is '
                "being terminated"
            )
            assert refused.causes == [
                ("metadata.namespace", "NamespaceTerminating", f"namespace {name} is being terminated")
            ]
            # What holds it up is being deleted as well, and is still there.
            until(
                lambda: api.get(f"{at}/held").ok()["metadata"].get("deletionTimestamp"), "its content is being deleted"
            )
            again = api.delete(f"/api/v1/namespaces/{name}")
            assert again.status in (200, 409)
        finally:
            api.patch(f"{at}/held", {"metadata": {"finalizers": None}})
        until(lambda: api.get(f"/api/v1/namespaces/{name}").status == 404, "the namespace is gone", 60)

    def test_why_it_cannot_end_is_told_in_conditions(self, cluster: Any, api: Api) -> None:
        """`kubectl describe namespace` and the doctor say what is left."""
        name = cluster.namespace()
        at = f"/api/v1/namespaces/{name}/configmaps"
        api.post(at, config_map("held", finalizers=["example.org/hold"])).ok()
        api.delete(f"/api/v1/namespaces/{name}").ok()

        def held() -> str | None:
            listed = (api.get(f"/api/v1/namespaces/{name}").body.get("status") or {}).get("conditions") or ()
            return next(
                (c["message"] for c in listed if c["type"] == "NamespaceFinalizersRemaining" and c["status"] == "True"),
                None,
            )

        try:
            assert until(held, "the condition tells of the finalizer") == (
                "Some content in the namespace has finalizers remaining: example.org/hold in 1 resource instances"
            )
        finally:
            api.patch(f"{at}/held", {"metadata": {"finalizers": None}})

    def test_a_missing_one_is_404(self, api: Api) -> None:
        """Clean-up of leftovers takes 404 for done."""
        answer = api.delete("/api/v1/namespaces/no-such-namespace")
        assert (answer.status, answer.message) == (404, 'namespaces "no-such-namespace" not found')

    def test_default_cannot_be_deleted(self, api: Api) -> None:
        """Some namespaces stay."""
        answer = api.delete("/api/v1/namespaces/kube-system", dryRun="All")
        assert (answer.status, answer.reason) == (403, "Forbidden")
        assert answer.message == 'namespaces "kube-system" is forbidden: this namespace may not be deleted'


class TestObjects:
    """Objects other than pods."""

    def test_the_answer_is_a_status_with_the_uid(self, api: Api, namespace: str, unique: Any) -> None:
        """Objects.delete takes any 2xx."""
        at = f"/api/v1/namespaces/{namespace}/configmaps"
        name = unique("m")
        made = api.post(at, config_map(name)).ok()
        answer = api.delete(f"{at}/{name}", {"propagationPolicy": "Background", "gracePeriodSeconds": 0}).ok()
        assert (answer["kind"], answer["status"]) == ("Status", "Success")
        assert answer["details"] == {"name": name, "kind": "configmaps", "uid": made["metadata"]["uid"]}
        assert api.get(f"{at}/{name}").status == 404
        assert api.delete(f"{at}/{name}").status == 404

    def test_a_finalizer_holds_an_object_until_it_is_taken_away(self, api: Api, namespace: str, unique: Any) -> None:
        """Meshes hold their objects so: the suite waits for 404 and not for the answer."""
        name = unique("m")
        at = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        api.post(at.rpartition("/")[0], config_map(name, finalizers=["example.org/hold"])).ok()
        answer = api.delete(at).ok()
        assert (answer["kind"], answer["metadata"]["finalizers"]) == ("ConfigMap", ["example.org/hold"])
        assert answer["metadata"]["deletionTimestamp"]
        assert answer["metadata"]["deletionGracePeriodSeconds"] == 0
        api.patch(at, {"metadata": {"finalizers": []}}).ok()
        assert api.get(at).status == 404

    def test_a_finalizer_needs_a_qualified_name(self, api: Api, namespace: str) -> None:
        """A name without a domain is refused."""
        refused = api.post(f"/api/v1/namespaces/{namespace}/configmaps", config_map("m", finalizers=["hold"]))
        assert refused.status == 422
        assert refused.causes[0][0].startswith("metadata.finalizers")

    def test_a_precondition_that_does_not_hold_is_409(self, api: Api, namespace: str, unique: Any) -> None:
        """Deleting by uid does not hit a successor of the same name."""
        name = unique("m")
        at = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        made = api.post(at.rpartition("/")[0], config_map(name)).ok()
        wrong = "00000000-0000-0000-0000-000000000000"
        refused = api.delete(at, {"preconditions": {"uid": wrong}})
        assert (refused.status, refused.reason) == (409, "Conflict")
        uid = made["metadata"]["uid"]
        text = f"the UID in the precondition ({wrong}) does not match the UID in record ({uid})"
        assert refused.message.startswith(f'Operation cannot be fulfilled on ConfigMap "{name}": {text}.')

    def test_dependents_go_with_their_owner_or_stay_when_orphaned(self, api: Api, namespace: str, unique: Any) -> None:
        """Deleting a Deployment removes its pods: propagationPolicy Background."""
        at = f"/api/v1/namespaces/{namespace}/configmaps"
        for policy, stays in (("Background", False), ("Orphan", True)):
            owner = api.post(at, config_map(unique("owner"))).ok()["metadata"]
            ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["name"], "uid": owner["uid"]}
            child = api.post(at, config_map(unique("child"), ownerReferences=[ref])).ok()["metadata"]["name"]
            api.delete(f"{at}/{owner['name']}", {"propagationPolicy": policy}).ok()
            until_answer(partial(api.get, f"{at}/{owner['name']}"), lambda got: got.status == 404, "the owner is gone")
            ask = partial(api.get, f"{at}/{child}")
            if stays:
                until_answer(ask, lambda got: not got.ok()["metadata"].get("ownerReferences"), "it is an orphan")
            else:
                until_answer(ask, lambda got: got.status == 404, "the dependent is gone")

    def test_a_collection_is_deleted_by_selector(self, api: Api, namespace: str, unique: Any) -> None:
        """`kubectl delete -l`."""
        at = f"/api/v1/namespaces/{namespace}/configmaps"
        label = unique("l")
        for number in range(3):
            api.post(at, config_map(f"{label}-{number}", labels={"set": label if number else "other"})).ok()
        api.delete(at, labelSelector=f"set={label}").ok()
        assert api.get(f"{at}/{label}-0").status == 200
        assert api.get(at, labelSelector=f"set={label}").ok()["items"] == []


class TestPods:
    """The grace period."""

    def test_a_pod_is_asked_to_stop_and_given_its_time(
        self, cluster: Any, api: Api, namespace: str, unique: Any
    ) -> None:
        """Draining: a server that ends in its grace period may finish what it does;
        the pod is Terminating meanwhile."""
        name = unique("graceful")
        at = f"/api/v1/namespaces/{namespace}/pods/{name}"
        cluster.run(namespace, cluster.pod(name, BUSY.format(0.6), terminationGracePeriodSeconds=20))
        until(lambda: "ready" in str(api.get(f"{at}/log").body), "the handler stands")
        began = time.monotonic()
        answer = api.delete(at).ok()
        assert (answer["kind"], answer["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 20)
        assert api.get(at).ok()["metadata"]["deletionTimestamp"]
        until(lambda: api.get(at).status == 404, "the pod is gone")
        assert 0.5 < time.monotonic() - began < 15

    def test_without_grace_a_pod_is_gone_at_once(self, cluster: Any, api: Api, namespace: str, unique: Any) -> None:
        """Objects.delete sends gracePeriodSeconds 0."""
        name = unique("abrupt")
        at = f"/api/v1/namespaces/{namespace}/pods/{name}"
        cluster.run(namespace, cluster.pod(name, BUSY.format(30), terminationGracePeriodSeconds=30))
        api.delete(at, {"gracePeriodSeconds": 0}).ok()
        assert api.get(at).status == 404

    def test_a_pod_that_does_not_stop_is_killed(self, cluster: Any, api: Api, namespace: str, unique: Any) -> None:
        """The grace period is a limit: namespaces do not wait for deaf programs for ever."""
        name = unique("deaf")
        at = f"/api/v1/namespaces/{namespace}/pods/{name}"
        cluster.run(namespace, cluster.pod(name, BUSY.format(60)))
        until(lambda: "ready" in str(api.get(f"{at}/log").body), "the handler stands")
        api.delete(at, {"gracePeriodSeconds": 1}).ok()
        began = time.monotonic()
        until(lambda: api.get(at).status == 404, "the pod is gone")
        assert time.monotonic() - began < 15
