"""What an assertion is written with: a scenario of servers and clients, SMI objects, and claims about the traffic.

`from pytest_smi.scenario.scenario import …` is all that a module of `conformance/` imports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.catalogue import assertion
from pytest_smi.core.redaction import first_line
from pytest_smi.errors import SmiError
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.controls import missing
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.kept import KeptLines
from pytest_smi.scenario.kube_reads import KubeReads
from pytest_smi.scenario.policies import Policies, edited, match
from pytest_smi.scenario.readings import MARKED, PLAIN, Landings, Readings
from pytest_smi.scenario.refusals import Refusal
from pytest_smi.scenario.roots import Roots
from pytest_smi.scenario.routing import Routing
from pytest_smi.scenario.shares import Shares
from pytest_smi.scenario.traffic import Traffic
from pytest_smi.scenario.verdict import (
    Claim,
    Inconclusive,
    NotReached,
    RequirementFailed,
    allowed,
    closed,
    control,
    denied,
    steady,
)
from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    IdentityBinding,
    Rule,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)
from pytest_smi.smi.versions import NotExpressible
from pytest_smi.testbed.look import circumstances
from pytest_smi.testbed.probing.observation import Arrival, Observation, Outcome, Probe
from pytest_smi.testbed.probing.plan import Call, Request
from pytest_smi.testbed.workloads import Pod, PodAddress, Service, Workload

T = TypeVar("T")
LOOKED = "looked at the cluster"
"""Event of the evidence with what the cluster shows beside a verdict that is not passed."""

__all__ = [
    "MARKED",
    "PLAIN",
    "Answer",
    "Arrival",
    "Backend",
    "Call",
    "Claim",
    "Context",
    "HTTPMatch",
    "HTTPRouteGroup",
    "IdentityBinding",
    "Inconclusive",
    "Landings",
    "NotExpressible",
    "NotReached",
    "Observation",
    "Outcome",
    "Pod",
    "PodAddress",
    "Probe",
    "Refusal",
    "Request",
    "RequirementFailed",
    "Rule",
    "Scenario",
    "Service",
    "Subject",
    "TCPRoute",
    "TrafficSplit",
    "TrafficTarget",
    "UDPRoute",
    "Workload",
    "allowed",
    "assertion",
    "closed",
    "control",
    "denied",
    "edited",
    "match",
    "steady",
]


class Scenario:
    """All that one assertion needs. Servers are its own; clients are shared with other scenarios and have no state.

    What assertions use stands on the scenario itself; each name is explained at the part that it comes from.
    """

    def __init__(self, context: Context) -> None:
        context.testbed.forget_ended()
        self.context = context
        self.testbed, self.tag, self.clock, self.pause = context.testbed, context.tag, context.clock, context.pause
        self.limits, self.versions, self.evidence = context.limits, context.versions, context.evidence
        self.namespace, self.put, self.written = context.namespace, context.put, context.rendered

        self.deployment = deployment = Deployment(context)
        self.client, self.bare_client, self.server = deployment.client, deployment.bare_client, deployment.server
        self.service, self.give_service, self.behind = deployment.service, deployment.give_service, deployment.behind
        self.retire, self.restart, self.relabel = deployment.retire, deployment.restart, deployment.relabel

        self.kube = kube = KubeReads(context)
        self.api, self.metrics_path = kube.get, kube.metrics_path
        self.dry_run, self.refused = kube.dry_run, kube.refused

        roots = Roots(deployment)
        self.policies = policies = Policies(context, deployment, roots, kube)
        self.apply_unless_refused = policies.apply_unless_refused
        self.apply, self.delete, self.can_say = policies.apply, policies.delete, policies.can_say
        self.routes, self.tcp_route, self.udp_route = policies.routes, policies.tcp_route, policies.udp_route
        self.target, self.grant, self.grant_all, self.split = (
            policies.target,
            policies.grant,
            policies.grant_all,
            policies.split,
        )

        self.expectations = expectations = Expectations(context, deployment)
        self.expect, self.sample, self.send = expectations.expect, expectations.sample, expectations.send
        self.attribute_failure = expectations.attribute_failure

        self.lines = lines = KeptLines(context, deployment)
        self.keep, self.fate = lines.keep, lines.fate

        self.traffic = Traffic(context, deployment, expectations, roots)
        self.shares = shares = Shares(context, self.traffic)
        self.share, self.share_each = shares.share, shares.share_each
        self.only, self.at_least_once = shares.only, shares.at_least_once
        self.settle_shares, self.control_shares = shares.settle_shares, shares.control_shares
        self.routing = routing = Routing(context, deployment, self.traffic, kube)
        readings = Readings(context, deployment, policies, self.traffic, expectations)
        self.landings, self.control_later_split = readings.landings, readings.control_later_split
        self.control_later_grant, self.stopped = readings.control_later_grant, readings.stopped
        self.let_in, self.cluster_ip = readings.let_in, readings.cluster_ip
        self.each, self.mostly, self.rarely = routing.each, routing.mostly, routing.rarely
        self.on_ports, self.once, self.ends = routing.on_ports, routing.once, routing.ends
        self.control_reaches, self.control_port = routing.control_reaches, routing.control_port
        self.load, self.await_warning, self.no_warning = routing.load, routing.await_warning, routing.no_warning
        self.control_arrives = routing.control_arrives

        self.reading: str | None = None
        """Which reading of an ambiguous clause the mesh follows, once it was observed."""

    def has(self, feature: str) -> bool:
        """Return whether the mesh's profile has a feature, for parts of an assertion that need more than the rest of
        it."""
        return feature in self.testbed.target.profile.features

    def closed_so_far(self, *calls: Call) -> None:
        """Control: none of these calls arrives yet, so that what opens them later is seen to have an effect."""
        self.expect(*map(closed, calls), hold=False)

    def open_to_all(self, *destinations: Workload, sources: Sequence[Workload]) -> None:
        """Grant everything (see `grant_all`), and control: each source reaches each destination by its own Service,
        where it has one.

        A server that a client's proxy does not know yet, or cannot reach, must not pass for one that a split keeps out.
        """
        self.grant_all(*destinations, sources=sources)
        ports = {
            destination: port
            for destination in destinations
            if (port := self.deployment.http_port(destination)) is not None
        }
        self.expect(
            *(control(source.get(server, port=port)) for source in sources for server, port in ports.items()),
            hold=False,
        )

    def shared(self, key: str, build: Callable[[Scenario], T]) -> T:
        """Return what `build` made of a scenario that several assertions judge; it is built once per worker and mesh.

        Its pods are gone afterwards.

        The shared scenario's evidence becomes part of this one's. When building it failed, that error is everyone's.
        """
        known = self.testbed.shared
        if key not in known:
            common = Scenario(self.context.below(f"{self.tag}s"))
            try:
                known[key] = (common, build(common), None)
            except Exception as error:  # whatever went wrong, it goes wrong once and is told to all
                common.look_around(error)
                known[key] = (common, None, error)
            if not self.testbed.target.keep:
                common.close()
        common, value, failure = known[key]
        self.evidence.include(common.evidence)
        if failure is not None:
            raise failure
        made: T = value
        return made

    def look_around(self, error: BaseException) -> None:
        """Put into the evidence what the cluster shows beside a verdict that is not passed; it changes nothing else."""
        if not isinstance(error, RequirementFailed | Inconclusive | SmiError):
            return  # a bug of the suite, or an end on purpose: nothing that a cluster explains
        try:
            found = circumstances(
                self.testbed.connection, self.testbed.target, self.deployment.workloads, self.context.smi_objects
            )
            self.evidence.event(LOOKED, **found)
        except Exception as broken:  # whatever breaks here, the verdict is told
            self.evidence.event(LOOKED, known=[], unread=[first_line(broken)])

    def observed(self, reading: str) -> None:
        """Record which reading of an ambiguous clause the mesh follows; the verdict is then `observed`."""
        self.reading = reading
        self.evidence.event("observed", reading=reading)

    def fail(self, reason: str) -> None:
        """The mesh does not meet the requirement."""
        raise RequirementFailed(reason)

    def require(self, condition: bool, reason: str) -> None:
        """Fail the requirement unless `condition`; `reason` says what was expected and found."""
        if not condition:
            raise RequirementFailed(reason)

    def conclude(self) -> None:
        """Check at the end that every denial had its positive control; raise Inconclusive."""
        pending = self.expectations.pending_controls()
        if pending:
            raise Inconclusive(
                f"{pending[0]}: {missing(pending[0].call, self.expectations.opened)}, "
                "so that it may be dead for everybody"
            )

    def close(self) -> None:
        """Close the connections that were kept, and delete the scenario's objects and servers."""
        self.lines.close()
        self.context.close()
        self.deployment.close()
