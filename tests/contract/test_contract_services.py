"""Services: endpoints by readiness, names inside pods, balancing, ports with nothing behind them."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.support.kube_api import Api, Object, until

SERVE = """
import http.server, os, sys, threading
port, ready = int(sys.argv[1]) if len(sys.argv) > 1 else 8080, [True]
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/unready": ready[0] = False
        if self.path == "/ready": ready[0] = True
        body = os.environ["HOSTNAME"].encode() + b" " + self.client_address[0].encode()
        self.send_response(200 if self.path != "/healthz" or ready[0] else 503)
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Answer).serve_forever()
"""
ASK = """
import json, socket, sys
from urllib.request import urlopen
from urllib.error import URLError
def one(url):
    try: return urlopen(url, timeout=3).read().decode()
    except URLError as error: return type(error.reason).__name__
def resolve(name):
    try: return sorted({item[4][0] for item in socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)})
    except socket.gaierror as error: return "gaierror"
for what, value, times in json.loads(sys.argv[1]):
    print(json.dumps([resolve(value) if what == "resolve" else one(value) for _ in range(times)]), flush=True)
"""
UDP_ECHO = """
import os, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("0.0.0.0", 9100))
    open(os.environ.get("TMPDIR", "/tmp") + "/up", "w").close()
    while True:
        data, peer = server.recvfrom(1000)
        server.sendto(b"echo " + data, peer)
"""
UDP_ASK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(2)
    client.connect((sys.argv[1], 53))
    client.send(b"hello")
    print(client.recv(100).decode())
"""
PROBE: Object = {
    "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
}


class Stage:
    """A namespace with servers and a client."""

    def __init__(self, cluster: Any, namespace: str) -> None:
        self.api: Api = cluster.api
        self.cluster, self.namespace = cluster, namespace
        self.at = f"/api/v1/namespaces/{namespace}"

    def server(self, name: str, **labels: str) -> Object:
        """A ready server pod."""
        ready: Object = self.cluster.run(self.namespace, self.cluster.pod(name, SERVE, labels=labels, container=PROBE))
        return ready

    def service(self, name: str, selector: dict[str, str], **spec: Any) -> Object:
        """A Service on port 80 to 8080."""
        body = {
            "metadata": {"name": name},
            "spec": {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": 8080}], **spec},
        }
        return self.api.post(f"{self.at}/services", body).ok()

    def ask(self, *questions: tuple[str, str, int]) -> list[list[Any]]:
        """Answers of the client pod: to (`get`, url, times) or (`resolve`, name, times)."""
        done = self.api.exec(self.namespace, "client", ["python3", "-c", ASK, json.dumps(questions)])
        assert done.status["status"] == "Success", done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    def get(self, url: str) -> str:
        """One answer."""
        return str(self.ask(("get", url, 1))[0][0])

    def addresses(self, name: str) -> tuple[set[str], set[str]]:
        """Ready and not ready addresses of the Endpoints."""
        found = self.api.get(f"{self.at}/endpoints/{name}").body.get("subsets") or []
        ready = {a["ip"] for subset in found for a in subset.get("addresses") or ()}
        return ready, {a["ip"] for subset in found for a in subset.get("notReadyAddresses") or ()}

    def await_addresses(self, name: str, ready: set[str]) -> None:
        """Wait until exactly these addresses are ready."""
        until(lambda: self.addresses(name)[0] == ready, f"the endpoints of {name} are {ready}")

    def await_answers(self, url: str, pods: set[str]) -> None:
        """Wait until exactly these pods answer."""
        until(lambda: {answer.split()[0] for answer in self.ask(("get", url, 12))[0]} == pods, f"{pods} answer")


@pytest.fixture(scope="module")
def stage(cluster: Any, namespace: str) -> Stage:
    """The stage with a client."""
    cluster.run(namespace, cluster.pod("client", "import time; time.sleep(3600)"))
    return Stage(cluster, namespace)


@pytest.fixture(scope="module")
def pair(stage: Stage) -> Object:
    """The service `pair` before two ready servers."""
    ips = {stage.server(name, app="pair")["status"]["podIP"] for name in ("one", "two")}
    made = stage.service("pair", {"app": "pair"})
    stage.await_addresses("pair", ips)
    stage.await_answers("http://pair", {"one", "two"})
    return made


class TestNames:
    """DNS inside pods."""

    def test_every_form_of_a_services_name_is_its_address(self, stage: Stage, pair: Object) -> None:
        """Profiles address services by `{service}.{namespace}.svc.cluster.local` and shorter."""
        names = [
            "pair",
            f"pair.{stage.namespace}",
            f"pair.{stage.namespace}.svc",
            f"pair.{stage.namespace}.svc.cluster.local",
        ]
        names.append(names[-1] + ".")
        found = stage.ask(*(("resolve", name, 1) for name in names))
        assert found == [[[pair["spec"]["clusterIP"]]]] * len(names)

    def test_a_name_that_does_not_exist_is_told_at_once(self, stage: Stage) -> None:
        """The outcome `dns` of a probe is no timeout."""
        assert stage.ask(("resolve", f"no-such-service.{stage.namespace}.svc.cluster.local", 1)) == [["gaierror"]]

    def test_a_service_of_another_namespace_needs_its_namespace(self, stage: Stage) -> None:
        """Short names stay in the pod's namespace."""
        own = stage.api.get("/api/v1/namespaces/default/services/kubernetes").ok()["spec"]["clusterIP"]
        assert stage.ask(("resolve", "kubernetes.default", 1), ("resolve", "kubernetes", 1)) == [[[own]], ["gaierror"]]

    def test_a_headless_service_names_its_ready_pods(self, stage: Stage, pair: Object) -> None:
        """Pods behind a Service without address are resolved one by one."""
        stage.service("headless", {"app": "pair"}, clusterIP="None")
        wanted = sorted(stage.addresses("pair")[0])
        until(lambda: stage.ask(("resolve", "headless", 1)) == [[wanted]], "both pods are named")

    def test_an_alias_points_elsewhere(self, stage: Stage, pair: Object) -> None:
        """ExternalName."""
        body = {
            "metadata": {"name": "alias"},
            "spec": {"type": "ExternalName", "externalName": f"pair.{stage.namespace}.svc.cluster.local"},
        }
        stage.api.post(f"{stage.at}/services", body).ok()
        until(lambda: stage.ask(("resolve", "alias", 1)) == [[[pair["spec"]["clusterIP"]]]], "the alias resolves")


class TestBalancing:
    """Connections to a ClusterIP."""

    def test_connections_are_spread_over_ready_pods(self, stage: Stage, pair: Object) -> None:
        """The null mesh: an even spread over the pods of a Service, whatever a TrafficSplit says."""
        answers = Counter(answer.split()[0] for answer in stage.ask(("get", "http://pair", 200))[0])
        assert set(answers) == {"one", "two"}
        assert min(answers.values()) > 60, "six standard deviations from even"

    def test_the_source_address_is_the_clients(self, stage: Stage, pair: Object) -> None:
        """Who asked is seen by the server."""
        own = stage.api.get(f"{stage.at}/pods/client").ok()["status"]["podIP"]
        assert {answer.split()[1] for answer in stage.ask(("get", "http://pair", 4))[0]} == {own}

    def test_the_address_itself_works_like_the_name(self, stage: Stage, pair: Object) -> None:
        """Probes may go to a ClusterIP or a pod's address."""
        (ip, *_) = sorted(stage.addresses("pair")[0])
        first, second = stage.ask(("get", f"http://{pair['spec']['clusterIP']}", 1), ("get", f"http://{ip}:8080", 1))
        assert {first[0].split()[0], second[0].split()[0]} <= {"one", "two"}

    def test_a_service_without_ready_pods_refuses(self, stage: Stage) -> None:
        """A root of a TrafficSplit without pods of its own: plain Kubernetes refuses its connections at once."""
        stage.service("empty", {"app": "nobody"})
        until(lambda: stage.get("http://empty") == "ConnectionRefusedError", "connections are refused")

    def test_a_port_of_a_pod_that_nobody_listens_on_refuses(self, stage: Stage, pair: Object) -> None:
        """The outcome `refused` is a pod's own answer."""
        (ip, *_) = sorted(stage.addresses("pair")[0])
        assert stage.get(f"http://{ip}:9") == "ConnectionRefusedError"


class TestOtherWays:
    """Datagrams, and a pod that asks itself."""

    def test_datagrams_reach_a_pod_and_the_answer_comes_from_the_service(self, stage: Stage) -> None:
        """UDPRoute scenes: a connected socket takes answers from the ClusterIP alone."""
        container = {
            "readinessProbe": {
                "exec": {"command": ["python3", "-c", "import os; os.stat(os.environ.get('TMPDIR', '/tmp') + '/up')"]}
            }
        }
        pod = stage.cluster.pod("echo", UDP_ECHO, labels={"app": "echo"}, container=container)
        stage.cluster.run(stage.namespace, pod)
        stage.service("echo", {"app": "echo"}, ports=[{"port": 53, "protocol": "UDP", "targetPort": 9100}])

        def answered() -> bool:
            done = stage.api.exec(stage.namespace, "client", ["python3", "-c", UDP_ASK, "echo"])
            return done.stdout == "echo hello\n"

        until(answered, "the datagram is answered")

    def test_a_pod_reaches_itself_by_its_service(self, stage: Stage) -> None:
        """The journal's loopback and a server that calls its own Service."""
        stage.server("selfish", app="selfish")
        stage.service("own", {"app": "selfish"})
        script = (
            "from urllib.request import urlopen; print(urlopen('http://own', timeout=3).read().decode().split()[0])"
        )
        until(
            lambda: stage.api.exec(stage.namespace, "selfish", ["python3", "-c", script]).stdout == "selfish\n",
            "it answers itself",
        )

    def test_a_pods_own_host_name_is_its_own_address(self, stage: Stage) -> None:
        """Whatever Service has that name: a scene must not name a Service like the pod that calls it."""
        stage.service("client", {"app": "nobody"})
        own = stage.api.get(f"{stage.at}/pods/client").ok()["status"]["podIP"]
        assert stage.ask(("resolve", "client", 1)) == [[[own]]]


class TestReadiness:
    """Endpoints and EndpointSlices follow readiness."""

    def test_an_unready_pod_gets_no_traffic(self, stage: Stage) -> None:
        """A server that is not ready must not be counted against a mesh."""
        ip = stage.server("moody", app="moody")["status"]["podIP"]
        stage.service("moody", {"app": "moody"})
        stage.await_addresses("moody", {ip})
        until(lambda: stage.get("http://moody").startswith("moody "), "it answers")
        stage.get("http://moody/unready")
        until(lambda: stage.addresses("moody") == (set(), {ip}), "it is not ready")
        until(lambda: stage.get("http://moody") == "ConnectionRefusedError", "connections are refused")
        stage.get(f"http://{ip}:8080/ready")
        until(lambda: stage.get("http://moody").startswith("moody "), "it answers again")

    def test_slices_say_the_same(self, stage: Stage, pair: Object) -> None:
        """Meshes read EndpointSlices: ready, serving, terminating, the pod, named ports."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{stage.namespace}/endpointslices"

        def slices() -> list[Object]:
            found: list[Object] = stage.api.get(path, labelSelector="kubernetes.io/service-name=pair").ok()["items"]
            return found if found and len(found[0].get("endpoints") or ()) == 2 else []

        (found,) = until(slices, "the slice is there")
        assert found["addressType"] == "IPv4"
        assert found["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
        assert (
            found["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
        )
        assert found["metadata"]["ownerReferences"][0]["name"] == "pair"
        for endpoint in found["endpoints"]:
            assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
            assert (endpoint["targetRef"]["kind"], endpoint["targetRef"]["name"] in ("one", "two")) == ("Pod", True)
            assert endpoint["nodeName"]

    def test_endpoints_name_their_pods_and_ports(self, stage: Stage, pair: Object) -> None:
        """The reference mesh reads Endpoints."""
        (subset,) = stage.api.get(f"{stage.at}/endpoints/pair").ok()["subsets"]
        assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
        assert {address["targetRef"]["name"] for address in subset["addresses"]} == {"one", "two"}
        assert all(address["targetRef"]["kind"] == "Pod" and address["nodeName"] for address in subset["addresses"])

    def test_a_deleted_pod_leaves(self, stage: Stage) -> None:
        """A pod that is being deleted gets no new connections."""
        ips = {name: stage.server(name, app="leaving")["status"]["podIP"] for name in ("stays", "leaves")}
        stage.service("leaving", {"app": "leaving"})
        stage.await_addresses("leaving", set(ips.values()))
        stage.api.delete(f"{stage.at}/pods/leaves").ok()
        stage.await_addresses("leaving", {ips["stays"]})
        stage.await_answers("http://leaving", {"stays"})

    def test_a_change_of_labels_moves_a_pod(self, stage: Stage) -> None:
        """Membership is by labels at any time."""
        ip = stage.server("mover", app="mover")["status"]["podIP"]
        stage.service("mover", {"app": "mover"})
        stage.await_addresses("mover", {ip})
        stage.api.patch(f"{stage.at}/pods/mover", {"metadata": {"labels": {"app": "elsewhere"}}}).ok()
        stage.await_addresses("mover", set())

    def test_a_named_target_port_is_the_containers(self, stage: Stage) -> None:
        """targetPort by name."""
        container = {**PROBE, "ports": [{"name": "web", "containerPort": 8080}]}
        stage.cluster.run(
            stage.namespace, stage.cluster.pod("named", SERVE, labels={"app": "named"}, container=container)
        )
        stage.service("named", {"app": "named"}, ports=[{"port": 81, "targetPort": "web"}])
        until(lambda: stage.get("http://named:81").startswith("named "), "it answers")
        (subset,) = stage.api.get(f"{stage.at}/endpoints/named").ok()["subsets"]
        assert subset["ports"] == [{"port": 8080, "protocol": "TCP"}]

    def test_unready_pods_are_published_on_request(self, stage: Stage) -> None:
        """publishNotReadyAddresses."""
        pod = stage.cluster.pod("early", "import time; time.sleep(3600)", labels={"app": "early"}, container=PROBE)
        stage.api.post(f"{stage.at}/pods", pod).ok()
        stage.service("early", {"app": "early"}, publishNotReadyAddresses=True)
        until(lambda: len(stage.addresses("early")[0]) == 1, "it is published")
