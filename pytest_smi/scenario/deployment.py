"""The part of a scene that deploys: clients, servers and Services of the sample application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.scenario.context import Stage
from pytest_smi.testbed import manifests
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import DEFAULT_PORTS, Service, Workload, family_of, host_for


class Cast(Stage):
    """Who is there. Servers are the scene's own; clients are shared with other scenes and keep no state."""

    def client(self, account: str = "a", alias: str = "t1", *, joined: bool = True) -> Workload:
        """Return the client pod that runs as ServiceAccount `account`; `out` is never joined.

        It is the scene's own where the mesh's clients remember destinations (`splits.freshClient` of the profile).
        """
        joined = joined and alias != "out"
        if not self.fresh_clients or not joined:
            return self.testbed.client(account, alias, joined=joined)
        if (account, alias) not in self._own_clients:
            self._own_clients[account, alias] = self.testbed.deploy(
                f"cli-{account}-{self.tag}", alias, account=account, role="client", title=f"cli-{account} in {alias}"
            )
        return self._own_clients[account, alias]

    def server(
        self,
        name: str = "srv",
        alias: str = "t1",
        *,
        account: str | None = None,
        replicas: int = 1,
        joined: bool = True,
        labels: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        service: bool = True,
        under_root: bool = True,
        ports: Mapping[str, int] = DEFAULT_PORTS,
        port_names: Mapping[str, str] | None = None,
    ) -> Workload:
        """Deploy a server with its own ServiceAccount (`account`: another one's) and a Service of its name.

        `ports` and `port_names` are of that Service, see `service`; without one, `give_service` creates it later.
        `under_root=False` keeps the pods out of the Services that `service` makes over all servers of the scene, unless the mesh
        splits only over pods that the root selects (`splits.rootSelectsBackends` of the profile).

        Names carry the scene's tag, so `server("srv", "t1")` and `server("srv", "t2")` are homonyms of each other and
        of nothing else.
        """
        full, splits = f"{name}-{self.tag}", self.testbed.setting.profile.splits
        workload = self.testbed.deploy(
            full,
            alias,
            account=f"{account}-{self.tag}" if account else full,
            title=f"{name} in {alias}",
            joined=joined,
            replicas=replicas,
            labels={**({f"scene-{self.tag}": "true"} if under_root or splits.root_selects_backends else {}), **(labels or {})},
            environment=environment,
        )
        self.servers.append(workload)
        self.evidence.event(f"deployed {full} in {alias}", account=workload.account, replicas=replicas, joined=workload.joined)
        if service:
            self.give_service(workload, ports=ports, port_names=port_names)
        return workload

    def give_service(
        self, workload: Workload, *, ports: Mapping[str, int] = DEFAULT_PORTS, port_names: Mapping[str, str] | None = None
    ) -> None:
        """Create the Service of a workload's own name: the backend that a split names."""
        selector = {manifests.APP_LABEL: workload.name}
        self._put_services(workload.name, workload.namespace, selector, ports, port_names)
        self._own_ports[workload.key] = ports

    def direct_calls(self, call: Call) -> list[Call]:
        """Return the same call to each server's own Service, where that has the port."""
        having = [w for w in self.servers if f"{call.port}/TCP" in self._own_ports.get(w.key, ())]
        return [replace(call, server=w.key, host=host_for(w, call.kind, outside=call.outside), address=None) for w in having]

    def http_port(self, workload: Workload) -> int | None:
        """Return the first port of the workload's own Service that leads to HTTP; None where it has none yet."""
        found = (port for port, target in self._own_ports.get(workload.key, {}).items() if family_of(port, target) == "http")
        return next((int(port.partition("/")[0]) for port in found), None)

    def service(
        self,
        name: str,
        workloads: Sequence[Workload],
        *,
        ports: Mapping[str, int] = DEFAULT_PORTS,
        port_names: Mapping[str, str] | None = None,
        selector: Mapping[str, str] | None = None,
        alias: str = "t1",
    ) -> Service:
        """Create a Service over several servers of this scene; `selector` defaults to all servers of the scene in the namespace.

        `ports` maps `8080/TCP` to a target port, `port_names` to a name of the port other than the usual `http-8080`.
        The Service is applied anew when its name is used again.
        """
        namespace = self.namespace(alias)
        full = f"{name}-{self.tag}"
        addresses = self._put_services(full, namespace, selector or {f"scene-{self.tag}": "true"}, ports, port_names)
        return Service(
            name=full,
            namespace=namespace,
            host=addresses.of_call("http", outside=False),
            workloads=tuple(workloads),
            ports=dict(ports),
            addresses=addresses,
        )

    def _put_services(
        self,
        name: str,
        namespace: str,
        selector: Mapping[str, str],
        ports: Mapping[str, int],
        port_names: Mapping[str, str] | None,
    ) -> Addresses:
        profile = self.testbed.setting.profile
        addresses = Addresses.of(profile, name, namespace)
        annotations = profile.services.annotations
        for manifest in manifests.services(addresses, selector=selector, ports=ports, port_names=port_names, annotations=annotations):
            self._put(manifest)
        return addresses
