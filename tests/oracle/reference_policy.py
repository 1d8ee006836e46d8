"""The one adapter between the oracle's questions and the reference mesh's own deciding classes."""

from collections.abc import Iterable, Mapping
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


class ReferenceMesh:
    """What the reference mesh makes of the same Kubernetes objects; it is healthy unless faults are named."""

    def __init__(self, items: Iterable[Mapping[str, Any]], faults: frozenset[str] = frozenset()) -> None:
        smi: dict[str, dict[tuple[str, str], Any]] = {resource: {} for resource, _ in _RESOURCES.values()}
        self.services: dict[tuple[str, str], Service] = {}
        for item in items:
            key = (item["metadata"]["namespace"], item["metadata"]["name"])
            if item["kind"] == "Service":
                numbers = [port["port"] for port in item["spec"]["ports"]]
                ports = {(number, "TCP"): [("127.0.0.1", number)] for number in numbers}
                self.services[key] = Service(key=key, ports=ports, names=dict.fromkeys(ports, ""))
                continue
            resource, parse = _RESOURCES[item["kind"]]
            try:
                smi[resource][key] = parse(item)
            except SmiError:
                continue
        self._matcher = matcher = specialize(RouteMatcher, faults)()
        self._policy_class, self._policies = specialize(Policy, faults), dict[tuple[str, str], Policy]()
        self._grants = access_compiler(faults).compile(smi, ACCOUNTS)
        configs = {
            key: {
                "ports": [
                    {"port": number, "protocol": transport, "name": "", "endpoints": list(ends)}
                    for (number, transport), ends in one.ports.items()
                ]
            }
            for key, one in self.services.items()
        }
        self._splits = specialize(SplitTable, faults)(
            specialize(SplitCompiler, faults)()
            .compile(smi["trafficsplits"], smi["httproutegroups"], configs)[0]
            .values(),
            self.services,
            matcher,
        )
        self._chooser = specialize(SplitChooser, faults)(matcher=matcher)

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

    def _policy(self, destination: tuple[str, str]) -> Policy:
        if destination not in self._policies:
            self._policies[destination] = self._policy_class(self._grants.get(destination, []), self._matcher)
        return self._policies[destination]

    def shares(self, root: tuple[str, str], port: int, call: Call) -> Share:
        """How calls of a joined client to the root are shared out;
        a port that the root does not have is no call to it."""
        if (port, "TCP") not in self.services[root].ports:
            return ()
        made = (
            None
            if call.protocol == "TCP"
            else MeshCall(method=call.method, target=call.path.encode(), headers=_headers(call))
        )
        for split in self._splits.of(root):
            if self._chooser.governs(split, made):
                found = self._chooser.candidates(split, self.services[root], (port, "TCP"), self.services)
                weights = self._chooser.weights(split, found)
                return tuple(
                    (one.name, Fraction(weight, sum(weights))) for one, weight in zip(found, weights, strict=True)
                )
        return PLAIN


def _headers(call: Call) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in call.headers]
