"""The official Python client against the embedded API server."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, cast

import kubernetes
import pytest
import yaml
from kubernetes import stream, watch

client: Any = kubernetes.client  # its types know no plain dictionaries, which it takes all the same

POD: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}


def status_of(error: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(error.body)
    return found


class TestCore:
    """Built-in kinds."""

    def test_kubeconfig_is_private_and_complete(self, cluster: Any) -> None:
        """The kubeconfig is 0600 and names nothing outside itself."""
        path: Path = cluster.server.kubeconfig_path
        assert path.stat().st_mode & 0o777 == 0o600
        loaded = yaml.safe_load(path.read_text())
        assert loaded["clusters"][0]["cluster"]["certificate-authority-data"]
        assert loaded["users"][0]["user"]["token"] == cluster.server.admin_token

    def test_crud_of_namespaced_kinds(self, api: Any) -> None:
        """Create, read, replace, list and delete work, with the errors of Kubernetes."""
        core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
        core.create_namespace({"metadata": {"name": "t1"}})
        with pytest.raises(client.ApiException) as again:
            core.create_namespace({"metadata": {"name": "t1"}})
        assert (again.value.status, status_of(again.value)["reason"]) == (409, "AlreadyExists")
        assert core.read_namespaced_service_account("default", "t1").metadata.uid
        service = core.create_namespaced_service("t1", {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}})
        assert service.spec.cluster_ip.startswith("127.0.64.")
        assert service.spec.ports[0].target_port == 80
        template = {"metadata": {"labels": {"a": "b"}}, "spec": POD["spec"]}
        body = {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
        deployment = apps.create_namespaced_deployment("t1", body)
        assert deployment.spec.replicas == 1
        stale = deployment.metadata.resource_version
        deployment.spec.replicas = 2
        assert apps.replace_namespaced_deployment("web", "t1", deployment).metadata.generation == 2
        deployment.metadata.resource_version = stale
        with pytest.raises(client.ApiException) as conflict:
            apps.replace_namespaced_deployment("web", "t1", deployment)
        assert "the object has been modified" in status_of(conflict.value)["message"]
        apps.delete_namespaced_deployment("web", "t1")
        with pytest.raises(client.ApiException) as missing:
            apps.read_namespaced_deployment("web", "t1")
        assert status_of(missing.value)["message"] == 'deployments.apps "web" not found'
        core.delete_namespace("t1")
        with pytest.raises(client.ApiException) as gone:
            core.create_namespaced_config_map("t1", {"metadata": {"name": "c"}})
        assert status_of(gone.value)["message"] == 'namespaces "t1" not found'

    def test_invalid_objects_name_their_faults(self, api: Any) -> None:
        """A broken pod gets 422 with one cause per fault."""
        with pytest.raises(client.ApiException) as error:
            client.CoreV1Api(api).create_namespaced_pod(
                "default", {"metadata": {"name": "No_Name"}, "spec": {"containers": [{"name": "c"}]}}
            )
        status = status_of(error.value)
        assert error.value.status == 422
        assert status["message"].startswith(
            'Pod "No_Name" is invalid: [metadata.name: Invalid value: "No_Name": a lowercase RFC 1123'
        )
        assert [cause["field"] for cause in status["details"]["causes"]] == [
            "metadata.name",
            "spec.containers[0].image",
        ]

    def test_paging_shows_one_state(self, api: Any) -> None:
        """A continued list shows the state of its first page."""
        core = client.CoreV1Api(api)
        for number in range(5):
            core.create_namespaced_secret("default", {"metadata": {"name": f"s{number}"}})
        first = core.list_namespaced_secret("default", limit=2)
        core.delete_namespaced_secret("s4", "default")
        second = core.list_namespaced_secret("default", limit=9, _continue=first.metadata._continue)
        assert [item.metadata.name for item in first.items + second.items] == ["s0", "s1", "s2", "s3", "s4"]
        assert first.metadata.remaining_item_count == 3

    def test_dry_run_changes_nothing(self, api: Any) -> None:
        """A dry run answers as if and stores nothing."""
        core = client.CoreV1Api(api)
        assert core.create_namespaced_pod("default", POD, dry_run="All").metadata.uid
        assert core.list_namespaced_pod("default").items == []

    def test_bad_token_is_401(self, cluster: Any) -> None:
        """Unknown tokens get a Status of 401."""
        with cluster.client("nonsense") as http:
            answer = http.get("/api/v1/namespaces")
        assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")


class TestWatch:
    """Watches."""

    def test_watch_from_a_list_sees_each_change_once(self, api: Any) -> None:
        """Changes after the list's resourceVersion come in order."""
        core = client.CoreV1Api(api)
        version = core.list_namespaced_config_map("default").metadata.resource_version
        for name in ("a", "b"):
            core.create_namespaced_config_map("default", {"metadata": {"name": name}})
        core.delete_namespaced_config_map("a", "default")
        found = cast(Any, watch.Watch)().stream(
            core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=1
        )
        assert [(event["type"], event["object"].metadata.name) for event in found] == [
            ("ADDED", "a"),
            ("ADDED", "b"),
            ("DELETED", "a"),
        ]

    def test_label_selector_turns_changes_into_comings_and_goings(self, api: Any, cluster: Any) -> None:
        """An object that leaves the selector is DELETED for that watch."""
        core = client.CoreV1Api(api)
        seen: list[tuple[str, str]] = []
        ready = threading.Event()

        def follow() -> None:
            for event in cast(Any, watch.Watch)().stream(
                core.list_namespaced_config_map, "default", label_selector="on=yes", timeout_seconds=8
            ):
                seen.append((event["type"], event["object"].metadata.name))
                ready.set()
                if event["type"] == "DELETED":
                    return

        core.create_namespaced_config_map("default", {"metadata": {"name": "a", "labels": {"on": "yes"}}})
        thread = threading.Thread(target=follow)
        thread.start()
        assert ready.wait(5)
        core.patch_namespaced_config_map("a", "default", {"metadata": {"labels": {"on": "no"}}})
        thread.join(10)
        assert seen == [("ADDED", "a"), ("DELETED", "a")]

    def test_watch_from_too_long_ago_is_410(self, cluster: Any) -> None:
        """A watch from before the kept history gets an ERROR event of 410."""
        with cluster.client() as http:
            http.post("/api/v1/namespaces/default/configmaps", json={"metadata": {"name": "a"}})
            cluster.call(cluster.store.forget_history)
            answer = http.get(
                "/api/v1/configmaps", params={"watch": "true", "resourceVersion": "1", "timeoutSeconds": "1"}
            )
        event = json.loads(answer.text)
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


class TestExec:
    """pods/exec through kubernetes.stream."""

    def test_output_and_exit_status(self, api: Any) -> None:
        """Standard output, standard error and the exit status arrive."""
        core = client.CoreV1Api(api)
        core.create_namespaced_pod("default", POD)
        session = cast(Any, stream.stream)(
            core.connect_get_namespaced_pod_exec,
            "p",
            "default",
            command=["sh", "-c", "echo out; echo err >&2; exit 7"],
            stdout=True,
            stderr=True,
            _preload_content=False,
        )
        session.run_forever(timeout=10)
        assert (session.read_stdout(), session.read_stderr(), session.returncode) == ("out\n", "err\n", 7)

    def test_standard_input_reaches_the_program(self, api: Any) -> None:
        """What the client writes reaches the program, and its answer comes back."""
        core = client.CoreV1Api(api)
        core.create_namespaced_pod("default", POD)
        session = cast(Any, stream.stream)(
            core.connect_post_namespaced_pod_exec,
            "p",
            "default",
            command=["sh", "-c", "read a; echo $a; read b"],
            stdin=True,
            stdout=True,
            _preload_content=False,
        )
        session.write_stdin("hello\n")
        assert session.readline_stdout(timeout=10) == "hello"
        session.write_stdin("end\n")
        session.run_forever(timeout=10)
        assert session.returncode == 0

    def test_a_client_that_goes_takes_the_program_along(self, api: Any, cluster: Any) -> None:
        """The program's input ends with the connection; one that does not end by that is killed."""
        core = client.CoreV1Api(api)
        core.create_namespaced_pod("default", POD)
        session = cast(Any, stream.stream)(
            core.connect_get_namespaced_pod_exec,
            "p",
            "default",
            command=["cat"],
            stdin=True,
            stdout=True,
            _preload_content=False,
        )
        session.write_stdin("x\n")
        assert session.readline_stdout(timeout=10) == "x"
        session.close()
        assert cluster.run(cluster.pods.sessions[0].wait()) == 0
        deaf = cast(Any, stream.stream)(
            core.connect_get_namespaced_pod_exec,
            "p",
            "default",
            command=["sleep", "60"],
            stdin=True,
            stdout=True,
            _preload_content=False,
        )
        deaf.close()
        assert cluster.run(cluster.pods.sessions[1].wait()) == -9

    def test_logs_pass_their_options(self, api: Any) -> None:
        """tailLines and the rest reach the node; the text comes back."""
        core = client.CoreV1Api(api)
        core.create_namespaced_pod("default", POD)
        answer = core.read_namespaced_pod_log("p", "default", tail_lines=3, timestamps=True, _preload_content=False)
        first, second = answer.data.decode().splitlines()
        assert json.loads(first) == {"container": "main", "follow": False, "tail": 3, "since": None, "timestamps": True}
        assert second == "last line"
