"""kubectl: what people, the README and CI use beside the suite. Its words must be the same on every cluster."""

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.kube_api import until

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")

Done = subprocess.CompletedProcess[str]
Kubectl = Callable[..., Done]
MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {0}}}
data: {{a: "{1}"}}
---
apiVersion: v1
kind: Service
metadata: {{name: {0}}}
spec: {{selector: {{app: {0}}}, ports: [{{name: http, port: 80}}]}}
"""


@pytest.fixture(scope="module")
def kubectl(cluster: Any, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Runs kubectl in the module's namespace."""
    home = str(tmp_path_factory.mktemp("kubectl"))

    def run(*words: str, stdin: str | None = None) -> Done:
        command = ["kubectl", f"--kubeconfig={cluster.api.kubeconfig}", f"--namespace={namespace}", *words]
        path = shutil.which("kubectl") or ""
        environment = {"HOME": home, "PATH": path.rpartition("/")[0] + ":/usr/bin:/bin"}
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=60, env=environment, check=False
        )

    return run


def fine(done: Done) -> str:
    """Standard output of a success."""
    assert done.returncode == 0, done.stderr
    return done.stdout


def columns(done: Done) -> list[list[str]]:
    """The cells of a table, row by row."""
    return [re.split(r"\s{2,}", line.strip()) for line in fine(done).splitlines()]


@pytest.fixture(scope="module")
def table_objects(kubectl: Kubectl, cluster: Any, shell: str) -> str:
    """A Deployment and a Service, so that no table is empty."""
    fine(kubectl("create", "deployment", "shown", f"--image={cluster.image}", "--replicas=0"))
    fine(kubectl("create", "service", "clusterip", "shown", "--tcp=80:8080"))
    return "shown"


class TestTables:
    """kubectl get."""

    def test_api_resources(self, kubectl: Kubectl) -> None:
        """Scripts find out by `kubectl api-resources` what a mesh installed."""
        rows = {(row[-1], row[-3]): row for row in columns(kubectl("api-resources"))}
        assert rows[("Pod", "v1")] == ["pods", "po", "v1", "true", "Pod"]
        assert rows[("Deployment", "apps/v1")] == ["deployments", "deploy", "apps/v1", "true", "Deployment"]
        assert rows[("Namespace", "v1")] == ["namespaces", "ns", "v1", "false", "Namespace"]
        assert rows[("EndpointSlice", "discovery.k8s.io/v1")][0] == "endpointslices"

    def test_pods_wide(self, kubectl: Kubectl, shell: str, cluster: Any, namespace: str) -> None:
        """The hint of a run that waits for pods is to look at them."""
        header, *rows = columns(kubectl("get", "pods", "-o", "wide"))
        assert header == [
            "NAME",
            "READY",
            "STATUS",
            "RESTARTS",
            "AGE",
            "IP",
            "NODE",
            "NOMINATED NODE",
            "READINESS GATES",
        ]
        row = next(row for row in rows if row[0] == shell)
        status = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/{shell}").ok()["status"]
        assert (row[1:4], row[5], row[7:]) == (["1/1", "Running", "0"], status["podIP"], ["<none>", "<none>"])

    @pytest.mark.parametrize(
        ("kind", "header"),
        [
            ("deployments", ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]),
            ("services", ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]),
            ("configmaps", ["NAME", "DATA", "AGE"]),
            ("serviceaccounts", ["NAME", "SECRETS", "AGE"]),
            ("namespaces", ["NAME", "STATUS", "AGE"]),
            (
                "nodes",
                [
                    "NAME",
                    "STATUS",
                    "ROLES",
                    "AGE",
                    "VERSION",
                    "INTERNAL-IP",
                    "EXTERNAL-IP",
                    "OS-IMAGE",
                    "KERNEL-VERSION",
                    "CONTAINER-RUNTIME",
                ],
            ),
            ("apiservices", ["NAME", "SERVICE", "AVAILABLE", "AGE"]),
            ("replicasets", ["NAME", "DESIRED", "CURRENT", "READY", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]),
            ("endpointslices", ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"]),
            (
                "events",
                [
                    "LAST SEEN",
                    "TYPE",
                    "REASON",
                    "OBJECT",
                    "SUBOBJECT",
                    "SOURCE",
                    "MESSAGE",
                    "FIRST SEEN",
                    "COUNT",
                    "NAME",
                ],
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_columns(self, kubectl: Kubectl, table_objects: str, kind: str, header: list[str]) -> None:
        """People read the same columns everywhere."""
        found = until(lambda: (rows := columns(kubectl("get", kind, "-o", "wide"))) and rows, f"there are {kind}")
        assert found[0] == header

    def test_nothing_found(self, kubectl: Kubectl, namespace: str) -> None:
        """An empty list and a missing object have words of their own."""
        done = kubectl("get", "secrets", "-l", "no=such")
        assert (done.returncode, done.stderr) == (0, f"No resources found in {namespace} namespace.\n")
        done = kubectl("get", "pod", "no-such-pod")
        assert (done.returncode, done.stderr) == (1, 'Error from server (NotFound): pods "no-such-pod" not found\n')
        done = kubectl("get", "no-such-kind")
        assert (done.returncode, done.stderr) == (1, 'error: the server doesn\'t have a resource type "no-such-kind"\n')


class TestWriting:
    """apply, delete, patch, scale, wait."""

    def test_delete_tells_what_it_did(self, kubectl: Kubectl) -> None:
        """Every object by name; what is not there is NotFound."""
        name = f"s-{secrets.token_hex(3)}"
        fine(kubectl("apply", "-f", "-", stdin=MANIFEST.format(name, "2")))
        assert fine(kubectl("get", "configmap", name, "-o", "jsonpath={.data.a}")) == "2"
        said = fine(kubectl("delete", "-f", "-", stdin=MANIFEST.format(name, "2")))
        assert [line.partition(" from ")[0] for line in said.splitlines()] == [
            f'configmap "{name}" deleted',
            f'service "{name}" deleted',
        ]
        done = kubectl("delete", "configmap", name)
        assert (done.returncode, done.stderr) == (1, f'Error from server (NotFound): configmaps "{name}" not found\n')

    def test_client_side_apply_tells_what_it_did(self, kubectl: Kubectl) -> None:
        """created, unchanged, configured."""
        name = f"c-{secrets.token_hex(3)}"
        told = [fine(kubectl("apply", "-f", "-", stdin=MANIFEST.format(name, value))) for value in ("1", "1", "2")]
        assert [line.split()[1] for line in told[0].splitlines()] == ["created", "created"]
        assert [line.split()[1] for line in told[1].splitlines()] == ["unchanged", "unchanged"]
        assert [line.split()[1] for line in told[2].splitlines()] == ["configured", "unchanged"]

    def test_an_unknown_field_is_refused(self, kubectl: Kubectl) -> None:
        """A misspelt manifest does not pass: kubectl asks for strict validation."""
        wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: wrong}\nspec: {ports: [{port: 80}], oddity: 1}\n"
        done = kubectl("apply", "-f", "-", stdin=wrong)
        assert done.returncode == 1
        assert 'strict decoding error: unknown field "spec.oddity"' in done.stderr

    def test_dry_run_on_the_server(self, kubectl: Kubectl) -> None:
        """A manifest is tried without leaving anything behind."""
        name = f"d-{secrets.token_hex(3)}"
        said = fine(kubectl("apply", "--dry-run=server", "-f", "-", stdin=MANIFEST.format(name, "1")))
        assert said == f"configmap/{name} created (server dry run)\nservice/{name} created (server dry run)\n"
        assert kubectl("get", "configmap", name).returncode == 1

    def test_rollout_scale_and_wait(self, kubectl: Kubectl, cluster: Any) -> None:
        """CI waits for a mesh by `kubectl rollout status` and `kubectl wait`."""
        name = f"w-{secrets.token_hex(3)}"
        script = "import time; time.sleep(3600)"
        made = kubectl("create", "deployment", name, f"--image={cluster.image}", "--", "python3", "-c", script)
        assert fine(made) == f"deployment.apps/{name} created\n"
        said = fine(kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s"))
        assert said.endswith(f'deployment "{name}" successfully rolled out\n')
        said = fine(kubectl("wait", "--for=condition=Available", f"deployment/{name}", "--timeout=60s"))
        assert said == f"deployment.apps/{name} condition met\n"
        assert fine(kubectl("scale", f"deployment/{name}", "--replicas=0")) == f"deployment.apps/{name} scaled\n"
        assert fine(kubectl("delete", "deployment", name)).startswith(f'deployment.apps "{name}" deleted')


class TestPods:
    """logs, exec, describe."""

    def test_logs(self, kubectl: Kubectl, shell: str) -> None:
        """The output of a program."""
        assert until(lambda: fine(kubectl("logs", shell)), "it has spoken") == "started\n"

    def test_exec_passes_output_input_and_exit_status(self, kubectl: Kubectl, shell: str) -> None:
        """How people try a prober by hand."""
        done = kubectl(
            "exec", shell, "--", "python3", "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
        )
        assert (done.returncode, done.stdout) == (3, "out\n")
        assert done.stderr == "err\ncommand terminated with exit code 3\n"
        done = kubectl(
            "exec", "-i", shell, "--", "python3", "-c", "import sys; print(len(sys.stdin.read()))", stdin="x" * 1000
        )
        assert (done.returncode, done.stdout) == (0, "1000\n")

    def test_exec_of_a_program_that_is_not_there(self, kubectl: Kubectl, shell: str) -> None:
        """An image without the sample application is told."""
        done = kubectl("exec", shell, "--", "no-such-program")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: Internal error occurred: ")
        assert 'exec: "no-such-program": executable file not found in $PATH' in done.stderr

    def test_describe_ends_with_events(self, kubectl: Kubectl, shell: str) -> None:
        """The hint of a run that waits for pods."""

        def told() -> str | None:
            text = fine(kubectl("describe", "pod", shell))
            return text if "Started container app" in text else None

        said = until(told, "it has events")
        assert re.search(r"^Status:\s+Running$", said, re.MULTILINE)
        assert re.search(r"Normal\s+Scheduled\s", said)


class TestAccess:
    """auth, create token."""

    def test_can_i(self, kubectl: Kubectl, namespace: str) -> None:
        """A maintainer checks the permissions of manifests/rbac.yaml."""
        assert fine(kubectl("auth", "can-i", "create", "pods/exec")) == "yes\n"
        done = kubectl("auth", "can-i", "list", "nodes", f"--as=system:serviceaccount:{namespace}:default")
        assert (done.returncode, done.stdout) == (1, "no\n")

    def test_a_token_is_made(self, kubectl: Kubectl, cluster: Any, namespace: str) -> None:
        """`kubectl create token runner --duration=2h`, as manifests/rbac.yaml says."""
        token = fine(kubectl("create", "token", "default", "--duration=10m")).strip()
        review = cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}}).ok()
        assert review["status"]["user"]["username"] == f"system:serviceaccount:{namespace}:default"

    def test_version(self, kubectl: Kubectl, cluster: Any) -> None:
        """kubectl knows the server's version."""
        found = json.loads(fine(kubectl("version", "-o", "json")))["serverVersion"]["gitVersion"]
        assert found == cluster.api.get("/version").ok()["gitVersion"]
