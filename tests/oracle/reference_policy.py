"""The one adapter between the oracle's questions and the reference mesh's own deciding classes."""

import random
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from pytest_smi.oracle import Call, Request
from pytest_smi.oracle.backends import PLAIN, Share
from pytest_smi.reference.mesh.composition import access_compiler
from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.policy import HttpRequest, Policy
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_binding, parse_group, parse_port_route, parse_split, parse_target
from pytest_smi.reference.mesh.split_config import SplitCompiler
from pytest_smi.reference.mesh.splits import Call as MeshCall
from pytest_smi.reference.mesh.splits import Service, SplitChooser, SplitTable

ACCOUNTS = (("t1", "srv"), ("t2", "srv"), ("default", "srv"), ("t1", "a"), ("t1", "b"))
"""Identities of the pods that there are, for the faults that look at them."""
_RESOURCES = {
    "TrafficTarget": ("traffictargets", parse_target),
    "IdentityBinding": ("identitybindings", parse_binding),
    "HTTPRouteGroup": ("httproutegroups", parse_group),
    "TCPRoute": ("tcproutes", parse_port_route),
    "UDPRoute": ("udproutes", parse_port_route),
    "TrafficSplit": ("trafficsplits", parse_split),
}
Key = tuple[str, str]


class ReferenceMesh:
    """What the reference mesh makes of the same Kubernetes objects; it is healthy unless faults are named.

    The compilers live as long as this object, as they do in the mesh: faults that remember show after `update`.
    """

    def __init__(
        self,
        items: Iterable[Mapping[str, Any]] = (),
        faults: frozenset[str] = frozenset(),
        *,
        accounts: Sequence[Key] = ACCOUNTS,
        chance: random.Random | None = None,
    ) -> None:
        self._accounts = accounts
        self._matcher = matcher = specialize(RouteMatcher, faults)()
        self._policy_class, self._table = specialize(Policy, faults), specialize(SplitTable, faults)
        self._access, self._compiler = access_compiler(faults), specialize(SplitCompiler, faults)()
        self._chooser = specialize(SplitChooser, faults)(chance, matcher)
        self.update(items)

    def update(self, items: Iterable[Mapping[str, Any]], services: Iterable[Service] = ()) -> None:
        """Take note of all objects as they are now; `services` stand beside those among the items."""
        smi: dict[str, dict[Key, Any]] = {resource: {} for resource, _ in _RESOURCES.values()}
        self.services = {one.key: one for one in services}
        for item in items:
            key = (item["metadata"]["namespace"], item["metadata"]["name"])
            if item["kind"] == "Service":
                self.services[key] = _service(key, item)
                continue
            resource, parse = _RESOURCES[item["kind"]]
            try:
                smi[resource][key] = parse(item)
            except SmiError:
                continue
        self._policies = dict[Key, Policy]()
        self._grants = self._access.compile(smi, self._accounts)
        configs = {
            key: {
                "ports": [
                    {
                        "port": number,
                        "protocol": transport,
                        "name": one.names[number, transport],
                        "endpoints": list(ends),
                    }
                    for (number, transport), ends in one.ports.items()
                ]
            }
            for key, one in self.services.items()
        }
        splits, _ = self._compiler.compile(smi["trafficsplits"], smi["httproutegroups"], configs)
        self._splits = self._table(splits.values(), self.services, self._matcher)

    def allows(self, request: Request) -> bool:
        """Whether the destination's sidecar lets the request through."""
        policy = self._policy((request.destination.namespace, request.destination.account))
        source = (request.source.namespace, request.source.account) if request.source.member else None
        call, port = request.call, request.port
        assert port is not None
        if call.protocol == "TCP":
            return policy.allow_tcp(port, source).allowed
        if call.protocol == "UDP":
            return policy.allow_udp(port, source).allowed
        return policy.allow_http(
            HttpRequest(port=port, method=call.method, target=call.path.encode(), headers=_headers(call)), source
        ).allowed

    def _policy(self, destination: Key) -> Policy:
        if destination not in self._policies:
            self._policies[destination] = self._policy_class(self._grants.get(destination, []), self._matcher)
        return self._policies[destination]

    def endpoints(self, root: Key, port: tuple[int, str], call: Call) -> Sequence[tuple[str, int]]:
        """Where the sidecar of a joined client sends one call: it may be any of these."""
        return self._chooser.choose(
            self.services[root], port, _made(call), self._splits.of(root), self.services
        ).endpoints

    def shares(self, root: Key, port: int, call: Call) -> Share:
        """How calls of a joined client to the root are shared out;
        a port that the root does not have is no call to it."""
        if (port, "TCP") not in self.services[root].ports:
            return ()
        for split in self._splits.of(root):
            if self._chooser.governs(split, _made(call)):
                found = self._chooser.candidates(split, self.services[root], (port, "TCP"), self.services)
                weights = self._chooser.weights(split, found)
                return tuple(
                    (one.name, Fraction(weight, sum(weights))) for one, weight in zip(found, weights, strict=True)
                )
        return PLAIN


def _service(key: Key, item: Mapping[str, Any]) -> Service:
    numbers = [port["port"] for port in item["spec"]["ports"]]
    ports = {(number, "TCP"): [("127.0.0.1", number)] for number in numbers}
    return Service(key=key, ports=ports, names=dict.fromkeys(ports, ""))


def _made(call: Call) -> MeshCall | None:
    """Return the call as the mesh sees it; None where it is opaque."""
    if call.protocol != "HTTP":
        return None
    return MeshCall(method=call.method, target=call.path.encode(), headers=_headers(call))


def _headers(call: Call) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in call.headers]
