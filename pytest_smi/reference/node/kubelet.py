"""Watches the pods of the store and runs each; keeps the node object. The one node of the cluster.

Law: a pod is run from the moment it is seen until it is marked deleted, then ended and removed; no pod is run twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import platform
import time
from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.kube.objects import Event, thaw, timestamp
from pytest_smi.reference.kube.status import ApiError
from pytest_smi.reference.node.context import NODE_NAME, NODES, PODS, NodeContext
from pytest_smi.reference.node.events import EventRecorder
from pytest_smi.reference.node.pods import PodRunner


class Kubelet:
    """`start` it once the API server can issue tokens."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._runners: dict[tuple[str, str], PodRunner] = {}
        self._numbers = itertools.count(1)
        self._scheduled = EventRecorder(context.store, component="default-scheduler", host="")
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def start(self, *, version: str) -> None:
        """Register the node and run every pod that is there and will come."""
        self._register(version)
        self._context.store.subscribe(PODS, self._on_pod)
        for pod in self._context.store.list(PODS)[0]:
            self._begin(pod)

    def runner(self, namespace: str, name: str) -> PodRunner | None:
        """Return what runs that pod now."""
        return self._runners.get((namespace, name))

    async def stop(self) -> None:
        """Kill every pod."""
        self._stopped = True
        endings = [runner.end(0) for runner in self._runners.values()]
        await asyncio.gather(*endings, *self._tasks, return_exceptions=True)

    def _register(self, version: str) -> None:
        now, room = timestamp(time.time()), _room()
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": NODE_NAME,
                "labels": {"kubernetes.io/hostname": NODE_NAME, "kubernetes.io/os": "linux"},
            },
            "spec": {"podCIDR": f"127.{self._context.network.number}.128.0/18"},
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": self._context.network.node_ip},
                    {"type": "Hostname", "address": NODE_NAME},
                ],
                "allocatable": dict(room),
                "capacity": dict(room),
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "KubeletReady",
                        "message": "the embedded node is ready",
                        "lastHeartbeatTime": now,
                        "lastTransitionTime": now,
                    }
                ],
                "nodeInfo": {
                    "architecture": platform.machine(),
                    "bootID": "",
                    "containerRuntimeVersion": "reference://1.0",
                    "kernelVersion": platform.release(),
                    "kubeletVersion": version,
                    "kubeProxyVersion": version,
                    "machineID": "",
                    "operatingSystem": "linux",
                    "osImage": "pytest-smi reference node",
                    "systemUUID": "",
                },
            },
        }
        with contextlib.suppress(ApiError):
            self._context.store.create(NODES, node)

    def _on_pod(self, event: Event) -> None:
        if event.type == "DELETED":
            runner = self._runners.get((event.namespace, event.name))
            # Removed with no grace: nothing is left to finish in the store.
            if runner is not None and runner.uid == event.object["metadata"]["uid"]:
                self._keep(self._forget(runner))
        elif event.object["metadata"].get("deletionTimestamp"):
            asyncio.get_running_loop().call_soon(self._finish, event.object)
        elif event.type == "ADDED":
            asyncio.get_running_loop().call_soon(self._begin, event.object)

    def _begin(self, seen: Mapping[str, Any]) -> None:
        namespace, name = seen["metadata"]["namespace"], seen["metadata"]["name"]
        pod = self._context.store.find(PODS, namespace, name)
        if (
            self._stopped
            or pod is None
            or pod["metadata"]["uid"] != seen["metadata"]["uid"]
            or (namespace, name) in self._runners
        ):
            return
        if pod["metadata"].get("deletionTimestamp"):
            self._finish(pod)
            return
        if not pod["spec"].get("nodeName"):
            bound = thaw(pod)
            bound["spec"]["nodeName"] = NODE_NAME
            pod = self._context.store.update(PODS, bound)
            self._scheduled.record(pod, "Pod", "Scheduled", f"Successfully assigned {namespace}/{name} to {NODE_NAME}")
        self._runners[(namespace, name)] = PodRunner(self._context, pod, next(self._numbers))

    def _finish(self, pod: Mapping[str, Any]) -> None:
        meta = pod["metadata"]
        runner = self._runners.get((meta["namespace"], meta["name"]))
        grace = float(meta.get("deletionGracePeriodSeconds", 30))
        if runner is not None and runner.uid == meta["uid"]:
            ending = runner.end(grace)
            if ending not in self._tasks:
                self._keep(ending)
                self._keep(asyncio.get_running_loop().create_task(self._remove(runner, ending)))
        elif runner is None:
            self._remove_object(meta["namespace"], meta["name"], meta["uid"])

    async def _remove(self, runner: PodRunner, ending: asyncio.Task[None]) -> None:
        await ending
        self._drop(runner)
        self._remove_object(runner.namespace, runner.name, runner.uid)

    async def _end_removed(self, runner: PodRunner) -> None:
        await runner.end(0)

    def _forget(self, runner: PodRunner) -> asyncio.Task[None]:
        self._drop(runner)
        return asyncio.get_running_loop().create_task(self._end_removed(runner))

    def _drop(self, runner: PodRunner) -> None:
        if self._runners.get((runner.namespace, runner.name)) is runner:
            del self._runners[(runner.namespace, runner.name)]

    def _remove_object(self, namespace: str, name: str, uid: str) -> None:
        pod = self._context.store.find(PODS, namespace, name)
        if pod is not None and pod["metadata"]["uid"] == uid:
            self._context.store.finish_delete(PODS, namespace, name)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _room() -> dict[str, str]:
    """What pods may ask for in all: what this machine has. Nothing holds them to it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
    return {"cpu": str(len(os.sched_getaffinity(0))), "memory": f"{memory}Ki", "pods": "250"}
