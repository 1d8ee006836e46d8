"""Pods come and go until an address is used again: the row that asks what an address confers, on a scripted cluster."""

from collections.abc import Callable

import pytest

from conformance.test_traffic_access_pods import test_address_that_is_used_again_gives_no_access as play
from pytest_smi.core.limits import Limits
from pytest_smi.profiles.load import load_profile
from pytest_smi.scenario.verdict import RequirementFailed
from pytest_smi.smi.versions import NotExpressible
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import Pod, Workload
from tests.scenario.scripted import Place, Scripted

LIMITS = Limits(
    settle_deadline=2, settle_rounds=2, settle_probes=2, hold_probes=10, churn_pods=3, churn_rounds=5, churn_deadline=60
)
Allocator = Callable[[int], str]
"""From the number of a pod, counted over all, to its address."""


class Churning(Scripted):
    """A mesh that grants by identity, or by addresses that it never forgets;
    its nodes hand out addresses as told, and a server takes `slow` seconds to start."""

    def __init__(self, allocate: Allocator, *, by_address: bool = False, slow: float = 0.0) -> None:
        super().__init__(self.fare, limits=LIMITS)
        self._allocate, self._by_address, self._slow = allocate, by_address, slow
        self._started, self._known = 0, set[str]()
        self.most = 0
        """Most servers at the same time."""
        self._deploy, self.testbed.deploy = self.testbed.deploy, self.deploy  # type: ignore[method-assign]

    def deploy(self, name: str, alias: str, *, account: str, title: str, replicas: int = 1, **_: object) -> Workload:
        """Give each pod the next address."""
        made = self._deploy(name, alias, account=account, title=title, replicas=replicas)
        numbers = range(self._started, self._started + replicas)
        self._started += replicas
        pods = [Pod(alias, f"{name}-{number}", self._allocate(number), account, "n-1") for number in numbers]
        made._await_pods = lambda _workload: pods
        self.clock.now += self._slow
        self.most = max(self.most, len(self.smi.deployment.servers) + 1)
        return made

    def fare(self, call: Call, _number: int, _now: float) -> Place | Outcome:
        """Deliver what the account of the calling pod was granted, or who had its address."""
        caller, pod = next(
            (w, pod) for w in self.testbed.workloads.values() for pod in w.pods if pod.key == call.source
        )
        listed = [
            source["name"] for spec in self.testbed.objects.of_kind("TrafficTarget") for source in spec["sources"]
        ]
        if caller.account in listed:
            self._known.add(pod.ip)
        elif not (self._by_address and pod.ip in self._known):
            return Outcome.NOT_DELIVERED
        return self.testbed.workloads[call.server].pods[0].name, call.port


def in_order(size: int) -> Allocator:
    """Go through a range of so many addresses, again and again."""
    return lambda number: f"10.0.0.{number % size}"


def test_a_mesh_that_goes_by_identity_passes() -> None:
    """Once the addresses come round; the pods that have them are those that call."""
    made = Churning(in_order(12))
    play(made.smi)
    made.smi.conclude()
    # The pods that leave have addresses 3 to 5 of the twelve, and the fourth round is the first to have them again.
    callers = {call.source for call in made.calls if "other" in call.source}
    assert callers == {f"t1/other-4-x-{number}" for number in (15, 16, 17)}


def test_a_mesh_that_keeps_addresses_fails() -> None:
    """With the first request of the new pod, before anything is waited for."""
    made = Churning(in_order(12), by_address=True)
    with pytest.raises(RequirementFailed, match="the address of a pod was enough"):
        play(made.smi)


def test_a_cluster_that_never_uses_an_address_again_says_nothing() -> None:
    """After the rounds of the limits, and with no more than two of them there at a time."""
    made = Churning(in_order(10_000))
    with pytest.raises(NotExpressible, match=r"none of the 3 addresses .* used again by 15 new pods"):
        play(made.smi)
    assert made.most == 2 + 2


def test_a_slow_cluster_is_not_asked_for_ever() -> None:
    """No round is begun after the deadline."""
    made = Churning(in_order(10_000), slow=25.0)
    with pytest.raises(NotExpressible, match=r"used again by 9 new pods \(in 75 s\)"):
        play(made.smi)


def test_a_cluster_that_others_use_is_asked_for_few_pods() -> None:
    """No more than the fifty that the requirement itself speaks of, and some; where it costs nothing, many."""
    assert Limits().churn_pods * Limits().churn_rounds <= 60
    assert load_profile("reference").limits.churn_rounds > Limits().churn_rounds
