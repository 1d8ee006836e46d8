"""Look where the requests to a Service go, without judging: for what the specification leaves open."""

from __future__ import annotations

from collections import Counter

from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.policies import Policies
from pytest_smi.scenario.sampling.settling import OnPlaces, Place
from pytest_smi.scenario.traffic import Traffic
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import Service, Workload

Landings = Counter[Place | None]
"""How many requests arrived at which server and port; None: nowhere."""


class Readings:
    """What is seen of a split when its objects have had their time."""

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

    def control_later_split(self, source: Workload, backend: Workload, *, name: str = "later") -> None:
        """Control: a split of another root, made now, is in effect for the client; so the mesh has taken note of what
        was applied before it. The backend's own Service maps the port 8080 to 8081.
        """
        root = self._deployment.service(name, [backend], ports={"8080/TCP": 8080})
        self._policies.apply(self._policies.split(root, {backend: 100}, name=name))
        self._traffic.control(source.get(root), OnPlaces([(backend.name, 8081)]))

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
