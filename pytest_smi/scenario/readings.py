"""Look at what the specification leaves open, without judging: what is let in, where requests go, what stops a mesh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from pytest_smi.cluster.wait import DeadlinePassed
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.policies import Policies, match
from pytest_smi.scenario.sampling.settling import OnPlaces, Place
from pytest_smi.scenario.traffic import Traffic
from pytest_smi.scenario.verdict import Inconclusive, control
from pytest_smi.smi.model import SmiObject
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import HTTP, HTTP_2ND, Service, Workload

Landings = Counter[Place | None]
"""How many requests arrived at which server and port; None: nowhere."""


PLAIN, MARKED = {"8080/TCP": HTTP}, {"8080/TCP": HTTP_2ND}
"""Ports of a root and of a backend's own Service: the port at which a request arrives tells by which it went."""


class Readings:
    """What is seen when the objects have had their time."""

    def __init__(
        self,
        context: Context,
        deployment: Deployment,
        policies: Policies,
        traffic: Traffic,
        expectations: Expectations,
    ) -> None:
        self._context, self._deployment, self._policies = context, deployment, policies
        self._traffic, self._expectations = traffic, expectations
        self._later: dict[str, Service] = {}

    def control_later_grant(self, source: Workload, server: Workload, *, name: str = "later") -> None:
        """Control: another grant, made now, works; so the mesh has taken note of what was applied before it."""
        self._policies.grant(server, match("later", f"/{name}"), sources=[source], name=name)
        self._expectations.expect(control(source.get(server, f"/{name}")), hold=False)

    def control_later_split(self, source: Workload, backend: Workload, *, name: str = "later") -> None:
        """Control: a split of another root, made now unless it was before, is in effect for the client; so the mesh has
        taken note of what was applied before it. The backend's own Service has the ports `MARKED`.
        """
        if name not in self._later:
            root = self._later[name] = self._deployment.service(name, [backend], ports=PLAIN)
            self._policies.apply(self._policies.split(root, {backend: 100}, name=name))
        self._traffic.control(source.get(self._later[name]), OnPlaces([(backend.name, HTTP_2ND)]))

    def stopped(
        self,
        later: Callable[[], None],
        *objects: SmiObject | dict[str, Any],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> bool:
        """Return whether nothing that is made later takes effect while these objects stand; `later` controls that it
        does. The name of a new Service that does not resolve is no effect either: a mesh may serve the names itself.

        Where it does not, they are deleted, and it must: only that shows that they stopped the mesh, and not a server
        that is down. Raise Inconclusive, or DeadlinePassed for a name, where it still does not.

        `meanwhile` is required before that, while nothing takes effect: the mesh has taken note of the objects then,
        too, which the end shows.
        """
        testbed = self._context.testbed
        # What is lost here is a reading, and no reason to have less patience with controls from now on.
        lost, testbed.failed_controls = testbed.failed_controls, 0
        try:
            later()
        except (Inconclusive, DeadlinePassed):
            meanwhile()
            for one in objects:
                if isinstance(one, dict):
                    self._context.remove(one)
                else:
                    self._policies.delete(one)
            later()
            return True
        finally:
            testbed.failed_controls = lost
        return False

    def let_in(self, *calls: Call) -> list[bool]:
        """Send `settle_probes` requests of each call, and return whether they get through; a few may be lost.

        Raise Inconclusive for a call of which neither most nor few get through.
        """
        least, found = self._context.limits.reach_share, []
        for seen in self._expectations.sample(*calls, times=self._context.limits.settle_probes):
            share = seen.outcomes[Outcome.DELIVERED] / len(seen.probes)
            if 1 - least < share < least:
                raise Inconclusive(f"{seen.batch.call.label}: {share:.0%} of the requests were let in")
            found.append(share >= least)
        return found

    def landings(self, call: Call, *, times: int = 0) -> Landings:
        """Send `times` requests (`sample_trials`) and return how many arrived where, None for those that arrived
        nowhere; what happens to few of them is left out.
        """
        seen = self._traffic.observe(call, times or self._context.limits.sample_trials)
        counts: Landings = Counter(self._traffic.places(seen))
        counts[None] = sum(not probe.arrivals for probe in seen.probes)
        if counts[None]:
            self._expectations.check_health([call])
        told = {"nowhere" if place is None else f"{place[0]}:{place[1]}": n for place, n in counts.items()}
        self._context.evidence.event("sampled", call=call.label, landed=told)
        return Counter(
            {place: n for place, n in counts.items() if n > self._context.limits.sample_rare * len(seen.probes)}
        )

    def cluster_ip(self, root: Service) -> str:
        """Return the cluster IP of a Service; raise ClusterError where it cannot be read."""
        meta = {"name": root.name, "namespace": root.namespace}
        found = self._context.testbed.objects.get({"apiVersion": "v1", "kind": "Service", "metadata": meta})
        return str(found["spec"]["clusterIP"])
