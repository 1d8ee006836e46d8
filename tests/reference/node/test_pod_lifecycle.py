"""Pods from start to end, with real processes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.node.context import DEPLOYMENTS, ENDPOINTS, EVENTS, NAMESPACES, PODS
from pytest_smi.reference.node.exec_session import SessionCut

Run = Callable[..., None]


def status(pod: Any) -> Any:
    """The first container's status, an empty one before the kubelet has seen the pod."""
    found = (pod.get("status") or {}).get("containerStatuses")
    return found[0] if found else {"state": {}, "restartCount": 0}


def phase(pod: Any) -> Any:
    """The pod's phase."""
    return (pod.get("status") or {}).get("phase")


def alive(pid: int) -> bool:
    """Whether a process is there."""
    return os.path.exists(f"/proc/{pid}")


class TestStart:
    """From creation to Ready."""

    def test_takes_less_than_300_ms(self, with_node: Run) -> None:
        """A pod with an HTTP readiness probe is ready in under 300 ms."""

        async def scenario(node: Any) -> None:
            took = []
            for name in ("srv-1", "srv-2", "srv-3"):
                began = time.monotonic()
                await node.server(name)
                took.append(time.monotonic() - began)
            print(f"\npod start to ready: {', '.join(f'{one * 1000:.0f}' for one in took)} ms")
            # The best of three: other programs of the machine may disturb one of them.
            assert min(took) < 0.3

        with_node(scenario)

    def test_status_is_a_kubelets(self, with_node: Run) -> None:
        """A ready pod has node, address, conditions, image digest and a container that runs."""

        async def scenario(node: Any) -> None:
            pod = await node.server("srv-1")
            assert pod["spec"]["nodeName"] == "reference-node"
            assert pod["status"]["phase"] == "Running"
            assert pod["status"]["podIP"].split(".")[2] == "128"
            assert status(pod)["imageID"].startswith("tiny@sha256:")
            assert status(pod)["restartCount"] == 0
            assert {event["reason"] for event in node.store.list(EVENTS, "t1")[0]} == {
                "Scheduled",
                "Pulled",
                "Created",
                "Started",
            }

        with_node(scenario)

    def test_environment_has_fields_and_account(self, with_node: Run) -> None:
        """Field references, expansion and the service account's files, 0600, reach the program."""

        async def scenario(node: Any) -> None:
            env = [
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "GREETING", "value": "hello $(POD_NAME)"},
            ]
            await node.pod("srv-1", "server", container={"env": env})
            await node.until(lambda: node.ready("srv-1"))
            names = ["POD_NAME", "POD_IP", "GREETING", "HOSTNAME", "KUBERNETES_SERVICE_PORT", "SERVICEACCOUNT_DIR"]
            values = [
                answer["value"] for answer in await node.ask("srv-1", *({"op": "env", "name": name} for name in names))
            ]
            assert values[:5] == ["srv-1", node.get("srv-1")["status"]["podIP"], "hello srv-1", "srv-1", "4443"]
            token = Path(values[5]) / "token"
            assert token.read_text() == "token of t1/default for srv-1"
            assert token.stat().st_mode & 0o777 == 0o600

        with_node(scenario)

    def test_unknown_image_waits(self, with_node: Run) -> None:
        """A pod with an image that the node has not stays Pending and says why."""

        async def scenario(node: Any) -> None:
            await node.pod("lost", containers=[{"name": "app", "image": "nowhere:1"}])
            # It is waiting from the start: for its creation first, then for the image.
            await node.until(
                lambda: status(node.get("lost"))["state"].get("waiting", {}).get("reason") == "ErrImagePull"
            )
            await node.until(lambda: node.store.list(EVENTS, "t1")[0])
            assert phase(node.get("lost")) == "Pending"

        with_node(scenario)

    def test_unknown_command_fails_to_start(self, with_node: Run) -> None:
        """A command that the image has not is a StartError in Kubernetes' words, and is tried again with backoff."""

        async def scenario(node: Any) -> None:
            await node.pod("odd", container={"command": ["bash"]})
            await node.until(lambda: status(node.get("odd"))["restartCount"] >= 1)
            last = status(node.get("odd"))["lastState"]["terminated"]
            assert (last["exitCode"], last["reason"]) == (128, "StartError")
            assert last["message"] == 'exec: "bash": executable file not found in $PATH'

        with_node(scenario)


class TestExit:
    """What happens when programs end by themselves."""

    def test_restart_policy_never_decides_the_phase(self, with_node: Run) -> None:
        """Exit statuses 0 and 3 make a pod that is never restarted Succeeded and Failed."""

        async def scenario(node: Any) -> None:
            for code, expected in ((0, "Succeeded"), (3, "Failed")):
                name = f"ends-{code}"
                await node.pod(name, "exit", str(code), restartPolicy="Never")
                await node.until(lambda name=name, expected=expected: phase(node.get(name)) == expected)
                assert status(node.get(name))["state"]["terminated"]["exitCode"] == code

        with_node(scenario)

    def test_crashing_container_backs_off(self, with_node: Run) -> None:
        """A container that keeps ending is restarted, counted, and waits in CrashLoopBackOff."""

        async def scenario(node: Any) -> None:
            await node.pod("loop", "exit", "1")
            await node.until(
                lambda: (status(node.get("loop"))["state"].get("waiting") or {}).get("reason") == "CrashLoopBackOff"
            )
            assert status(node.get("loop"))["restartCount"] >= 1
            assert "BackOff" in {event["reason"] for event in node.store.list(EVENTS, "t1")[0]}

        with_node(scenario)

    def test_logs_follow_to_the_end(self, with_node: Run) -> None:
        """A followed log gives every line and ends with the container; timestamps come on request."""

        async def scenario(node: Any) -> None:
            await node.pod("says", "say", "one line", restartPolicy="Never")
            await node.until(lambda: phase(node.get("says")) == "Succeeded")
            options = {"tail_lines": None, "since_seconds": None, "previous": False, "timestamps": False}
            pieces = [piece async for piece in node.node.pod_access.logs("t1", "says", None, follow=True, **options)]
            assert b"".join(pieces) == b"one line\n"
            stamped = [
                piece
                async for piece in node.node.pod_access.logs(
                    "t1", "says", None, follow=False, **{**options, "timestamps": True}
                )
            ]
            assert stamped[0].split(b" ", 1)[1] == b"one line\n"

        with_node(scenario)


class TestEnd:
    """Deletion."""

    def test_leaves_nothing(self, with_node: Run) -> None:
        """A deleted pod's object, folder and process are gone soon, and its address leaves the endpoints at once."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            await node.service()
            process = node.node._kubelet.runner("t1", "srv-1").containers["app"].process
            node.store.delete(PODS, "t1", "srv-1")
            await asyncio.sleep(0.002)
            assert node.store.get(ENDPOINTS, "t1", "srv")["subsets"] == []
            await node.until(lambda: not node.store.list(PODS)[0])
            assert not alive(process.pid)
            assert os.listdir(node.folder / "p") == []

        with_node(scenario)

    def test_grace_period_ends_in_kill(self, with_node: Run) -> None:
        """A program that ignores SIGTERM has its grace period, not more."""

        async def scenario(node: Any) -> None:
            await node.pod("deaf", "stubborn", terminationGracePeriodSeconds=1)
            await node.until(lambda: node.ready("deaf"))
            log = node.node._kubelet.runner("t1", "deaf").containers["app"].log
            await node.until(lambda: log.path.stat().st_size)
            began = time.monotonic()
            node.store.delete(PODS, "t1", "deaf")
            await node.until(lambda: not node.store.list(PODS)[0])
            assert 0.9 < time.monotonic() - began < 20  # the usual grace is 30, and the program sleeps for 60

        with_node(scenario)

    def test_forced_deletion_kills_at_once(self, with_node: Run) -> None:
        """Grace period 0 removes the object immediately and the process right after."""

        async def scenario(node: Any) -> None:
            await node.pod("deaf", "stubborn")
            await node.until(lambda: node.ready("deaf"))
            process = node.node._kubelet.runner("t1", "deaf").containers["app"].process
            node.store.delete(PODS, "t1", "deaf", grace_period=0)
            assert not node.store.list(PODS)[0]
            await node.until(lambda: process.exited.done())
            assert not alive(process.pid)

        with_node(scenario)

    def test_namespace_deletion_empties_it(self, with_node: Run) -> None:
        """Deleting a namespace removes pods, services and custom resources in it, then the namespace."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            await node.service()
            custom = ResourceKey("split.smi-spec.io", "trafficsplits")
            node.store.create(
                custom, {"kind": "TrafficSplit", "metadata": {"name": "s", "namespace": "t1"}, "spec": {}}
            )
            node.store.delete(NAMESPACES, None, "t1")
            await node.until(lambda: node.store.find(NAMESPACES, None, "t1") is None)
            assert not [key for key in node.store.keys() if node.store.list(key, "t1")[0]]  # noqa: SIM118

        with_node(scenario)


class TestDeployment:
    """Deployment, replica set and pods together."""

    @staticmethod
    def deployment(replicas: int, **env: str) -> dict[str, Any]:
        """A deployment of servers; `env` is the template's environment."""
        container = {
            "name": "app",
            "image": "tiny:1",
            "args": ["server"],
            "env": [{"name": name, "value": value} for name, value in env.items()],
            "readinessProbe": {"httpGet": {"port": 8080, "path": "/"}},
        }
        template = {"metadata": {"labels": {"app": "srv"}}, "spec": {"containers": [container]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "srv"}}, "template": template}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "srv", "namespace": "t1"},
            "spec": spec,
        }

    def test_scales_and_replaces(self, with_node: Run) -> None:
        """Replicas come up, go down, and are replaced when the template changes, never with fewer than wanted ready."""

        async def scenario(node: Any) -> None:
            def current() -> Any:
                return node.store.get(DEPLOYMENTS, "t1", "srv").get("status") or {}

            def change(wanted: Any) -> None:
                node.store.update(DEPLOYMENTS, {**node.store.get(DEPLOYMENTS, "t1", "srv"), "spec": wanted["spec"]})

            def settled(count: int) -> bool:
                deployment = node.store.get(DEPLOYMENTS, "t1", "srv")
                state = deployment.get("status") or {}
                seen = state.get("observedGeneration") == deployment["metadata"]["generation"]
                return bool(
                    seen
                    and state.get("updatedReplicas") == state.get("readyReplicas") == state.get("replicas") == count
                )

            node.store.create(DEPLOYMENTS, self.deployment(2))
            await node.until(lambda: settled(2))
            first = {pod["metadata"]["name"] for pod in node.store.list(PODS, "t1")[0]}
            assert all("pod-template-hash" in pod["metadata"]["labels"] for pod in node.store.list(PODS, "t1")[0])
            change(self.deployment(2, CHANGED="yes"))
            lowest = 2

            def replaced() -> bool:
                nonlocal lowest
                lowest = min(lowest, current().get("readyReplicas", 0))
                return settled(2) and not first & {pod["metadata"]["name"] for pod in node.store.list(PODS, "t1")[0]}

            await node.until(replaced)
            assert lowest == 2
            change(self.deployment(1, CHANGED="yes"))
            await node.until(lambda: settled(1))

        with_node(scenario)


class TestClusterFaults:
    """The broken harness."""

    def test_server_down(self, with_node: Run) -> None:
        """A pod labelled as server stops some 100 ms after it was ready and is not restarted."""

        async def scenario(node: Any) -> None:
            await node.pod("srv-1", "server", labels={"smi.test/role": "server"})
            await node.until(lambda: node.ready("srv-1"))
            await node.until(lambda: not node.ready("srv-1"))
            assert status(node.get("srv-1"))["state"]["terminated"]["exitCode"] == 137
            assert status(node.get("srv-1"))["restartCount"] == 0

        with_node(scenario, fault="server-down")

    def test_dns_dead(self, with_node: Run) -> None:
        """Once the cluster is ready names fail with a server failure; addresses still work."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            vip = await node.service()
            await node.until(lambda: b'"dead"' in (node.folder / "netmap.json").read_bytes())
            name, address = await node.ask("srv-1", *({"op": "tcp", "host": host, "port": 80} for host in ("srv", vip)))
            assert (name["error"], name["errno"]) == ("gaierror", -3)
            assert address["pod"] == "srv-1"

        with_node(scenario, fault="dns-dead")

    def test_exec_cut(self, with_node: Run) -> None:
        """An exec session ends without a status when more lines went in than it may carry."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            session = await node.node.pod_access.exec(
                "t1", "srv-1", None, ["tiny", "client"], stdin=True, stdout=True, stderr=True, tty=False
            )
            for number in range(60):
                await session.write(b'{"op":"count","n":%d}\n' % number)
            cut = False
            try:
                async for _ in session.output():
                    pass
                await session.wait()
            except SessionCut:
                cut = True
            assert cut

        with_node(scenario, fault="exec-cut")

    def test_prober_killed(self, with_node: Run) -> None:
        """A program started through exec is killed after its stated number of lines."""

        async def scenario(node: Any) -> None:
            await node.server("srv-1")
            session = await node.node.pod_access.exec(
                "t1", "srv-1", None, ["tiny", "client"], stdin=True, stdout=True, stderr=True, tty=False
            )
            for number in range(20):
                await session.write(b'{"op":"count","n":%d}\n' % number)
            async for _ in session.output():
                pass
            assert await session.wait() == -9

        with_node(scenario, fault="prober-killed")
