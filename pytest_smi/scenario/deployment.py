"""Deploy clients, servers and Services of the sample application for one scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.cluster.connection import Answer
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.sampling.settling import State
from pytest_smi.smi.versions import NotExpressible
from pytest_smi.testbed import manifests
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import DEFAULT_PORTS, Service, Workload, family_of, host_for

LONGEST_NAME = 38
"""Characters of a Service's name and its namespace's: Traefik Mesh makes one label of both and 25 of its own."""


class Deployment:
    """Who takes part. Servers are the scenario's own; clients are shared with other scenarios and keep no state."""

    def __init__(self, context: Context) -> None:
        self._context, self._testbed = context, context.testbed
        self.servers: list[Workload] = []
        self._own_clients: dict[tuple[str, str], Workload] = {}
        self._own_ports: dict[str, Mapping[str, int]] = {}
        self._labels: dict[str, Mapping[str, str]] = {}
        self._roots: dict[str, tuple[Mapping[str, str], Mapping[str, int]]] = {}
        """Selector and ports of the Services over several servers, by key."""

    def client(self, account: str = "a", alias: str = "t1", *, joined: bool = True) -> Workload:
        """Return the client pod that runs as ServiceAccount `account`; `out` is never joined.

        It is the scenario's own where the mesh's clients remember destinations (`splits.freshClient` of the profile).
        """
        joined = joined and alias != "out"
        if not self._context.fresh_clients or not joined:
            return self._testbed.client(account, alias, joined=joined)
        if (account, alias) not in self._own_clients:
            self._own_clients[account, alias] = self._testbed.deploy(
                f"cli-{account}-{self._context.tag}",
                alias,
                account=account,
                role="client",
                title=f"cli-{account} in {alias}",
            )
        return self._own_clients[account, alias]

    def bare_client(self, account: str = "a", alias: str = "t1") -> Workload:
        """Deploy a client of this scenario alone that is a pod by itself: without owner, Service, or labels of ours.

        Raise NotExpressible where the run may not create pods.
        """
        name, namespace = f"bare-{account}-{self._context.tag}", self._context.namespace(alias)
        probe = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
        answer = self._testbed.objects.dry_run({**probe, "spec": {"containers": [{"name": "app", "image": "none"}]}})
        _require_permission(answer, "create pods by themselves")
        workload = self._testbed.deploy(
            name, alias, account=account, role="client", title=f"bare-{account} in {alias}", bare=True
        )
        self._own_clients[name, alias] = workload
        return workload

    def server(
        self,
        name: str = "srv",
        alias: str = "t1",
        *,
        account: str | None = None,
        replicas: int = 1,
        joined: bool = True,
        labels: Mapping[str, str] | None = None,
        selector: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        service: bool = True,
        under_root: bool = True,
        ports: Mapping[str, int] = DEFAULT_PORTS,
        port_names: Mapping[str, str] | None = None,
        node: str = "",
    ) -> Workload:
        """Deploy a server with its own ServiceAccount (`account`: another one's) and a Service of its name.

        `ports` and `port_names` are of that Service, see `service`; without one, `give_service` creates it later.
        `under_root=False` keeps the pods out of the Services that `service` makes over all servers of the scenario,
        unless the mesh splits only over pods that the root selects (`splits.rootSelectsBackends` of the profile).
        `selector`, among the `labels`: what the Deployment selects in place of its name; it may match others' pods too.
        `node`: the only one on which the pods may run.

        Names carry the scenario's tag, so `server("srv", "t1")` and `server("srv", "t2")` are homonyms of each other
        and of nothing else.
        """
        full, splits = f"{name}-{self._context.tag}", self._testbed.target.profile.splits
        labels = {
            **({f"scene-{self._context.tag}": "true"} if under_root or splits.root_selects_backends else {}),
            **(labels or {}),
        }
        workload = self._testbed.deploy(
            full,
            alias,
            account=f"{account}-{self._context.tag}" if account else full,
            title=f"{name} in {alias}",
            joined=joined,
            replicas=replicas,
            labels=labels,
            selector=selector,
            environment=environment,
            node=node,
        )
        self.servers.append(workload)
        self._labels[workload.key] = labels
        self._context.evidence.event(
            f"deployed {full} in {alias}", account=workload.account, replicas=replicas, joined=workload.joined
        )
        if service:
            self.give_service(workload, ports=ports, port_names=port_names)
        return workload

    def give_service(
        self,
        workload: Workload,
        *,
        ports: Mapping[str, int] = DEFAULT_PORTS,
        port_names: Mapping[str, str] | None = None,
    ) -> None:
        """Create the Service of a workload's own name: the backend that a split names."""
        selector = {manifests.APP_LABEL: workload.name}
        self._put_services(workload.name, workload.namespace, selector, ports, port_names)
        self._own_ports[workload.key] = ports

    def retire(self, workload: Workload, *, until_gone: bool = False) -> None:
        """Delete a server and the Service of its own name before the scenario ends; nothing is asked of it any more.

        `until_gone`: wait until the cluster, and so the mesh, has no pod of it left.
        """
        self.servers.remove(workload)
        self._testbed.remove(workload)
        if self._own_ports.pop(workload.key, None) is not None:
            profile = self._testbed.target.profile
            addresses = Addresses.of(profile, workload.name, workload.namespace)
            for name in sorted(addresses.names()):
                meta = {"name": name, "namespace": workload.namespace}
                self._context.remove({"apiVersion": "v1", "kind": "Service", "metadata": meta})
        if until_gone:
            self._testbed.await_gone(workload)

    def restart(self, workload: Workload) -> None:
        """Replace the pods of a server, and wait until the new ones are Ready and the old ones are gone."""
        self._testbed.restart(workload)
        workload.await_ready()
        self._context.evidence.event(f"restarted {workload.name}", pods=[pod.name for pod in workload.pods])

    def relabel(self, workload: Workload, labels: Mapping[str, str]) -> None:
        """Give the running pods of a server other values of labels; none by which its Deployment knows them.

        Raise NotExpressible where the run may not change pods.
        """
        patch = {"metadata": {"labels": dict(labels)}}
        for pod in workload.pods:
            named = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod.name, "namespace": pod.namespace}}
            _require_permission(self._testbed.objects.dry_run_patch(named, patch), "change the labels of pods")
            self._context.patch(named, patch)
        self._labels[workload.key] = {**self._labels[workload.key], **labels}

    def direct_calls(self, call: Call) -> list[Call]:
        """Return the same call to each server's own Service, where that has the port."""
        having = [w for w in self.servers if f"{call.port}/TCP" in self._own_ports.get(w.key, ())]
        return [
            replace(call, server=w.key, host=host_for(w, call.kind, outside=call.outside), address=None) for w in having
        ]

    def plain_spread(self, call: Call) -> State:
        """Return the shares that a plain Service over several servers gives its pods;
        empty for other Services and ports."""
        port = self._roots.get(call.server, ({}, {}))[1].get(_key_of_port(call))
        if port is None:
            return {}
        chosen = self._selected(call.server)
        pods = sum(workload.replicas for workload in chosen)
        return {(workload.name, port): workload.replicas / pods for workload in chosen}

    def behind(self, root: Service) -> list[Workload]:
        """Return the servers that a Service selects, in the order in which they were deployed: not only those that the
        scenario wants there, see `under_root` of `server`."""
        return self._selected(root.key)

    def _selected(self, key: str) -> list[Workload]:
        selector, namespace = self._roots[key][0], key.partition("/")[0]
        return [w for w in self.servers if w.namespace == namespace and selector.items() <= self._labels[w.key].items()]

    def ports_of(self, call: Call) -> dict[str, int]:
        """Return the port that each server's own Service gives the call, by the server's name, where it has one."""
        port, namespace = _key_of_port(call), call.server.partition("/")[0]
        here = [workload for workload in self.servers if workload.namespace == namespace]
        return {w.name: ports[port] for w in here if port in (ports := self._own_ports.get(w.key, {}))}

    def http_port(self, workload: Workload) -> int | None:
        """Return the first port of the workload's own Service that leads to HTTP; None where it has none yet."""
        found = (
            port for port, target in self._own_ports.get(workload.key, {}).items() if family_of(port, target) == "http"
        )
        return next((int(port.partition("/")[0]) for port in found), None)

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Everything that the scenario uses, clients that it shares with others included."""
        return (*self.servers, *self._testbed.clients, *self._own_clients.values())

    def await_ready(self) -> None:
        """Wait until all pods that the scenario uses are Ready; raise DeadlinePassed."""
        for workload in self.workloads:
            workload.await_ready()

    def owners(self) -> dict[str, str]:
        """Return the servers' names by the names of their pods."""
        return {pod.name: workload.name for workload in self.servers for pod in workload.pods}

    def close(self) -> None:
        """Delete the scenario's own workloads."""
        for workload in [*self.servers, *self._own_clients.values()]:
            self._testbed.remove(workload)

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
        """Create a Service over several servers of this scenario; `selector` defaults to all servers
        of the scenario in the namespace.

        `ports` maps `8080/TCP` to a target port, `port_names` to a name of the port other than the usual `http-8080`.
        The Service is applied anew when its name is used again.
        """
        namespace = self._context.namespace(alias)
        full = f"{name}-{self._context.tag}"
        selector = selector or {f"scene-{self._context.tag}": "true"}
        addresses = self._put_services(full, namespace, selector, ports, port_names)
        self._roots[f"{namespace}/{full}"] = selector, ports
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
        profile = self._testbed.target.profile
        addresses = Addresses.of(profile, name, namespace)
        for manifest in manifests.services(
            addresses, selector=selector, ports=ports, port_names=port_names, facts=profile.services
        ):
            if len(manifest["metadata"]["name"]) + len(namespace) > LONGEST_NAME:
                raise ValueError(f"a shorter name for {manifest['metadata']['name']}: not every mesh can serve it")
            self._context.put(manifest)
        return addresses


def _key_of_port(call: Call) -> str:
    return f"{call.port}/{'UDP' if call.kind == 'udp' else 'TCP'}"


def _require_permission(answer: Answer, what: str) -> None:
    """Raise NotExpressible where the run may not do what was tried; a webhook's refusal is another matter."""
    if answer.status == 403 and "webhook" not in answer.message:
        raise NotExpressible(f"the run may not {what}: {answer.message}")
