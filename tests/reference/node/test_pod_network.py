"""The network view of pods, with real processes and sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., None]


class TestDirectPod:
    """A pod without a redirect."""

    def test_reaches_a_service_by_every_form_of_its_name(self, with_node: Run) -> None:
        """A service answers under its short, partial, full and dotted name, from the pod's own address,
        and looks like its ClusterIP."""

        async def scenario(node: Any) -> None:
            server = await node.server("srv-1")
            vip = await node.service()
            names = ["srv", "srv.t1", "srv.t1.svc", "srv.t1.svc.cluster.local", "srv.t1.svc.cluster.local.", vip]
            answers = await node.ask("srv-1", *({"op": "tcp", "host": name, "port": 80} for name in names))
            assert [answer["pod"] for answer in answers] == ["srv-1"] * len(names)
            assert {answer["peer"] for answer in answers} == {server["status"]["podIP"]}
            assert {tuple(answer["to"]) for answer in answers} == {(vip, 80)}

        with_node(scenario)

    def test_own_address_and_localhost_are_the_pod(self, with_node: Run) -> None:
        """localhost, 127.0.0.1 and the pod's address lead to the pod's own server, not to the machine's."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            other = await node.server("srv-2")
            hosts = ["localhost", "127.0.0.1", other["status"]["podIP"]]
            answers = await node.ask("srv-2", *({"op": "tcp", "host": host, "port": 8080} for host in hosts))
            assert [answer["pod"] for answer in answers] == ["srv-2"] * 3

        with_node(scenario)

    def test_failures_are_those_of_a_cluster(self, with_node: Run) -> None:
        """An unknown name, a port that no service has, a service without endpoints and the world outside fail as
        in a cluster."""

        async def scenario(node: Any) -> None:
            await node.server("other")
            vip = await node.service(selector={"app": "nobody"})
            outside = {"op": "tcp", "host": "192.0.2.1", "port": 80}
            asked = [
                {"op": "tcp", "host": "nope", "port": 80},
                {"op": "tcp", "host": vip, "port": 81},
                {"op": "tcp", "host": "srv", "port": 80},
            ]
            answers = await node.ask("other", *asked, outside)
            assert [answer["error"] for answer in answers] == [
                "gaierror",
                "ConnectionRefusedError",
                "ConnectionRefusedError",
                "OSError",
            ]

        with_node(scenario)

    def test_udp_to_a_cluster_ip(self, with_node: Run) -> None:
        """Datagrams reach an endpoint and the answer seems to come from the ClusterIP, connected or not."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            vip = await node.service()
            plain, connected = await node.ask(
                "srv-1",
                {"op": "udp", "host": vip, "port": 53},
                {"op": "udp", "host": "srv", "port": 53, "connected": True},
            )
            assert plain == {"data": "srv-1 ping", "from": [vip, 53]}
            assert connected["data"] == "srv-1 ping"

        with_node(scenario)

    def test_connections_spread_over_endpoints(self, with_node: Run) -> None:
        """Forty connections to two endpoints meet both."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            await node.server("srv-2")
            await node.service()
            answers = await node.ask("srv-1", *[{"op": "tcp", "host": "srv", "port": 80}] * 40)
            assert {answer["pod"] for answer in answers} == {"srv-1", "srv-2"}

        with_node(scenario)

    def test_headless_service_resolves_to_pods(self, with_node: Run) -> None:
        """A headless service has its ready pods' addresses."""

        async def scenario(node: Any) -> None:
            addresses = [(await node.server(name))["status"]["podIP"] for name in ("srv-1", "srv-2")]
            await node.service(clusterIP="None")
            (answer,) = await node.ask("srv-1", {"op": "resolve", "host": "srv"})
            assert answer["addresses"] == sorted(addresses)

        with_node(scenario)

    def test_python3_sees_the_pod_network(self, with_node: Run) -> None:
        """An executed interpreter has the pod's names and packages, too."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            await node.service()
            code = (
                "import socket, tiny_package; s = socket.create_connection(('srv', 80)); "
                "print(s.getsockname()[0]); raise SystemExit(5)"
            )
            status, out, err = await node.run("srv-1", "python3", "-c", code)
            assert (status, out.strip(), err) == (5, node.get("srv-1")["status"]["podIP"], "")

        with_node(scenario)


SIDECAR = {
    "name": "proxy",
    "image": "tiny:1",
    "args": ["sidecar"],
    "readinessProbe": {"httpGet": {"port": 15020, "path": "/"}},
}
APP = {"name": "app", "image": "tiny:1", "args": ["server"], "readinessProbe": {"httpGet": {"port": 8080, "path": "/"}}}
META = {"annotations": {"network.smi-reference.io/redirect": "proxy"}, "labels": {"app": "srv"}}


class TestRedirectedPod:
    """A pod whose traffic goes to a sidecar."""

    def test_outgoing_connections_announce_their_destination(self, with_node: Run) -> None:
        """A connection to anywhere else meets the sidecar with ORIGDST first, then the program's bytes;
        localhost does not."""

        async def scenario(node: Any) -> None:
            await node.pod("joined", containers=[APP, SIDECAR], meta=META)
            await node.until(lambda: node.ready("joined"))
            vip = await node.service()
            own = node.get("joined")["status"]["podIP"]
            away, direct, local, self_ = await node.ask(
                "joined",
                {"op": "tcp", "host": "srv", "port": 80},
                {"op": "tcp", "host": "192.0.2.1", "port": 443},
                {"op": "tcp", "host": "127.0.0.1", "port": 8080},
                {"op": "tcp", "host": own, "port": 8080},
                container="app",
            )
            assert away == {"sidecar": own, "origdst": f"ORIGDST {vip}:80\n", "line": "hello\n", "to": [vip, 80]}
            assert direct["origdst"] == "ORIGDST 192.0.2.1:443\n"
            assert [local["pod"], self_["pod"]] == ["joined", "joined"]

        with_node(scenario)

    def test_datagrams_carry_their_destination(self, with_node: Run) -> None:
        """The sidecar gets six bytes before each datagram and its answers come from the original destination."""

        async def scenario(node: Any) -> None:
            await node.pod("joined", containers=[APP, SIDECAR], meta=META)
            await node.until(lambda: node.ready("joined"))
            plain, connected = await node.ask(
                "joined",
                {"op": "udp", "host": "192.0.2.7", "port": 5353},
                {"op": "udp", "host": "192.0.2.7", "port": 5353, "connected": True},
                container="app",
            )
            assert plain == {"data": "via sidecar ping", "from": ["192.0.2.7", 5353]}
            assert connected["data"] == "via sidecar ping"

        with_node(scenario)

    def test_inbound_datagrams_are_answered_to_the_sidecar(self, with_node: Run) -> None:
        """A plain datagram from a socket of the sidecar is answered to that socket, though it has the pod's address."""

        async def scenario(node: Any) -> None:
            await node.pod("joined", containers=[APP, SIDECAR], meta=META)
            await node.until(lambda: node.ready("joined"))
            code = (
                "import os, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3);"
                "s.bind((os.environ['SANDBOX_POD_IP'], 0)); s.sendto(b'in', (os.environ['SANDBOX_APP_IP'], 9100));"
                "print(s.recv(99).decode())"
            )
            assert await node.run("joined", "python3", "-c", code, container="proxy") == (0, "joined in\n", "")

        with_node(scenario)

    def test_the_app_is_hidden_from_other_pods(self, with_node: Run) -> None:
        """Neither the pod's address nor its app address leads another pod past the sidecar."""

        async def scenario(node: Any) -> None:
            await node.pod("joined", containers=[APP, SIDECAR], meta=META)
            await node.server("stranger")
            await node.until(lambda: node.ready("joined"))
            own = node.get("joined")["status"]["podIP"]
            parts = own.split(".")
            hidden = ".".join([*parts[:2], str(int(parts[2]) + 64), parts[3]])
            answers = await node.ask("stranger", *({"op": "tcp", "host": host, "port": 8080} for host in (own, hidden)))
            assert [answer["error"] for answer in answers] == ["ConnectionRefusedError"] * 2

        with_node(scenario)

    def test_the_sidecar_is_ready_before_the_app_starts(self, with_node: Run) -> None:
        """The app's container waits for the sidecar's readiness, whatever their order in the pod."""

        async def scenario(node: Any) -> None:
            await node.pod("joined", containers=[APP, SIDECAR], meta=META)
            seen: list[tuple[bool, bool]] = []

            def look() -> bool:
                states = {c["name"]: c for c in node.get("joined").get("status", {}).get("containerStatuses", [])}
                if states:
                    seen.append((states["proxy"]["ready"], "running" in states["app"]["state"]))
                return bool(node.ready("joined"))

            await node.until(look)
            assert (False, True) not in seen
            assert (False, False) in seen

        with_node(scenario)
