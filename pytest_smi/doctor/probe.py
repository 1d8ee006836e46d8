"""Deploys a pod of the sample application into the mesh and one to stay out, looks what becomes of them,
and removes both.

Thin I/O: what was seen is judged in `probe_checks.py`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import Objects
from pytest_smi.cluster.wait import DeadlinePassed, wait_until
from pytest_smi.core.interrupts import deferred
from pytest_smi.core.limits import Limits
from pytest_smi.doctor import probe_checks
from pytest_smi.doctor.findings import Finding, problem
from pytest_smi.doctor.probe_checks import Seen
from pytest_smi.errors import ClusterError, HarnessError, SmiError
from pytest_smi.profiles.load import Injection, Profile
from pytest_smi.testbed import manifests
from pytest_smi.testbed.agents import Prober
from pytest_smi.testbed.cleanup import remove_namespaces
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.placement import Placement, read_pull_secret

NAME = "doctor"
"""Of the probe's ServiceAccount, Deployment and Service."""
OUTSIDER = "outsider"
"""Of the Deployment whose pod is marked to stay out of the mesh."""


class Probe:
    """A namespace of its own, which carries the owner's label, and what is tried in it. Call `run` once."""

    def __init__(
        self,
        connection: Connection,
        profile: Profile,
        *,
        image: str,
        limits: Limits,
        placement: Placement,
        keep: bool = False,
    ) -> None:
        self._connection, self._objects, self._profile = connection, Objects(connection), profile
        self._image, self._limits, self._placement, self._keep = image, limits, placement, keep
        self.joined: Mapping[str, Any] | None = None
        """The pod that was to join the mesh, as it was seen last."""
        tag = secrets.token_hex(4)
        self.namespace = f"smi-doctor-{tag}"
        opt_out = profile.keep_out
        self._tries_keeping_out = bool(profile.mesh.proxy_container and (opt_out.pod_labels or opt_out.pod_annotations))
        self._manifest = manifests.namespace(self.namespace, run=f"doctor-{tag}", injection_labels=profile.join)

    def run(self) -> list[Finding]:
        """Deploy, wait, judge, remove; what cannot be done is a finding, not an error. An interrupt removes as well."""
        found: list[Finding] = []
        try:
            with deferred():
                found += self._tried()
        except ClusterError as error:
            found.append(problem("pods", error.message, error.hint or "a run would do the same and end so"))
        finally:
            found += self._removed()
        return found

    def _tried(self) -> Iterator[Finding]:
        self._deploy()
        seen = self._wait()
        yield from probe_checks.pods(self._profile, seen)
        yield from probe_checks.kept_out(self._profile, seen)
        self.joined = next(iter(seen.pods), None)
        pod = next((pod for pod in seen.pods if probe_checks.ready(pod)), None)
        if pod is not None:
            yield self._resolve(pod["metadata"]["name"])

    def _deploy(self) -> None:
        profile = self._profile
        self._objects.apply(self._manifest)
        if secret := self._placement.pull_secret:
            self._objects.apply(manifests.pull_secret(self.namespace, read_pull_secret(secret, self._image)))
        self._objects.apply(manifests.service_account(NAME, self.namespace))
        self._workload(NAME, profile.join)
        if self._tries_keeping_out:
            self._workload(OUTSIDER, profile.keep_out)
        addresses = Addresses.of(profile, NAME, self.namespace)
        for service in manifests.services(addresses, selector={manifests.APP_LABEL: NAME}, facts=profile.services):
            self._objects.apply(service)

    def _workload(self, name: str, injection: Injection) -> None:
        both = (injection.pod_labels, injection.pod_annotations)
        self._objects.apply(
            manifests.deployment(
                name, self.namespace, account=NAME, image=self._image, pod_injection=both, placement=self._placement
            )
        )

    def _wait(self) -> Seen:
        began = time.monotonic()
        latest = self._look(began)

        def settled() -> bool:
            nonlocal latest
            latest = self._look(began)
            return probe_checks.settled(latest) and (
                not latest.pods or bool(latest.outsiders) or not self._tries_keeping_out
            )

        try:
            wait_until(
                settled,
                what="the pod settled",
                deadline=self._limits.ready_deadline,
                longest_pause=self._limits.poll_interval,
            )
        except DeadlinePassed:
            return self._look(began)  # judged as it is then
        return latest

    def _look(self, began: float) -> Seen:
        by_name: dict[str, list[dict[str, Any]]] = {NAME: [], OUTSIDER: []}
        for pod in self._objects.list("v1", "pods", self.namespace):
            by_name.get(pod["metadata"].get("labels", {}).get(manifests.APP_LABEL), []).append(pod)
        events: list[dict[str, Any]] = [] if by_name[NAME] else self._objects.list("v1", "events", self.namespace)
        return Seen(pods=by_name[NAME], outsiders=by_name[OUTSIDER], events=events, waited=time.monotonic() - began)

    def _resolve(self, pod: str) -> Finding:
        try:
            prober = Prober(self._connection, self.namespace, pod, deadline=self._limits.session_deadline)
        except SmiError as error:
            return problem(
                "exec",
                error.message,
                "allow pods/exec, which probers are driven through; proxies on the way must pass WebSockets",
            )
        try:
            prober.await_ready()
            return self._resolve_by(prober)
        except SmiError as error:
            return problem(
                "exec", error.message, "the image must be the sample application's: pytest-smi image makes it"
            )
        finally:
            prober.close()

    def _resolve_by(self, prober: Prober) -> Finding:
        names = Addresses.of(self._profile, NAME, self.namespace)
        host, usual = names.of_call("http", outside=False), names.of_call("http", outside=True)
        found: dict[str, list[str]] = {}
        why = ""

        def known() -> bool:
            nonlocal why
            if prober.ended:
                raise HarnessError("the prober ended while it resolved a name")
            try:
                found[host] = prober.resolve(host)
                found[usual] = prober.resolve(usual)
            except HarnessError as error:
                why = error.message
            return host in found and usual in found

        try:
            wait_until(
                known,
                what=f"{host} resolves",
                deadline=self._limits.settle_deadline,
                longest_pause=self._limits.poll_interval,
            )
        except DeadlinePassed as error:
            why = why or error.message
        own = found.get(usual, []) if usual != host else []
        return probe_checks.resolved(self._profile, host, found.get(host, []), own, why)

    def _removed(self) -> list[Finding]:
        if self._keep:
            return []
        try:
            remove_namespaces(self._objects, [self.namespace], self._limits)
        except ClusterError as error:
            return [probe_checks.removal(self.namespace, error.message)]
        return []
