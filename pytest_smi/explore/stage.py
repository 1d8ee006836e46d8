"""The stage of an exploration on a cluster: clients and servers that stay, and objects that change. Thin I/O.

Servers and clients are deployed once and serve all worlds. Objects of each trial have names of their own, so that what
a mesh remembers of an earlier one is not taken for the present one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_smi.errors import ClusterError
from pytest_smi.explore.case import (
    CLIENTS,
    SERVERS,
    Ask,
    Case,
    Identity,
    ServiceObject,
    State,
    Step,
    Thing,
    identity,
    opening,
    usual_services,
)
from pytest_smi.explore.placing import manifest_of, placed
from pytest_smi.explore.policies import may_be_refused
from pytest_smi.explore.sending import call_of, seen_of
from pytest_smi.explore.table import Seen, Table, expected, world_of
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.kube_reads import KubeReads
from pytest_smi.scenario.verdict import Inconclusive
from pytest_smi.smi.model import SmiObject
from pytest_smi.testbed import manifests
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.observe import plan_batch
from pytest_smi.testbed.probing.plan import Call as Sent
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import HTTP, Workload

_LABEL = "smi.test/explored"


class Stage:
    """Everything that is deployed; `begin` clears it for a case, `change` applies one step, `look` sends requests."""

    def __init__(self, build: Callable[[], Testbed], context_of: Callable[[Testbed], Context]) -> None:
        self._build, self._context_of = build, context_of
        self.requests = 0
        """Sent so far."""
        self.refused: Counter[str] = Counter()
        """Objects that were not stored, by kind and who refused them: each is as if it had never been sent."""
        self._trial = 0
        self._set_up()

    def _set_up(self) -> None:
        self._testbed = self._build()
        self.context = self._context_of(self._testbed)
        self._state: dict[Identity, Thing] = {}
        self._beside: tuple[SmiObject, ...] = ()
        self._servers = {
            one.key: self._testbed.deploy(
                one.name,
                one.namespace,
                account=one.name,
                replicas=one.replicas,
                labels={_LABEL: "true"},
                title=f"{one.name} in {one.namespace}",
            )
            for one in SERVERS
        }
        self._clients: dict[str, Workload] = {}
        for client in CLIENTS:
            self._clients[client.name] = (
                self._servers[f"{client.namespace}/{client.name}"]
                if client.server
                else self._testbed.client(client.account, client.namespace, joined=client.joined)
            )
        self._put(usual_services())
        for workload in (*self._servers.values(), *self._clients.values()):
            workload.await_ready()
        self._owners = {pod.name: key for key, workload in self._servers.items() for pod in workload.pods}

    @property
    def access(self) -> bool:
        """Whether the mesh is to enforce access."""
        return {"access", "specs"} <= set(self.context.versions)

    def begin(self, case: Case) -> None:
        """Take away what an earlier case left, and open or close access as the case needs it."""
        self._drop([key for key, one in self._state.items() if not isinstance(one, ServiceObject)])
        usual = {identity(one): one for one in usual_services()}
        self._put([one for key, one in usual.items() if self._state.get(key) != one])
        self._drop([key for key in self._state if key not in usual])
        beside = opening(self.context.versions) if case.open else ()
        for record in self._beside if beside != self._beside else ():
            self.context.remove(self.context.rendered(placed(record, self.context.namespace, "")))
        for record in beside if beside != self._beside else ():
            self.context.put(self.context.rendered(placed(record, self.context.namespace, "")))
        self._beside = beside
        self._trial += 1

    def change(self, step: Step) -> None:
        """Apply one step."""
        self._put(step.put)
        self._drop(step.drop)

    def expected(self, case: Case, state: State) -> Table:
        """Return the truth table of a state, of which counts what was stored."""
        state = {key: self._state[key] for key in state if key in self._state}
        beside = opening(self.context.versions) if case.open else ()
        world = world_of(state, beside, self.context.rendered)
        return expected(world, state, case.asks, access=self.access)

    def look(self, asks: Sequence[Ask], times: int, *, reuse: bool = False) -> dict[Ask, Seen]:
        """Send each request so many times, all at once, and join them with the journals."""
        grouped: dict[tuple[object, ...], list[Ask]] = {}
        for ask in asks:
            grouped.setdefault((ask.client, ask.service, ask.port, ask.call.protocol, ask.version), []).append(ask)
        limits, servers = self.context.limits, list(self._servers.values())
        groups = list(grouped.values())
        batches = [plan_batch(self._call(group, reuse=reuse), times, limits) for group in groups]
        observations = self.context.observe(servers, batches)
        found: dict[Ask, Seen] = {}
        for group, observation in zip(groups, observations, strict=True):
            self.requests += len(observation.probes)
            found |= seen_of(group, observation, self._owners)
        for journal in self._testbed.journals(servers):
            journal.arrivals.clear()
        return found

    def check_health(self) -> None:
        """Prove that every server answers itself; raises HarnessError or ClusterError otherwise."""
        for journal in self._testbed.journals(list(self._servers.values())):
            journal.check_alive(HTTP)

    def manifests(self, things: Sequence[Thing]) -> list[dict[str, Any]]:
        """Return objects as they are written for this mesh, with the short names."""
        found: list[dict[str, Any]] = []
        for one in things:
            if isinstance(one, ServiceObject):
                found += self._service(one, one.namespace)
            else:
                found.append(manifest_of(one, self.context.rendered))
        return found

    def fresh(self) -> None:
        """Begin anew with other namespaces: this mesh remembers what is gone."""
        self.close()
        self._set_up()

    def close(self) -> None:
        """Delete everything."""
        self._testbed.close()

    def _put(self, things: Sequence[Thing]) -> None:
        for one in things:
            if isinstance(one, ServiceObject):
                for manifest in self._service(one, self.context.namespace(one.namespace)):
                    self.context.put(manifest)
            elif not self._stored(one):
                continue
            self._state[identity(one)] = one

    def _stored(self, one: SmiObject) -> bool:
        """Send an object; return whether it was stored. Raises ClusterError where it had to be, or where a refusal says
        nothing of the object."""
        manifest = self._placed(one)
        try:
            self.context.put(manifest)
        except ClusterError as error:
            try:
                refusal = KubeReads(self.context).refused(manifest)
            except Inconclusive:
                refusal = None
            if refusal is None or not may_be_refused(one):
                raise error from None
            self.refused[f"{type(one).__name__} refused by {refusal}"] += 1
            return False
        return True

    def _drop(self, keys: Sequence[Identity]) -> None:
        for key in keys:
            one = self._state.pop(key, None)
            if isinstance(one, ServiceObject):
                for manifest in self._service(one, self.context.namespace(one.namespace)):
                    self.context.remove(manifest)
            elif one is not None:
                self.context.remove(self._placed(one))

    def _placed(self, one: SmiObject) -> dict[str, Any]:
        return manifest_of(placed(one, self.context.namespace, f"-{self._trial}"), self.context.rendered)

    def _service(self, one: ServiceObject, namespace: str) -> list[dict[str, Any]]:
        profile = self._testbed.target.profile
        addresses = Addresses.of(profile, one.name, namespace)
        selector: Mapping[str, str] = {manifests.APP_LABEL: one.over} if one.over else {_LABEL: "true"}
        return manifests.services(
            addresses,
            selector=selector,
            ports=dict(one.ports),
            port_names=dict(one.port_names),
            facts=profile.services,
        )

    def _call(self, group: Sequence[Ask], *, reuse: bool) -> Sent:
        namespace = self.context.namespace(group[0].service[0])
        addresses = Addresses.of(self._testbed.target.profile, group[0].service[1], namespace)
        return call_of(group, self._clients[group[0].client], addresses, reuse=reuse)
