"""Traffic Access Control, pods: a grant goes by ServiceAccounts, whatever pods there are, and whenever they come."""

from collections.abc import Sequence

from pytest_smi.scenario.scenario import (
    Call,
    HTTPRouteGroup,
    NotExpressible,
    Outcome,
    Pod,
    Rule,
    Scenario,
    Subject,
    TrafficTarget,
    Workload,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)


@assertion("TA-13", level="MUST (derived)", source="access v1alpha3 §Specification", needs=["specs"])
def test_order_of_creation_does_not_matter(smi: Scenario) -> None:
    """What TrafficTargets grant is the same in whatever order the routes, the targets and the pods were created."""
    a, b, c = smi.client("a"), smi.client("b"), smi.client("c")

    def order(name: str, source: Workload) -> tuple[HTTPRouteGroup, TrafficTarget]:
        return _grant_of(smi, "srv", name, source)

    route_target_pod, target_route_pod = order("route-target-pod", a), order("target-route-pod", b)
    route_pod_target, target_pod_route = order("route-pod-target", a), order("target-pod-route", b)
    pod_route_target, pod_target_route = order("pod-route-target", a), order("pod-target-route", b)
    smi.apply(*route_target_pod, target_route_pod[1], target_route_pod[0], route_pod_target[0], target_pod_route[1])
    srv = smi.server()
    smi.apply(route_pod_target[1], target_pod_route[0], *pod_route_target, pod_target_route[1], pod_target_route[0])
    of_a = [a.get(srv, f"/{name}") for name in ("route-target-pod", "route-pod-target", "pod-route-target")]
    of_b = [b.get(srv, f"/{name}") for name in ("target-route-pod", "target-pod-route", "pod-target-route")]
    granted = *map(allowed, of_a), *map(allowed, of_b)
    smi.expect(*granted, closed(c.get(srv, "/route-target-pod")), closed(a.get(srv, "/other")), hold=False)
    smi.expect(*granted, denied(a.get(srv, "/target-route-pod")), denied(b.get(srv, "/route-target-pod")))


@assertion("TA-31", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_pods_of_other_accounts_behind_a_service_are_not_covered(smi: Scenario) -> None:
    """Of the pods behind one Service only those of the destination's ServiceAccount are opened."""
    srv, other, a = smi.server(), smi.server("other"), smi.client("a")
    root = smi.service("app", [srv, other])
    own, shut = [a.get(srv, "/m")], [a.get(other, "/m")]
    if smi.has("peer-address-allowed"):
        own.append(a.get(srv.at_pod(), "/m"))
        shut.append(a.get(other.at_pod(), "/m"))
    smi.closed_so_far(*own, *shut)
    _, passing = smi.grant(srv, match("m", "/m"), sources=[a], name="srv")
    smi.control_arrives(a.get(root, "/m"), srv)
    smi.expect(*map(control, own), *map(denied, shut))
    seen = smi.sample(a.get(root, "/m"), times=smi.limits.transition_trials)[0]
    pods = {pod.name for pod in other.pods}
    leak = next((probe for probe in seen.probes if any(arrival.pod in pods for arrival in probe.arrivals)), None)
    smi.require(leak is None, f"a pod of another ServiceAccount was reached: {leak.describe() if leak else ''}")
    # That pod is one which the Service leads to: with a grant of its own it is reached.
    smi.delete(passing)
    smi.grant(other, match("m", "/m"), sources=[a], name="other")
    smi.expect(*map(control, shut), hold=False)
    smi.control_arrives(a.get(root, "/m"), other)


@assertion("TA-32", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_pods_that_come_later_are_covered(smi: Scenario) -> None:
    """Pods that are created after a TrafficTarget have what it grants to their ServiceAccount, and nothing else,
    from the beginning."""
    srv, caller, c = smi.server(), smi.server("caller"), smi.client("c")
    smi.closed_so_far(caller.get(srv, "/m"), c.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[caller])
    smi.expect(control(caller.get(srv, "/m")), closed(c.get(srv, "/m")), hold=False)
    late_srv, late_caller = smi.server("late", account="srv"), smi.server("caller-2", account="caller")
    stranger = smi.server("stranger")
    early = [stranger.get(srv, "/m"), stranger.get(late_srv, "/m"), c.get(late_srv, "/m")]
    _require_closed_at_once(smi, early, "a pod without a grant got through")
    granted = caller.get(late_srv, "/m"), late_caller.get(srv, "/m"), late_caller.get(late_srv, "/m")
    smi.expect(*map(allowed, granted), *map(denied, early))
    smi.grant(srv, match("later", "/later"), sources=[stranger, c], name="later")
    opened = [stranger.get(srv, "/later"), stranger.get(late_srv, "/later"), c.get(late_srv, "/later")]
    smi.expect(*map(control, opened), hold=False)


@assertion("TA-33", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_address_that_is_used_again_gives_no_access(smi: Scenario) -> None:
    """A new pod of another ServiceAccount inherits nothing of what was granted to the pod that had its address before,
    from the beginning."""
    srv, caller, c = smi.server(), smi.server("caller"), smi.client("c")
    leaving = smi.server("leaving", account="caller", replicas=smi.limits.churn_pods)
    # Each of these pods calls, so that whoever keeps addresses of callers knows all of theirs.
    of_leaving = [leaving.get(srv, "/m").from_pod(pod.key) for pod in leaving.pods]
    smi.closed_so_far(caller.get(srv, "/m"), *of_leaving, c.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[caller])
    smi.expect(control(caller.get(srv, "/m")), *map(control, of_leaving), closed(c.get(srv, "/m")), hold=False)
    stranger, heirs = _heirs(smi, leaving)
    inherited = [stranger.get(srv, "/m").from_pod(pod.key) for pod in heirs]
    _require_closed_at_once(smi, inherited, "the address of a pod was enough")
    smi.expect(control(caller.get(srv, "/m")), *map(denied, inherited))
    smi.grant(srv, match("later", "/later"), sources=[stranger], name="later")
    smi.expect(*(control(stranger.get(srv, "/later").from_pod(pod.key)) for pod in heirs), hold=False)


@assertion("TA-24", level="unspecified", source="access v1alpha3 §TrafficTarget (note)", needs=["specs"])
def test_listed_account_outside_the_mesh(smi: Scenario) -> None:
    """A pod of a listed ServiceAccount that has not joined the mesh may be let in, for its account,
    or denied, since it proves none: the specification does not say."""
    srv, plain = smi.server(), smi.server("plain", joined=False)
    a, unjoined = smi.client("a"), smi.client("a", joined=False)
    smi.closed_so_far(a.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(srv, "/m")), control(unjoined.get(plain, "/m")), hold=False)
    smi.observed("let in" if smi.let_in(unjoined.get(srv, "/m"))[0] else "denied")


def _require_closed_at_once(smi: Scenario, calls: Sequence[Call], leak: str) -> None:
    """Fail with `leak` if a request arrives, without waiting for the mesh to take note of anything."""
    for seen in smi.sample(*calls, times=smi.limits.settle_probes):
        through = seen.first_not(Outcome.NOT_DELIVERED)
        smi.require(through is None, f"{leak}: {through.describe() if through else ''}")


def _grant_of(smi: Scenario, account: str, name: str, source: Workload) -> tuple[HTTPRouteGroup, TrafficTarget]:
    """Describe a group of the route `/NAME` and a target that grants it, to an account that need not have pods yet."""
    group = smi.routes(name, match("only", f"/{name}"))
    target = TrafficTarget(
        name=group.name,
        namespace=group.namespace,
        destination=Subject(name=f"{account}-{smi.tag}", namespace=group.namespace),
        rules=(Rule(kind="HTTPRouteGroup", name=group.name, matches=("only",)),),
        sources=(Subject(name=source.account, namespace=source.namespace),),
    )
    return group, target


def _heirs(smi: Scenario, leaving: Workload) -> tuple[Workload, list[Pod]]:
    """Delete a workload, and start pods of another account on its node until some of them have addresses of its pods.

    Raise NotExpressible when no address is used again within the limits.
    """
    addresses, node, limits = {pod.ip for pod in leaving.pods}, leaving.pods[0].node, smi.limits
    smi.retire(leaving, until_gone=True)
    began, rounds, before = smi.clock(), 0, None
    while rounds < limits.churn_rounds and smi.clock() - began < limits.churn_deadline:
        rounds += 1
        stranger = smi.server(f"other-{rounds}", account="stranger", replicas=limits.churn_pods, node=node)
        heirs = [pod for pod in stranger.pods if pod.ip in addresses]
        if heirs:
            return stranger, heirs
        # Only now, so that an allocator which takes the lowest free address does not hand out the same ones again.
        if before is not None:
            smi.retire(before)
        before = stranger
    started = rounds * limits.churn_pods
    raise NotExpressible(
        f"none of the {len(addresses)} addresses of deleted pods was used again by {started} new pods "
        f"(in {smi.clock() - began:.0f} s), so whether they confer access cannot be seen"
    )
