"""What a mesh and the suite need of the node, held against the running one: DNS, Services, extension of the API,
faults of components."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE
from tests.cluster import binaries, certificates, containerd, images, layout, namespaces, node
from tests.cluster.images import write_archive
from tests.cluster.layout import Layout
from tests.support.kube_api import Api, Object, until

pytestmark = pytest.mark.cluster

# Answers as an extension API server, as a validating webhook that refuses, and as any HTTPS server that shows who asks.
SERVER = """
import http.server, json, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def do_GET(self):
        self.answer({"path": self.path, "user": self.headers.get("X-Remote-User"), "peer": self.client_address[0]})
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refusal = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": "refused by the test"}}
        self.answer({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": refusal})
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server = http.server.ThreadingHTTPServer(("", 8443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
LOOK = """
import json, socket, ssl, sys, urllib.request
unchecked = ssl._create_unverified_context()
answers = [urllib.request.urlopen(f"https://{host}/", timeout=5, context=unchecked) for host in sys.argv[1:]]
peers = [json.load(answer)["peer"] for answer in answers]
own = socket.gethostbyname(socket.gethostname())
try:
    outside = socket.gethostbyname("no-such-name.example.org")
except socket.gaierror as problem:
    outside = problem.errno == socket.EAI_NONAME
print(json.dumps({"own": own, "peers": peers, "outside unknown": outside}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The tests' namespace; `bundle` is the certificate to trust for its Service `server`."""

    name: str
    bundle: str


@pytest.fixture(scope="module")
def here() -> Layout:
    """The running node's folder, with the sample application's image imported."""
    found = Layout.find()
    node.kubeconfig(found)
    if not any(name.endswith(SAMPLE_APP_IMAGE) for name in containerd.images(found)):
        containerd.import_image(images.sample_app(found.cache), found)
    return found


@pytest.fixture(scope="module")
def api(here: Layout) -> Iterator[Api]:
    """The API server, asked by the administrator."""
    client = Api(node.kubeconfig(here))
    yield client
    client.close()


@pytest.fixture(scope="module")
def space(api: Api, here: Layout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A namespace with a server (pod `server`, Service `server`, port 443) and an idle pod `client`."""
    name = f"node-{secrets.token_hex(4)}"
    api.post("/api/v1/namespaces", {"metadata": {"name": name}}).ok()
    try:
        yield Space(name=name, bundle=_fill(api, name, tmp_path_factory.mktemp("tls")))
    finally:
        api.delete(f"/api/v1/namespaces/{name}")
        until(lambda: api.get(f"/api/v1/namespaces/{name}").status == 404, f"namespace {name} is gone", 60)


def _fill(api: Api, name: str, folder: Path) -> str:
    """Create everything in the namespace; return the certificate to trust."""
    until(
        lambda: api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").status == 200,
        "the namespace has its service account",
    )
    bundle = server_secret(api, name, folder)
    volume = {"name": "tls", "secret": {"secretName": "tls"}}
    mount = {"volumeMounts": [{"name": "tls", "mountPath": "/tls"}]}
    probe = {
        "readinessProbe": {
            "httpGet": {"path": "/", "port": 8443, "scheme": "HTTPS"},
            "periodSeconds": 1,
            "timeoutSeconds": 10,
        }
    }
    api.post(
        f"/api/v1/namespaces/{name}/pods", pod("server", SERVER, volumes=[volume], container={**mount, **probe})
    ).ok()
    api.post(f"/api/v1/namespaces/{name}/pods", pod("client", "import time; time.sleep(3600)")).ok()
    ports = [{"port": 443, "targetPort": 8443}]
    service = {"metadata": {"name": "server"}, "spec": {"selector": {"app": "server"}, "ports": ports}}
    api.post(f"/api/v1/namespaces/{name}/services", service).ok()
    for each in ("server", "client"):
        await_ready(api, name, each)
    return bundle


def pod(name: str, script: str, *, container: Object | None = None, **spec: Any) -> Object:
    program = {"image": SAMPLE_APP_IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["python3", "-c", script]}
    app = {"name": "app", **program, **(container or {})}
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [app], **spec},
    }


def await_ready(api: Api, namespace: str, name: str) -> None:
    def ready() -> bool:
        found = api.get(f"/api/v1/namespaces/{namespace}/pods/{name}").ok()
        return any(
            each["type"] == "Ready" and each["status"] == "True" for each in found["status"].get("conditions") or ()
        )

    until(ready, f"pod {name} is Ready", 60)


def server_secret(api: Api, namespace: str, folder: Path) -> str:
    """Create the Secret `tls` for the Service `server`; return the certificate to trust,
    as Kubernetes objects carry it."""
    signer = certificates.authority(folder, "ca")
    host = f"server.{namespace}.svc"
    certificates.issue(folder, signer, "tls", user=host, usage=ExtendedKeyUsageOID.SERVER_AUTH, names=[host])
    data = {name: base64.b64encode((folder / name).read_bytes()).decode() for name in ("tls.crt", "tls.key", "ca.crt")}
    api.post(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "tls"}, "data": data}).ok()
    return data["ca.crt"]


def look(api: Api, namespace: str, *hosts: str) -> Object:
    """What the client pod sees: its address, the address each host's answer says it came from,
    whether a strange name is unknown."""
    done = api.exec(namespace, "client", ["python3", "-c", LOOK, *hosts])
    assert done.status["status"] == "Success", done.output
    found: Object = json.loads(done.stdout)
    return found


def client_address(api: Api, namespace: str) -> str:
    found: str = api.get(f"/api/v1/namespaces/{namespace}/pods/client").ok()["status"]["podIP"]
    return found


def test_node_has_the_pinned_release(api: Api) -> None:
    """API server and kubelet tell the version that is pinned, and the node is Ready without taints."""
    version = binaries.kubernetes_version()
    assert api.get("/version").ok()["gitVersion"] == version
    found = api.get(f"/api/v1/nodes/{layout.NODE_NAME}").ok()
    assert found["status"]["nodeInfo"]["kubeletVersion"] == version
    assert "taints" not in found["spec"]


def test_services_are_found_by_name_and_show_the_clients_address(api: Api, space: Space) -> None:
    """Short and full names lead to the server, which sees the client pod's own address; names outside do not exist."""
    hosts = ("server", f"server.{space.name}", f"server.{space.name}.svc.{layout.CLUSTER_DOMAIN}")
    found = look(api, space.name, *hosts)
    address = client_address(api, space.name)
    assert found == {"own": address, "peers": [address] * 3, "outside unknown": True}


def test_extension_api_server_in_a_pod_is_asked_as_the_front_proxy(api: Api, space: Space) -> None:
    """An APIService leads through the Service to the pod, with the caller's name in the front proxy's header."""
    name = "v1.node-test.example.org"
    spec = {
        "group": "node-test.example.org",
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 10,
        "caBundle": space.bundle,
        "service": {"namespace": space.name, "name": "server"},
    }
    services = "/apis/apiregistration.k8s.io/v1/apiservices"
    api.post(services, {"metadata": {"name": name}, "spec": spec}).ok()
    try:
        path = "/apis/node-test.example.org/v1"
        until(lambda: api.get(path).status == 200, "the extension API is served", 60)
        answer = api.get(path).ok()
        assert (answer["path"], answer["user"]) == (path, "admin")
    finally:
        api.delete(f"{services}/{name}")


def test_admission_webhook_in_a_pod_is_asked(api: Api, space: Space) -> None:
    """A validating webhook behind a Service refuses what it is asked about, and nothing else."""
    webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    hook = {
        "name": "hook.example.org",
        "clientConfig": {"caBundle": space.bundle, "service": {"namespace": space.name, "name": "server"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}},
        "objectSelector": {"matchLabels": {"ask": "webhook"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    api.post(webhooks, {"metadata": {"name": space.name}, "webhooks": [hook]}).ok()

    def create(**labels: str) -> str:
        meta = {"generateName": "asked-", "labels": labels}
        return api.post(f"/api/v1/namespaces/{space.name}/configmaps", {"metadata": meta}).message

    try:
        until(lambda: "refused by the test" in create(ask="webhook"), "the webhook refuses")
        assert create(ask="nobody") == ""
    finally:
        api.delete(f"{webhooks}/{space.name}")


def test_pod_security_is_enforced_by_label(api: Api, space: Space) -> None:
    """A namespace labelled `restricted` refuses a pod that asks for nothing, as any Kubernetes of today does."""
    name = f"{space.name}-restricted"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}}).ok()
    try:
        until(
            lambda: api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").status == 200,
            "the namespace has its service account",
        )
        refused = api.post(f"/api/v1/namespaces/{name}/pods", pod("plain", "pass"))
        assert refused.status == 403
        assert "violates PodSecurity" in refused.message
    finally:
        api.delete(f"/api/v1/namespaces/{name}")


def test_another_checkout_that_names_the_node_finds_it(here: Layout, api: Api, tmp_path: Path) -> None:
    """`status` says that all runs, and images can be imported, in a copy of these files
    that is told the node's folder."""
    root = Path(__file__).resolve().parents[2]
    shutil.copytree(
        root / "tests" / "cluster", tmp_path / "tests" / "cluster", ignore=shutil.ignore_patterns("__pycache__")
    )
    write_archive(tmp_path / "image.tar", reference="smi.test/other:1", root=root / "manifests", entrypoint=["/none"])
    script = (
        "from tests.cluster import containerd; "
        f"containerd.import_image(__import__('pathlib').Path({str(tmp_path / 'image.tar')!r}))"
    )
    environment = {**os.environ, layout.FOLDER_VARIABLE: str(here.folder)}
    commands = [["-m", "tests.cluster", "status"], ["-m", "tests.cluster", "kubeconfig"], ["-c", script]]

    done = [
        subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        for words in commands
    ]

    assert [each.returncode for each in done] == [0, 0, 0], done
    assert "not running" not in done[0].stdout
    assert done[1].stdout.strip() == str(here.kubeconfig)
    assert any(name.endswith("smi.test/other:1") for name in containerd.images(here))


def waiting_parent_state(layout: Layout) -> str:
    """The state of the process that waits for the kubelet, as /proc writes it: T is stopped."""
    kubelet = node.running(layout)["kubelet"]
    assert kubelet is not None
    return Path("/proc", str(namespaces.parent(kubelet)), "stat").read_text().rpartition(")")[2].split()[0]


def test_pods_go_on_while_the_api_server_is_restarted(api: Api, here: Layout, space: Space) -> None:
    """A restart of the API server leaves pods as they were, and exec works as soon as it is ready again."""
    before = client_address(api, space.name)
    node.restart("kube-apiserver", here)
    client = Api(node.kubeconfig(here))  # connections of the old one are gone
    try:
        assert look(client, space.name, "server")["peers"] == [before]
    finally:
        client.close()


def test_kubelet_held_still_takes_no_exec_until_it_goes_on(here: Layout, space: Space) -> None:
    """While the kubelet is stopped pods run on unseen; afterwards it serves exec at once."""
    client = Api(node.kubeconfig(here))
    logs = f"/api/v1/namespaces/{space.name}/pods/client/log"
    try:
        with node.paused("kubelet", here), pytest.raises(httpx.TimeoutException):
            httpx.get(f"{client.url}{logs}", verify=client.ssl, timeout=2, trust_env=False)
        assert client.get(logs).status == 200
        assert look(client, space.name, "server")["peers"]
        assert waiting_parent_state(here) != "T"  # one that stayed stopped would never bury the kubelet
    finally:
        client.close()
