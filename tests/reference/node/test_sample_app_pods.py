"""The sample application in pods of the embedded node: server, journal and prober through exec."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sample_app


def image() -> dict[str, Any]:
    """The sample application as an image."""
    folder = str(Path(sample_app.__file__).parent)
    program = {"package": "sample_app", "path": folder, "module": "sample_app.__main__"}
    return {"executables": {"sample-app": program}, "preload": ["sample_app.server", "sample_app.prober"]}


class TestSampleApp:
    """Server and prober."""

    def test_probes_arrive_and_are_answered(self, with_node: Callable[..., None]) -> None:
        """HTTP/1.1, HTTP/2, TCP and UDP probes from one pod are answered by the server in another."""

        async def scenario(node: Any) -> None:
            name = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
            server = {
                "name": "app",
                "image": "sample-app:1",
                "args": ["server"],
                "env": [name],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8086}},
            }
            await node.pod("srv-1", containers=[server], labels={"app": "srv"})
            await node.pod("cli-1", containers=[server])
            await node.until(lambda: node.ready("srv-1") and node.ready("cli-1"))
            ports = [
                {"name": "http", "port": 8080},
                {"name": "tcp", "port": 9000},
                {"name": "udp", "port": 9100, "protocol": "UDP"},
            ]
            await node.service(ports=[{**port, "targetPort": port["port"]} for port in ports])
            plans = [
                {"id": "h1", "kind": "http", "port": 8080, "version": "1.1"},
                {"id": "h2", "kind": "http", "port": 8080, "version": "2"},
                {"id": "t", "kind": "tcp", "port": 9000, "mode": "client-first"},
                {"id": "u", "kind": "udp", "port": 9100},
            ]
            common = {
                "op": "probe",
                "host": "srv",
                "connection": "fresh",
                "repeat": 3,
                "concurrency": 1,
                "interval": 0.0,
                "timeout": 3.0,
            }
            lines = []
            for plan in plans:
                line = {**common, **plan, "nonce": plan["id"]}
                if plan["kind"] == "http":
                    line["requests"] = [{"method": "GET", "path": "/", "headers": []}]
                lines.append(json.dumps(line) + "\n")
            status, out, err = await node.run("cli-1", "sample-app", "prober", stdin="".join(lines))
            assert status == 0, err
            answers = {answer["id"]: answer for answer in map(json.loads, out.splitlines()) if "id" in answer}
            for plan in plans:
                results = answers[plan["id"]]["results"]
                assert [(r["outcome"], r["pod"], r["echo"]) for r in results] == [("answer", "srv-1", True)] * 3, (
                    results
                )

        with_node(scenario, more_images={"sample-app:1": image()})
