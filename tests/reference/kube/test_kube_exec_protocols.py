"""pods/exec on the wire: both channel protocols, both methods, and what is refused."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any

import aiohttp
import pytest

from pytest_smi.reference.kube.websocket_exec import exit_status

PATH = "/api/v1/namespaces/default/pods/p/exec"
POD: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}


@pytest.fixture
def pod(cluster: Any) -> Any:
    with cluster.client() as http:
        assert http.post("/api/v1/namespaces/default/pods", json=POD).status_code == 201
    return cluster


async def talk(
    cluster: Any, protocol: str, method: str, command: list[str], frames: list[bytes]
) -> tuple[str | None, dict[int, bytes]]:
    """Open the socket, send frames, collect what comes per channel until the server closes."""
    context = ssl.create_default_context(cadata=cluster.server.ca_pem.decode())
    query = [("command", part) for part in command] + [("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
    headers = {"Authorization": f"Bearer {cluster.server.admin_token}"}
    received: dict[int, bytes] = {}
    async with asyncio.timeout(10), aiohttp.ClientSession() as session:
        url = cluster.server.url + PATH
        connection = session.ws_connect(
            url, params=query, protocols=[protocol], method=method, headers=headers, ssl=context
        )
        async with connection as socket:
            for frame in frames:
                await socket.send_bytes(frame)
            async for message in socket:
                received[message.data[0]] = received.get(message.data[0], b"") + message.data[1:]
            return socket.protocol, received


class TestProtocols:
    """v4 and v5."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_v5_closes_standard_input(self, pod: Any, method: str) -> None:
        """The close message ends the program's input, so that cat ends with status 0."""
        protocol, received = asyncio.run(
            talk(pod, "v5.channel.k8s.io", method, ["cat"], [b"\x00abc", b"\x00def", b"\xff\x00"])
        )
        assert protocol == "v5.channel.k8s.io"
        assert received[1] == b"abcdef"
        assert json.loads(received[3])["status"] == "Success"

    def test_v4_reports_the_exit_status(self, pod: Any) -> None:
        """The Status on channel 3 has the exit status as a cause; large output comes whole."""
        command = ["sh", "-c", "read n; head -c $n /dev/zero; exit 9"]
        protocol, received = asyncio.run(talk(pod, "v4.channel.k8s.io", "GET", command, [b"\x00300000\n"]))
        assert protocol == "v4.channel.k8s.io"
        assert len(received[1]) == 300000
        status = json.loads(received[3])
        assert (status["reason"], status["details"]["causes"]) == (
            "NonZeroExitCode",
            [{"reason": "ExitCode", "message": "9"}],
        )

    def test_signals_count_from_128(self) -> None:
        """A program that SIGKILL ended has exit status 137."""
        assert exit_status(-9)["details"]["causes"][0]["message"] == "137"

    def test_what_cannot_be_run_is_refused_before_the_upgrade(self, pod: Any) -> None:
        """No command, no such container, no such pod, no websocket: an ordinary Status."""
        with pod.client() as http:
            assert (
                http.get(PATH, params={"stdout": "1"}).json()["message"]
                == "you must specify at least 1 command for the container"
            )
            wrong = http.get(PATH, params={"stdout": "1", "command": "ls", "container": "other"})
            assert (wrong.status_code, wrong.json()["message"]) == (400, "container other is not valid for pod p")
            assert http.get(PATH.replace("/p/", "/q/"), params={"command": "ls"}).status_code == 404
            assert http.post(PATH, params={"stdout": "1", "command": "ls"}).status_code == 400
