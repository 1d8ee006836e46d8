"""pods/exec over WebSocket: both channel protocols, streams, exit status, refusals.

Probers and journals run over it.
"""

import json
from typing import Any

import aiohttp
import pytest

from tests.support.kube_api import Api, ExecResult, until

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
STDIN, STDOUT, STDERR, STATUS = 0, 1, 2, 3
ECHO = (
    "import sys\nfor line in sys.stdin:\n    print('got', line.strip(), flush=True)\n    if 'end' in line: "
    "break\nprint('bye')"
)


def python(script: str) -> list[str]:
    """A command."""
    return ["python3", "-c", script]


def refused(api: Api, namespace: str, pod: str, command: list[str], **how: Any) -> tuple[int, str]:
    """HTTP status of a refusal before the upgrade, and its message."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
        api.exec(namespace, pod, command, **how)
    query = {
        "command": command[0],
        "stdout": "true",
        **({"container": how["container"]} if how.get("container") else {}),
    }
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    headers |= {"Sec-WebSocket-Protocol": V4, "Accept": "*/*"}
    answer = api.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/exec", query=query, headers=headers)
    assert answer.status == raised.value.status
    return answer.status, answer.message


@pytest.mark.parametrize("protocol", [V4, V5])
class TestBothProtocols:
    """What does not depend on the protocol."""

    def test_the_protocol_is_agreed_on(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """ExecSession asks for v4; kubectl for v5."""
        assert api.exec(namespace, shell, python("pass"), protocol=protocol).protocol == protocol

    def test_the_first_message_is_empty(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """An empty message on stdout says that the connection stands: readers must take it."""
        assert api.exec(namespace, shell, python("pass"), protocol=protocol).first == b"\x01"

    def test_output_and_errors_have_channels_of_their_own(
        self, api: Api, namespace: str, shell: str, protocol: str
    ) -> None:
        """A program's complaints must not be taken for its answers."""
        done = api.exec(
            namespace, shell, python("import sys; print('out'); print('err', file=sys.stderr)"), protocol=protocol
        )
        assert (done.output[STDOUT], done.output[STDERR]) == (b"out\n", b"err\n")

    def test_success_is_a_status_on_channel_3(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """ExecSession reads why a program ended."""
        done = api.exec(namespace, shell, python("pass"), protocol=protocol)
        assert done.status == {"metadata": {}, "status": "Success"}

    def test_the_exit_status_is_a_cause(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """The journal ends with 3 when its server is gone; the suite's reason says so."""
        status = api.exec(namespace, shell, python("import sys; sys.exit(3)"), protocol=protocol).status
        assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
        assert status["message"].startswith("command terminated with non-zero exit code: ")
        assert "exit code 3" in status["message"]

    def test_a_signal_counts_as_128_and_its_number(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """A prober that is killed is told from one that failed."""
        status = api.exec(namespace, shell, python("import os; os.kill(os.getpid(), 9)"), protocol=protocol).status
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "137"}]

    def test_input_reaches_the_program_as_it_comes(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """Plan lines are written one by one over a session that is kept open."""
        done = api.exec(
            namespace, shell, python(ECHO), frames=[b"\x00one\n", b"\x00tw", b"\x00o\nend\n"], protocol=protocol
        )
        assert done.stdout == "got one\ngot two\ngot end\nbye\n"
        assert done.status["status"] == "Success"

    def test_large_output_comes_whole_and_in_order(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """A plan line of 5,000 requests is answered with hundreds of kilobytes."""
        done = api.exec(namespace, shell, python("print(*range(100000))"), protocol=protocol)
        assert done.stdout.split() == [str(number) for number in range(100000)]

    def test_large_input_comes_whole(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """Plan lines may be long."""
        line = b"x" * 300_000
        frames = [b"\x00" + line[at : at + 30_000] for at in range(0, len(line), 30_000)] + [b"\x00\n"]
        done = api.exec(namespace, shell, python("print(len(input()))"), frames=frames, protocol=protocol)
        assert done.stdout == "300000\n"

    def test_bytes_are_not_changed(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """No channel knows of text."""
        script = "import sys; data = sys.stdin.buffer.read(256); sys.stdout.buffer.write(data[::-1])"
        done = api.exec(namespace, shell, python(script), frames=[b"\x00" + bytes(range(256))], protocol=protocol)
        assert done.output[STDOUT] == bytes(reversed(range(256)))

    def test_a_program_that_is_not_there(self, api: Api, namespace: str, shell: str, protocol: str) -> None:
        """A pod without the sample application's program gives a reason that names it."""
        done = api.exec(namespace, shell, ["no-such-program", "-x"], protocol=protocol)
        status = done.status
        assert (status["status"], status["reason"], status["code"]) == ("Failure", "InternalError", 500)
        assert status["message"].startswith("Internal error occurred: ")
        assert 'exec: "no-such-program": executable file not found in $PATH' in status["message"]
        assert status["details"]["causes"][0]["message"] in status["message"]

    def test_the_environment_and_folder_are_the_containers(
        self, api: Api, namespace: str, shell: str, protocol: str
    ) -> None:
        """Programs in a pod find its name and the API server."""
        script = "import os; print(os.environ['HOSTNAME'], bool(os.environ['KUBERNETES_SERVICE_HOST']))"
        assert api.exec(namespace, shell, python(script), protocol=protocol).stdout == f"{shell} True\n"


class TestEndOfInput:
    """How a program's input ends."""

    def test_v5_closes_it_by_message(self, api: Api, namespace: str, shell: str) -> None:
        """Channel 255 names the channel that the client closes; the program goes on and its output still comes."""
        script = "import sys; data = sys.stdin.read(); print('read', len(data))"
        done = api.exec(namespace, shell, python(script), frames=[b"\x00abc", b"\xff\x00"], protocol=V5)
        assert (done.stdout, done.status["status"]) == ("read 3\n", "Success")

    @pytest.mark.parametrize("protocol", [V4, V5])
    def test_the_end_of_the_connection_ends_it(
        self, api: Api, namespace: str, shell: str, protocol: str, unique: Any
    ) -> None:
        """ExecSession.close drops the connection: probers and journals see the end of their input and end."""
        mark = f"/tmp/{unique('end')}"
        script = f"import sys; print('ready', flush=True); sys.stdin.read(); open({mark!r}, 'w').close()"
        frames = [b"\x00x"]
        api.exec(
            namespace,
            shell,
            python(script),
            frames=frames,
            protocol=protocol,
            close_after=lambda got: b"ready" in got.get(1, b""),
        )
        look = python(f"import os; print(os.path.exists({mark!r}))")
        until(lambda: api.exec(namespace, shell, look).stdout == "True\n", "the program saw the end of its input")

    def test_without_stdin_the_program_reads_nothing(self, api: Api, namespace: str, shell: str) -> None:
        """An exec without stdin has an empty input."""
        done = api.exec(namespace, shell, python("import sys; print(repr(sys.stdin.read()))"))
        assert done.stdout == "''\n"


class TestSeveral:
    """Sessions side by side."""

    def test_sessions_do_not_mix(self, api: Api, namespace: str, shell: str) -> None:
        """A prober and a journal may run in one pod."""
        from concurrent.futures import ThreadPoolExecutor

        def run(number: int) -> ExecResult:
            return api.exec(namespace, shell, python(ECHO), frames=[f"\x00{number}\nend\n".encode()])

        with ThreadPoolExecutor(4) as pool:
            for number, done in enumerate(pool.map(run, range(4))):
                assert done.stdout == f"got {number}\ngot end\nbye\n"


class TestRefusals:
    """What is refused before the upgrade: the handshake's answer carries the Status."""

    def test_a_missing_pod_is_404(self, api: Api, namespace: str) -> None:
        """A pod that was deleted under a run."""
        assert refused(api, namespace, "no-such-pod", ["true"]) == (404, 'pods "no-such-pod" not found')

    def test_a_missing_container_is_400(self, api: Api, namespace: str, shell: str) -> None:
        """A pod without the container `app`."""
        assert refused(api, namespace, shell, ["true"], container="other") == (
            400,
            f"container other is not valid for pod {shell}",
        )

    def test_a_container_must_be_named_when_there_are_several(self, cluster: Any, api: Api, namespace: str) -> None:
        """A sidecar makes it two: the suite always names its container."""
        manifest = cluster.pod("two", "import time; time.sleep(3600)")
        manifest["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "side"}
        manifest["spec"]["containers"].append({**manifest["spec"]["containers"][0], "name": "side"})
        cluster.run(namespace, manifest)
        assert refused(api, namespace, "two", ["true"]) == (
            400,
            "a container name must be specified for pod two, choose one of: [app side]",
        )
        assert api.exec(namespace, "two", python("print(1)"), container="side").stdout == "1\n"

    def test_a_pod_that_never_started(self, cluster: Any, api: Api, namespace: str) -> None:
        """A container that waits for its image cannot be entered."""
        manifest = cluster.pod(
            "pending", "pass", container={"image": "example.org/no-such-image:1", "imagePullPolicy": "Never"}
        )
        api.post(f"/api/v1/namespaces/{namespace}/pods", manifest).ok()
        at = f"/api/v1/namespaces/{namespace}/pods/pending"

        def waiting() -> str:
            statuses = (api.get(at).body.get("status") or {}).get("containerStatuses") or [{}]
            return str((statuses[0].get("state") or {}).get("waiting", {}).get("reason", ""))

        until(lambda: waiting() == "ErrImageNeverPull", "the image is missed")
        status, message = refused(api, namespace, "pending", ["true"])
        assert status == 500
        assert 'container not found ("app")' in message

    def test_a_completed_pod_is_refused(self, cluster: Any, api: Api, namespace: str) -> None:
        """A program that has ended cannot be entered."""
        api.post(f"/api/v1/namespaces/{namespace}/pods", cluster.pod("done", "pass", restartPolicy="Never")).ok()
        until(
            lambda: api.get(f"/api/v1/namespaces/{namespace}/pods/done").ok()["status"]["phase"] == "Succeeded",
            "the pod is done",
            60,
        )
        status, message = refused(api, namespace, "done", ["true"])
        assert status in (400, 500)
        assert (
            "cannot exec into a container in a completed pod; current phase is Succeeded" in message
            or "not found" in message
        )

    def test_an_unready_pod_can_be_entered(self, cluster: Any, api: Api, namespace: str) -> None:
        """Readiness gates traffic, not exec: evidence is read from a server that is not ready."""
        probe = {"readinessProbe": {"httpGet": {"port": 1}, "periodSeconds": 1}}
        api.post(
            f"/api/v1/namespaces/{namespace}/pods",
            cluster.pod("unready", "import time; time.sleep(3600)", container=probe),
        ).ok()
        at = f"/api/v1/namespaces/{namespace}/pods/unready"
        until(lambda: api.get(at).ok()["status"].get("phase") == "Running", "the pod runs", 60)
        found = {c["type"]: c for c in api.get(at).ok()["status"]["conditions"]}
        assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("False", "ContainersNotReady")
        assert found["Ready"]["message"] == "containers with unready status: [app]"
        assert api.exec(namespace, "unready", python("print('in')")).stdout == "in\n"

    def test_no_command_is_400(self, api: Api, namespace: str, shell: str) -> None:
        """A mistake is told."""
        answer = api.get(f"/api/v1/namespaces/{namespace}/pods/{shell}/exec", stdout="true")
        assert answer.status == 400
        assert "you must specify at least 1" in answer.message or "Upgrade request required" in answer.message

    def test_a_plain_request_is_400(self, api: Api, namespace: str, shell: str) -> None:
        """A proxy that swallows the upgrade is told from a refusal of the cluster."""
        answer = api.get(f"/api/v1/namespaces/{namespace}/pods/{shell}/exec", stdout="true", command="true")
        assert (answer.status, answer.reason) == (400, "BadRequest")
        assert "pgrade request required" in answer.message

    def test_an_unknown_protocol_is_refused(self, api: Api, namespace: str, shell: str) -> None:
        """A client of the far future is not left without an answer."""
        try:
            answered = api.exec(namespace, shell, python("print(1)"), protocol="v99.channel.k8s.io").protocol is None
        except aiohttp.WSServerHandshakeError as error:
            answered = error.status in (400, 403, 500)
        assert answered


def test_the_session_of_the_suite(cluster: Any, namespace: str, shell: str) -> None:
    """pytest_smi.cluster.sessions itself: JSON lines each way, the reason of the end."""
    import threading

    from pytest_smi.cluster.connection import Connection
    from pytest_smi.cluster.sessions import ExecSession

    script = "import sys, json\nfor line in sys.stdin:\n    print(json.dumps({'got': json.loads(line)}), flush=True)\n"
    script += "    if 'quit' in line: sys.exit(7)"
    lines: list[Any] = []
    reasons: list[str] = []
    over = threading.Event()

    def ended(reason: str) -> None:
        reasons.append(reason)
        over.set()

    connection = Connection(cluster.api.kubeconfig)
    try:
        session = ExecSession(
            connection,
            namespace=namespace,
            pod=shell,
            container="app",
            command=python(script),
            on_line=lines.append,
            on_end=ended,
        )
        session.send({"a": 1})
        until(lambda: bool(lines), "the program answers")
        session.send({"quit": True})
        assert over.wait(20)
    finally:
        connection.close()
    assert lines == [{"got": {"a": 1}}, {"got": {"quit": True}}]
    assert reasons[0].startswith("command terminated with non-zero exit code: ")
    assert json.dumps(reasons).count("exit code 7") >= 1
