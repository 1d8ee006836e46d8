"""The control plane's parts: injection, configuration of services, snapshots, the stream to sidecars, events,
manifests."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import pytest_smi
from pytest_smi.reference import mesh
from pytest_smi.reference.mesh import webhook
from pytest_smi.reference.mesh.cluster_config import port_hint, service_config
from pytest_smi.reference.mesh.config_server import ConfigServer
from pytest_smi.reference.mesh.identity import MeshAuthority, new_key_request
from pytest_smi.reference.mesh.images import IMAGES
from pytest_smi.reference.mesh.snapshot import EMPTY, Compiler, Snapshot, difference
from pytest_smi.reference.mesh.split_events import event


class TestInjection:
    """The webhook."""

    @staticmethod
    def _ask(pod: dict[str, Any]) -> list[dict[str, Any]]:
        review = {"request": {"uid": "u1", "object": pod}}
        answer = webhook.review(review, image="proxy:1", authority="PEM", control_plane="cp:1")["response"]
        assert (answer["uid"], answer["allowed"]) == ("u1", True)
        return json.loads(base64.b64decode(answer["patch"])) if "patch" in answer else []

    def test_a_pod_gets_the_sidecar_and_the_annotation(self) -> None:
        """One container and one annotation are added, beside those that are there."""
        patch = self._ask({"metadata": {}, "spec": {"containers": [{"name": "app"}]}})
        assert patch[0]["value"]["name"] == "smi-proxy"
        assert patch[1]["value"] == {"network.smi-reference.io/redirect": "smi-proxy"}
        kept = self._ask({"metadata": {"annotations": {"x": "y"}}, "spec": {"containers": [{"name": "app"}]}})
        assert kept[1]["path"] == "/metadata/annotations/network.smi-reference.io~1redirect"

    def test_opted_out_and_joined_pods_are_left_alone(self) -> None:
        """No patch for a pod that does not want it or has it."""
        assert (
            self._ask(
                {"metadata": {"annotations": {"smi-reference.io/inject": "disabled"}}, "spec": {"containers": []}}
            )
            == []
        )
        assert self._ask({"metadata": {}, "spec": {"containers": [{"name": "smi-proxy"}]}}) == []


class TestServices:
    """Services and endpoints as configuration."""

    @pytest.mark.parametrize(
        ("port", "hint"),
        [
            ({"appProtocol": "http"}, "http"),
            ({"appProtocol": "tcp", "name": "http"}, "tcp"),
            ({"appProtocol": "tcp-server-first"}, "tcp"),
            ({"appProtocol": "kubernetes.io/h2c"}, "http"),
            ({"name": "http-web"}, "http"),
            ({"name": "tcp-8080"}, "auto"),
            ({}, "auto"),
        ],
    )
    def test_hints(self, port: dict[str, Any], hint: str) -> None:
        """appProtocol decides, then names that begin with an HTTP word; anything else is sniffed."""
        assert port_hint(port) == hint

    def test_endpoints_are_matched_by_port_name_and_wait_for_their_pod(self) -> None:
        """Ready addresses only, with the target port of the port of that name, and only of pods that are known."""
        service = {"spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}}
        ready = [{"ip": ip, "targetRef": {"kind": "Pod"}} for ip in ("1.1.1.1", "1.1.1.2")]
        subset = {
            "addresses": ready,
            "notReadyAddresses": [{"ip": "1.1.1.3"}],
            "ports": [{"name": "a", "port": 8080}, {"name": "b", "port": 9}],
        }
        config = service_config(service, {"subsets": [subset]}, {"1.1.1.1"})
        assert [port["endpoints"] for port in config["ports"]] == [[["1.1.1.1", 8080]], [["1.1.1.1", 9]]]


def _meta(name: str, **more: Any) -> dict[str, Any]:
    return {"namespace": "t1", "name": name, "uid": name, "resourceVersion": "1", **more}


class TestSnapshots:
    """From objects to configuration."""

    def test_an_unreadable_object_is_set_aside_alone(self) -> None:
        """A fractional weight costs its own split and nobody else's."""
        splits = {
            ("t1", name): {
                "metadata": _meta(name),
                "spec": {"service": name, "backends": [{"service": "v1", "weight": weight}]},
            }
            for name, weight in (("good", 1), ("bad", 0.5))
        }
        snapshot = Compiler().compile({"trafficsplits": splits})
        assert "split/t1/good" in snapshot.shared
        assert "split/t1/bad" not in snapshot.shared
        assert [(item.key, "weight" in item.reason) for item in snapshot.unreadable] == [(("t1", "bad"), True)]

    def test_difference(self) -> None:
        """Changed and removed keys, nothing else."""
        assert difference({"a": 1, "b": [1], "c": 3}, {"a": 1, "b": [2], "d": 4}) == ({"b": [2], "d": 4}, ["c"])

    def test_events_of_the_same_message_have_the_same_name(self) -> None:
        """So that a restarted control plane does not repeat itself."""
        first, again = (
            event("trafficsplits", ("t1", "s"), "u", "R", "backend v1", dt.datetime.now(dt.UTC)) for _ in range(2)
        )
        assert first["metadata"]["name"] == again["metadata"]["name"]
        assert (first["type"], first["involvedObject"]["kind"]) == ("Warning", "TrafficSplit")


class TestStream:
    """The stream to sidecars, without TLS around it."""

    def _run(self, scenario: Callable[[ConfigServer, asyncio.StreamReader, asyncio.StreamWriter], Any]) -> None:
        async def review(token: str, namespace: str, pod: str) -> str:
            if token != "good":
                raise PermissionError("the token is not that pod's")
            return "a"

        async def main() -> None:
            server = ConfigServer(MeshAuthority.create(), review)
            listening = await server.start("127.0.0.1", 0, None)
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.sockets[0].getsockname()[1])
            async with asyncio.timeout(10):
                await scenario(server, reader, writer)
            writer.close()
            listening.close()

        asyncio.run(main())

    @staticmethod
    def _hello(token: str) -> bytes:
        hello = {
            "op": "hello",
            "namespace": "t1",
            "pod": "p",
            "token": token,
            "csr": new_key_request().request.decode(),
        }
        return json.dumps(hello).encode() + b"\n"

    def test_a_foreign_token_gets_no_identity(self) -> None:
        """The pod is refused with the reason, and the stream ends."""

        async def scenario(server: ConfigServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(self._hello("bad"))
            assert json.loads(await reader.readline())["op"] == "refused"
            assert await reader.read() == b""

        self._run(scenario)

    def test_configuration_is_whole_first_and_then_only_what_changed(self) -> None:
        """Nothing is sent to a pod for which nothing changed; scrapes are answered over the same stream."""

        async def scenario(server: ConfigServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            def snapshot(shared: dict[str, Any], **own: Any) -> Snapshot:
                return Snapshot(
                    shared=shared,
                    own={("t1", name): value for name, value in own.items()},
                    grants={},
                    warnings=(),
                    unreadable=(),
                )

            server.publish(snapshot({"x": 1, "y": 1}, p={"grants": []}))
            writer.write(self._hello("good"))
            assert json.loads(await reader.readline())["op"] == "identity"
            assert json.loads(await reader.readline()) == {
                "op": "config",
                "set": {"x": 1, "y": 1, "grants": []},
                "del": [],
            }
            server.publish(snapshot({"x": 1, "y": 1}, p={"grants": []}, other={"grants": [1]}))
            server.publish(snapshot({"x": 2}, p={"grants": [1]}))
            assert json.loads(await reader.readline()) == {"op": "config", "set": {"x": 2, "grants": [1]}, "del": ["y"]}
            scraping = asyncio.ensure_future(server.scrape(5.0))
            asked = json.loads(await reader.readline())
            assert (asked["op"], asked["since"]) == ("scrape", 5.0)
            writer.write(json.dumps({"op": "samples", "id": asked["id"], "rows": [[1]]}).encode() + b"\n")
            assert await scraping == [[1]]

        self._run(scenario)

    def test_a_pod_that_the_watch_has_not_told_yet_has_its_grants(self) -> None:
        """Those of its account and its own, and nobody else's."""
        grants: dict[Any, Any] = {("t1", "a"): [1], ("t1", "pod/p"): [2], ("t1", "pod/q"): [3], ("t2", "a"): [4]}

        async def scenario(server: ConfigServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server.publish(Snapshot(shared={}, own={}, grants=grants, warnings=(), unreadable=()))
            writer.write(self._hello("good"))
            await reader.readline()
            assert json.loads(await reader.readline())["set"]["grants"] == [1, 2]

        self._run(scenario)


def test_manifests_name_the_images_that_exist() -> None:
    """The Deployment's image is one of this version's."""
    folder = Path(mesh.__file__).parent / "manifests"
    objects = [thing for file in sorted(folder.glob("*.yaml")) for thing in yaml.safe_load_all(file.read_text())]
    images = {
        c["image"] for t in objects if t["kind"] == "Deployment" for c in t["spec"]["template"]["spec"]["containers"]
    }
    assert images == {f"smi-reference/control-plane:{pytest_smi.__version__}"}
    assert images <= IMAGES.keys()
    kinds = {thing["kind"] for thing in objects}
    assert {"CustomResourceDefinition", "MutatingWebhookConfiguration", "APIService", "Service"} <= kinds
    assert EMPTY.shared == {}
