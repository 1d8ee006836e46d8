"""One worker's part of the cluster: its namespaces, workloads, and the programs it keeps open in their pods.

Everything is named at random and labelled with the run; only what was created here is deleted.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import Objects
from pytest_smi.cluster.pods import advice, container_images, why_not_ready
from pytest_smi.cluster.wait import wait_until
from pytest_smi.errors import ClusterError, HarnessError
from pytest_smi.testbed import manifests
from pytest_smi.testbed.agents import Journal, Prober
from pytest_smi.testbed.cleanup import remove_namespaces
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.placement import read_pull_secret
from pytest_smi.testbed.target import MeshTarget
from pytest_smi.testbed.workloads import Pod, Workload, ready_pod


class Testbed:
    """Namespaces t1 and t2 (joined) and out (not joined), and what was deployed into them."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    def __init__(self, connection: Connection, target: MeshTarget) -> None:
        self.connection, self.target = connection, target
        self.objects = Objects(connection)
        self.failed_controls = 0
        """How many controls did not hold so far; patience with further ones is cut after two."""
        self.images: dict[str, str] = {}
        """Digests of the images seen in joined pods: the mesh's proxy among them."""
        self.shared: dict[str, Any] = {}
        """Shared scenarios of several assertions, by key (see `Scenario.shared`)."""
        self._named: set[tuple[str, str]] = set()
        """Client pod and host name that has resolved there."""
        self._namespaces: dict[str, str] = {}
        self._clients: dict[tuple[str, str, bool], Workload] = {}
        self._probers: dict[str, Prober] = {}
        self._journals: dict[str, Journal] = {}

    def namespace(self, alias: str) -> str:
        """Return the real name of t1, t2 or out; created on first use."""
        if alias not in self._namespaces:
            name = f"smi-{alias}-{self.target.run[:6]}{secrets.token_hex(2)}"
            labels = None if alias == "out" else self.target.profile.join
            self.objects.apply(manifests.namespace(name, run=self.target.run, injection_labels=labels))
            self._namespaces[alias] = name
            secret = self.target.placement.pull_secret
            if secret:
                self.objects.apply(manifests.pull_secret(name, read_pull_secret(secret, self.target.image)))
        return self._namespaces[alias]

    @property
    def clients(self) -> tuple[Workload, ...]:
        """The clients that scenarios have asked for so far."""
        return tuple(self._clients.values())

    def client(self, account: str, alias: str, *, joined: bool = True) -> Workload:
        """Return the client pod of ServiceAccount `account`; deployed on first use and shared by all scenarios."""
        key = (account, alias, joined)
        if key not in self._clients:
            name = account if joined else f"{account}-plain"
            self._clients[key] = self.deploy(
                name, alias, account=account, joined=joined, role="client", title=f"cli-{account} in {alias}"
            )
        return self._clients[key]

    def deploy(
        self,
        name: str,
        alias: str,
        *,
        account: str,
        title: str,
        joined: bool = True,
        role: str = "server",
        replicas: int = 1,
        labels: Mapping[str, str] | None = None,
        selector: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        bare: bool = False,
        node: str = "",
    ) -> Workload:
        """Create ServiceAccount (`default` is there) and Deployment, or a `bare` pod; pods are awaited when needed."""
        namespace, profile = self.namespace(alias), self.target.profile
        injection = profile.join if joined and alias != "out" else profile.keep_out
        if account != manifests.DEFAULT_ACCOUNT:
            self.objects.apply(manifests.service_account(account, namespace))
        deployment = manifests.deployment(
            name,
            namespace,
            account=account,
            image=self.target.image,
            replicas=replicas,
            role=role,
            labels=labels,
            selector=selector,
            pod_injection=(injection.pod_labels, injection.pod_annotations),
            environment=environment,
            placement=self.target.placement,
            node=node,
        )
        self.objects.apply(manifests.bare_pod(deployment) if bare else deployment)
        addresses = Addresses.of(profile, name, namespace)
        return Workload(
            name=name,
            namespace=namespace,
            account=account,
            host=addresses.of_call("http", outside=False),
            replicas=replicas,
            joined=joined,
            title=title,
            await_pods=self._await_pods,
            addresses=addresses,
            bare=bare,
        )

    def remove(self, workload: Workload) -> None:
        """Delete a workload and close what is open in its pods."""
        self.close_sessions([workload])
        self.objects.delete(manifests.deployment_of(workload.name, workload.namespace, bare=workload.bare))

    def await_gone(self, workload: Workload) -> None:
        """Wait until no pod of a removed workload is left; raises DeadlinePassed."""
        wait_until(
            lambda: not self._pods_of(workload),
            what=f"the pods of {workload.key} are gone",
            deadline=self.target.limits.cleanup_deadline,
            longest_pause=self.target.limits.poll_interval,
        )

    def restart(self, workload: Workload) -> None:
        """Replace the pods of a workload, one after the other, as `kubectl rollout restart` does."""
        self.close_sessions([workload])
        workload.renew()
        self.objects.apply(
            manifests.restarted(self.objects.get(manifests.deployment_of(workload.name, workload.namespace)))
        )

    def prober(self, pod_key: str) -> Prober:
        """Return the prober of a pod, opened on first use."""
        if pod_key not in self._probers:
            namespace, _, name = pod_key.partition("/")
            prober = Prober(self.connection, namespace, name, deadline=self.target.limits.session_deadline)
            prober.await_ready()
            self._probers[pod_key] = prober
        return self._probers[pod_key]

    def drop(self, pod_key: str, line: str) -> None:
        """Close a connection that a pod's prober keeps, if that prober is still there; nothing is waited for."""
        prober = self._probers.get(pod_key)
        if prober is not None:
            with suppress(HarnessError):  # it has ended, and its connections with it
                prober.ask({"op": "drop", "line": line})

    def await_name(self, pod_key: str, host: str) -> None:
        """Wait until a new name resolves in a pod: it may take as long as anything else to spread.
        Raises DeadlinePassed.

        A name that has resolved once is not waited for again; that it is lost is an error.
        """
        if (pod_key, host) in self._named:
            return
        prober = self.prober(pod_key)
        wait_until(
            lambda: bool(prober.addresses(host)),
            what=f"the name {host} resolves in {pod_key} by the cluster's DNS",
            deadline=self.target.limits.settle_deadline,
            longest_pause=self.target.limits.poll_interval,
        )
        self._named.add((pod_key, host))

    def journals(self, workloads: Sequence[Workload]) -> list[Journal]:
        """Return the journals of all pods of these workloads, opened on first use."""
        pods = [pod for workload in workloads for pod in workload.pods]
        fresh = [pod for pod in pods if pod.key not in self._journals]
        for pod in fresh:
            self._journals[pod.key] = Journal(
                self.connection, pod.namespace, pod.name, deadline=self.target.limits.session_deadline
            )
        for pod in fresh:
            self._journals[pod.key].await_ready()
        return [self._journals[pod.key] for pod in pods]

    def forget_ended(self) -> None:
        """Let the next use open again what has ended: a broken stream spoils one assertion, not all that follow."""
        self._probers = {key: prober for key, prober in self._probers.items() if not prober.ended}
        self._journals = {key: journal for key, journal in self._journals.items() if not journal.ended}

    def close_sessions(self, workloads: Sequence[Workload]) -> None:
        """Close what is open in the pods of these workloads."""
        for workload in workloads:
            for pod in workload.pods if workload.deployed else ():
                for table in (self._probers, self._journals):
                    session = table.pop(pod.key, None)
                    if session is not None:
                        session.close()

    def close(self) -> None:
        """Close every session and delete the namespaces, unless they are to be kept; waits until they are removed."""
        for session in [*self._probers.values(), *self._journals.values()]:
            session.close()
        self._probers, self._journals = {}, {}
        if self.target.keep:
            return
        remove_namespaces(self.objects, list(self._namespaces.values()), self.target.limits)
        self._namespaces = {}

    def _await_pods(self, workload: Workload) -> Sequence[Pod]:
        started = time.monotonic()
        ready: list[Pod] = []

        def enough() -> bool:
            pods = self._pods_of(workload)
            for pod in pods:
                self.images |= container_images(pod)
            ready[:] = sorted((pod for pod in map(ready_pod, pods) if pod is not None), key=lambda pod: pod.name)
            return len(ready) == workload.replicas and workload.former.isdisjoint(p["metadata"]["name"] for p in pods)

        try:
            wait_until(
                enough,
                what=f"{workload.replicas} pod(s) of {workload.key} are Ready",
                deadline=self.target.limits.ready_deadline,
                longest_pause=self.target.limits.poll_interval,
            )
        except ClusterError as error:
            waited = time.monotonic() - started
            why = self._why_not_ready(workload)
            raise ClusterError(
                f"{error.message} ({len(ready)} are, {waited:.0f} s waited){f': {why}' if why else ''}",
                hint=advice(why) or f"kubectl describe pods -n {workload.namespace}",
            ) from None
        return ready

    def check_ready(self, workloads: Iterable[Workload]) -> None:
        """Raise HarnessError unless as many pods of each are Ready now as it should have; ClusterError when the cluster
        does not say."""
        for workload in workloads:
            ready = sum(ready_pod(pod) is not None for pod in self._pods_of(workload))
            if ready < workload.replicas:
                raise HarnessError(f"{ready} of {workload.replicas} pod(s) of {workload.key} are Ready")

    def _pods_of(self, workload: Workload) -> list[dict[str, Any]]:
        """Return the pods of a workload, ready or not."""
        if workload.bare:  # it has no label to be found by
            pods = self.objects.list("v1", "pods", workload.namespace)
            return [pod for pod in pods if pod["metadata"]["name"] == workload.name]
        return self.objects.list("v1", "pods", workload.namespace, selector=f"{manifests.APP_LABEL}={workload.name}")

    def _why_not_ready(self, workload: Workload) -> str:
        """Return what the cluster says of pods that did not become Ready; nothing when it does not answer."""
        try:
            pods = self._pods_of(workload)
            events = self.objects.list("v1", "events", workload.namespace)
        except ClusterError:
            return ""
        own = [
            event
            for event in events
            if str((event.get("involvedObject") or {}).get("name", "")).startswith(workload.name)
        ]
        return why_not_ready(pods, own)
