"""Assertions about splits on a right mesh that takes half a minute for every change, and on one without splits: the
first never fails, and nothing is passed by the second."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from conformance import (
    test_traffic_split,
    test_traffic_split_circles,
    test_traffic_split_golden,
    test_traffic_split_namespaces,
    test_traffic_split_open,
    test_traffic_split_pods,
    test_traffic_split_ports,
    test_traffic_split_reach,
    test_traffic_split_readings,
    test_traffic_split_segments,
    test_traffic_split_weights,
)
from pytest_smi.core.catalogue import assertion_of
from pytest_smi.core.limits import Limits
from pytest_smi.scenario.scenario import Scenario
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from pytest_smi.testbed.manifests import APP_LABEL
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Place, Scripted

MODULES = (
    test_traffic_split,
    test_traffic_split_circles,
    test_traffic_split_golden,
    test_traffic_split_namespaces,
    test_traffic_split_open,
    test_traffic_split_pods,
    test_traffic_split_ports,
    test_traffic_split_reach,
    test_traffic_split_readings,
    test_traffic_split_segments,
    test_traffic_split_weights,
)
OTHER_VERSIONS = ("SP-09", "SP-10")
NEEDS_A_CLUSTER = ("SP-31", "SP-69")
"""Ask for events on an object and the cluster IP of a Service."""
Applied = Mapping[tuple[str, str, str], dict[str, Any]]


def assertions() -> Iterator[tuple[str, Callable[[Scenario], None]]]:
    """Return the assertions of these modules by requirement."""
    for module in MODULES:
        for function in vars(module).values():
            record = assertion_of(function) if callable(function) else None
            if record is not None and record.requirement not in (*OTHER_VERSIONS, *NEEDS_A_CLUSTER):
                yield record.requirement, function


PLAYED = dict(assertions())


class SlowSplits(Scripted):
    """A mesh without access control whose clients learn of every change of splits and route groups `delay` seconds
    late; None: never."""

    def __init__(
        self, delay: float | None, *, root_selects_backends: bool = False, favourite: int | None = None
    ) -> None:
        versions = {"specs": "v1alpha4", "split": "v1alpha4"}
        super().__init__(
            self.arrive,
            limits=Limits(settle_deadline=60 + 2 * (delay or 0.0)),
            versions=versions,
            latency=0.5,
            root_selects_backends=root_selects_backends,
        )
        self.delay, self.dice, self.favourite = delay, random.Random(7), favourite
        self.history: list[tuple[float, Applied]] = [(0.0, {})]

    def observe(self, *arguments: Any) -> list[Observation]:
        """Note what is there, then answer."""
        if self.history[-1][1] != (now := dict(self.testbed.objects.applied)):
            self.history.append((self.clock.now, now))
        return super().observe(*arguments)

    def arrive(self, call: Call, _number: int, now: float) -> Place | Outcome:
        """Choose by the oldest split that governs the call, else among the endpoints of the Service."""
        namespace, _, name = call.server.partition("/")
        for split in () if call.outside else self._splits(namespace, name, now):
            weighed = {
                place: backend["weight"] / len(places)
                for backend in split["backends"]
                if (places := self._endpoints(namespace, backend["service"], call.port)) and backend["weight"] > 0
                for place in places
            }
            if self._governs(split, namespace, call, now):
                return self._one_of(weighed)
        endpoints = self._endpoints(namespace, name, call.port)
        if endpoints and self.favourite is not None:
            endpoints = [endpoints[self.favourite]]
        return self._one_of(dict.fromkeys(endpoints, 1.0))

    def _one_of(self, weighed: Mapping[Place, float]) -> Place | Outcome:
        if not weighed:
            return Outcome.NOT_DELIVERED
        return self.dice.choices(list(weighed), list(weighed.values()))[0]

    def _known(self, now: float) -> Applied:
        """Return the objects as clients know them."""
        if self.delay is None:
            return {}
        return next(objects for since, objects in reversed(self.history) if since + self.delay <= now or not objects)

    def _splits(self, namespace: str, root: str, now: float) -> list[dict[str, Any]]:
        """Return the readable splits of a root."""
        found = [
            manifest["spec"]
            for (kind, place, _), manifest in self._known(now).items()
            if kind == "TrafficSplit" and place == namespace and manifest["spec"]["service"] == root
        ]
        weights = [[backend["weight"] for backend in split["backends"]] for split in found]
        return [s for s, numbers in zip(found, weights, strict=True) if all(n == int(n) and n >= 0 for n in numbers)]

    def _governs(self, split: Mapping[str, Any], namespace: str, call: Call, now: float) -> bool:
        if not split.get("matches"):
            return True
        groups = [self._known(now).get(("HTTPRouteGroup", namespace, one["name"])) for one in split["matches"]]
        routes = [route for group in groups if group for route in group["spec"]["matches"]]
        request, has = call.requests[0], dict(call.requests[0].headers)
        return any(
            route.get("pathRegex", request.path) == request.path
            and all(f"^{has.get(name)}$" == value for one in route.get("headers", ()) for name, value in one.items())
            for route in routes
        )

    def _endpoints(self, namespace: str, service: str, port: int) -> list[Place]:
        """Return where a port of a Service leads, at once."""
        manifest = self.testbed.objects.applied.get(("Service", namespace, service))
        if manifest is None:
            return []
        targets = [int(entry["targetPort"]) for entry in manifest["spec"]["ports"] if entry["port"] == port]
        labels = self.smi.deployment._labels
        chosen = [
            server
            for server in self.smi.deployment.servers
            if server.namespace == namespace
            and manifest["spec"]["selector"].items() <= {APP_LABEL: server.name, **labels[server.key]}.items()
        ]
        return [(pod.name, target) for server in chosen for pod in server.pods for target in targets]


every_assertion = pytest.mark.parametrize("requirement", PLAYED)


@every_assertion
@pytest.mark.parametrize("root_selects_backends", [False, True])
@pytest.mark.parametrize("delay", [0.0, 30.0])
def test_right_mesh_passes_however_slow(requirement: str, delay: float, root_selects_backends: bool) -> None:
    """Every change is waited for, and no state before it is taken for the one after."""
    made = SlowSplits(delay, root_selects_backends=root_selects_backends)
    PLAYED[requirement](made.smi)
    made.smi.conclude()


@every_assertion
def test_nothing_is_passed_where_no_split_has_any_effect(requirement: str) -> None:
    """Failed or inconclusive; a reading is not told either."""
    made = SlowSplits(None)
    with pytest.raises((Inconclusive, RequirementFailed)):
        PLAYED[requirement](made.smi)


@every_assertion
@pytest.mark.parametrize("favourite", [0, -1])
def test_nothing_is_passed_where_a_service_always_leads_to_one_pod(requirement: str, favourite: int) -> None:
    """As with sticky sessions: what a Service does without a split is no sign of one."""
    made = SlowSplits(None, favourite=favourite)
    with pytest.raises((Inconclusive, RequirementFailed)):
        PLAYED[requirement](made.smi)


def test_a_port_that_is_dead_for_everybody_is_no_doing_of_a_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """SP-76 asks every port of the backends before there is a split."""
    made, arrive = SlowSplits(0.0), SlowSplits.arrive
    monkeypatch.setattr(
        made, "script", lambda call, *more: Outcome.NOT_DELIVERED if call.port == 9090 else arrive(made, call, *more)
    )
    with pytest.raises(Inconclusive, match="9090"):
        PLAYED["SP-76"](made.smi)
