"""A port that is dead for everybody looks denied: every assertion of access is played on a scripted mesh with each
of its ports dead."""

import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from conformance import (
    test_traffic_access,
    test_traffic_access_changes,
    test_traffic_access_identity,
    test_traffic_access_pods,
    test_traffic_access_ports,
    test_traffic_access_protocols,
    test_traffic_access_rules,
    test_traffic_access_subjects,
    test_traffic_access_whole,
)
from pytest_smi.core.catalogue import assertion_of
from pytest_smi.core.limits import Limits
from pytest_smi.scenario.scenario import Scenario
from pytest_smi.scenario.verdict import Inconclusive, NotReached
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Place, Scripted

MODULES = (
    test_traffic_access,
    test_traffic_access_changes,
    test_traffic_access_identity,
    test_traffic_access_pods,
    test_traffic_access_ports,
    test_traffic_access_protocols,
    test_traffic_access_rules,
    test_traffic_access_subjects,
    test_traffic_access_whole,
)
LIMITS = Limits(settle_deadline=2, settle_rounds=2, settle_probes=2, hold_probes=10)
NEEDS_MORE = ("TA-31", "TA-32", "TA-68")
"""What is scripted has no Service over several servers, and pods all at once."""
DENIED_ALONE = {
    "TA-48": {8080, 9001},
    "TA-52": {9101},
    "TA-55": {9000},
    "TA-72": {8081},
    "TA-02": {9000},
    "TA-03": {9100},
}
"""Ports to which a requirement says denied, and never allowed."""
LOOKED_AT = {"TA-21": {9000}}
"""Ports that an observation leaves out where nothing gets through to them; it never passes."""


class Enforcing(Scripted):
    """A right mesh of access v1alpha3 and specs v1alpha4, at once in effect;
    `dead` ports of its servers answer nobody."""

    def __init__(self, dead: int | None = None) -> None:
        super().__init__(self.fare, limits=LIMITS)
        self.dead = dead

    def fare(self, call: Call, _number: int, _now: float) -> Place | Outcome:
        """Deliver what a target grants, and whatever goes from outside the mesh to outside of it."""
        server = self.testbed.workloads[call.server]
        granted = self._granted(call, server.account, server.namespace) if server.joined else call.outside
        if not granted or call.port == self.dead:
            return Outcome.NOT_DELIVERED
        return server.pods[0].name, call.port

    def _granted(self, call: Call, account: str, namespace: str) -> bool:
        source = next(w for w in self.testbed.workloads.values() if call.source in {pod.key for pod in w.pods})
        subject = {"name": source.account, "namespace": source.namespace}
        for (kind, place, _), target in self.testbed.objects.applied.items():
            if kind != "TrafficTarget" or call.outside:
                continue
            spec = target["spec"]
            destination = {"namespace": place, **spec.get("destination", {"name": ""})}
            if (destination["name"], destination["namespace"]) != (account, namespace):
                continue
            sources = [{"namespace": place, **entry} for entry in spec["sources"]]
            listed = any({"kind": "ServiceAccount", **subject}.items() <= entry.items() for entry in sources)
            if listed and any(self._matches(call, rule, place) for rule in spec["rules"]):
                return True
        return False

    def _matches(self, call: Call, rule: dict[str, Any], place: str) -> bool:
        named = self.testbed.objects.applied.get((rule["kind"], place, rule["name"]))
        found = [named] if named else []
        if rule["kind"] != "HTTPRouteGroup":
            ports = (found[0]["spec"].get("matches") or {}).get("ports") if found else None
            return bool(found) and rule["kind"] == f"{call.kind.upper()}Route" and (not ports or call.port in ports)
        if call.kind != "http":
            return False
        routes = [route for manifest in found for route in manifest["spec"]["matches"]]
        if rule.get("matches"):
            routes = [route for route in routes if route["name"] in rule["matches"]]
        request = call.requests[0]
        return any(
            re.fullmatch(route.get("pathRegex", ".*"), request.path)
            and {request.method, "*"} & set(route.get("methods", ["*"]))
            for route in routes
        )


def assertions(*modules: ModuleType) -> Iterator[tuple[str, Callable[[Scenario], None]]]:
    """Return every assertion of these modules with its requirement."""
    for module in modules:
        for function in vars(module).values():
            record = assertion_of(function) if callable(function) else None
            if record is not None and record.requirement not in NEEDS_MORE:
                yield record.requirement, function


PLAYED = dict(assertions(*MODULES))
every_assertion = pytest.mark.parametrize("requirement", PLAYED)


def play(requirement: str, dead: int | None = None) -> Enforcing:
    """Play one assertion to its end."""
    made = Enforcing(dead)
    PLAYED[requirement](made.smi)
    made.smi.conclude()
    return made


@every_assertion
def test_right_mesh_passes(requirement: str) -> None:
    """With every denial vouched for."""
    play(requirement)


@every_assertion
def test_no_dead_port_passes(requirement: str) -> None:
    """Errored where a control or the opening of a denial is missing, failed where the requirement itself says allowed;
    never passed."""
    for port in sorted({call.port for call in play(requirement).calls} - LOOKED_AT.get(requirement, set())):
        expected: tuple[type[Exception], ...] = (
            (Inconclusive,) if port in DENIED_ALONE.get(requirement, ()) else (Inconclusive, NotReached)
        )
        with pytest.raises(expected):
            play(requirement, dead=port)
