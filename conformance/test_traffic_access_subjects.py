"""Traffic Access Control, subjects that are incomplete or out of place: what a target with such ones grants.

A mesh may stop over a target whose subject it does not find, for everybody: what stores such a one runs by itself.
"""

from dataclasses import replace

from pytest_smi.scenario.scenario import (
    Call,
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


@assertion(
    "TA-59", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"], since={"access": "v1alpha3"}
)
def test_target_without_destination_grants_nothing(smi: Scenario) -> None:
    """A TrafficTarget without a destination grants nothing and disturbs no other, or is refused."""
    srv, a = smi.server(), smi.client("a")
    other, beside = a.get(srv, "/m"), a.get(srv, "/beside")
    smi.closed_so_far(other, beside)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.grant(srv, match("second", "/second"), sources=[a], name="second")
    smi.expect(control(beside), control(a.get(srv, "/second")), closed(other), hold=False)
    group = smi.routes("routes", match("m", "/m"), match("later", "/later"))
    smi.apply(group)
    target = smi.written(smi.target(srv, group, sources=[a], name="nowhere"))
    del target["spec"]["destination"]
    smi.apply_unless_refused(target)
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), allowed(beside), denied(other))


@assertion("TA-60", level="unspecified", source="access v1alpha3 §TrafficTarget", needs=["specs"], serial=True)
def test_destination_without_a_namespace(smi: Scenario) -> None:
    """A destination that names no namespace may be in the TrafficTarget's own, be nowhere, or be refused:
    the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    _observe(smi, _nowhere(_target(smi, srv, a)), a.get(srv, "/m"), a, srv, "in the target's own namespace")


@assertion("TA-74", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"], serial=True)
def test_destination_without_a_namespace_is_not_everywhere(smi: Scenario) -> None:
    """A destination that names no namespace does not open ServiceAccounts of its name in other namespaces."""
    srv, homonym, a = smi.server("srv", "t1"), smi.server("srv", "t2"), smi.client("a")
    foreign = a.get(homonym, "/m")
    smi.closed_so_far(foreign)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.grant(homonym, match("first", "/first"), sources=[a], name="first")
    beside = control(a.get(srv, "/beside")), control(a.get(homonym, "/first"))
    smi.expect(*beside, closed(a.get(homonym, "/beside")), closed(foreign), hold=False)
    smi.apply_unless_refused(_nowhere(_target(smi, srv, a)))
    # Grants made later that work show that the mesh has taken note of the target before them.
    for server in (srv, homonym):
        smi.grant(server, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), control(a.get(homonym, "/later")), denied(foreign))


@assertion("TA-61", level="unspecified", source="access v1alpha3 §TrafficTarget", needs=["specs"], serial=True)
def test_source_without_a_namespace(smi: Scenario) -> None:
    """A source that names no namespace may be in the TrafficTarget's own, be nobody, or be refused:
    the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    target = replace(_target(smi, srv, a), sources=(Subject(name=a.account, namespace=""),))
    _observe(smi, target, a.get(srv, "/m"), a, srv, "in the target's own namespace")


@assertion("TA-75", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"], serial=True)
def test_source_without_a_namespace_is_not_from_everywhere(smi: Scenario) -> None:
    """A source that names no namespace does not stand for ServiceAccounts of its name in other namespaces."""
    srv, a, homonym = smi.server(), smi.client("a"), smi.client("a", "t2")
    foreign = homonym.get(srv, "/m")
    smi.closed_so_far(foreign)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.grant(srv, match("first", "/first"), sources=[homonym], name="first")
    beside = control(a.get(srv, "/beside")), control(homonym.get(srv, "/first"))
    smi.expect(*beside, closed(homonym.get(srv, "/beside")), closed(foreign), hold=False)
    unplaced = replace(_target(smi, srv, a), sources=(Subject(name=a.account, namespace=""),))
    smi.apply_unless_refused(unplaced)
    # A grant made later that works shows that the mesh has taken note of the target before it; so does one that works
    # as soon as the target is gone. A failure of the requirement counts in both.
    if not smi.stopped(
        lambda: smi.control_later_grant(homonym, srv), unplaced, meanwhile=lambda: smi.expect(*beside, denied(foreign))
    ):
        smi.expect(control(homonym.get(srv, "/later")), denied(foreign))


@assertion("TA-62", level="unspecified", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_target_outside_the_namespace_of_its_destination(smi: Scenario) -> None:
    """A TrafficTarget in another namespace than its destination's may grant what it says, be inert, or be refused:
    the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    group = smi.routes("elsewhere", match("m", "/m"), alias="t2")
    smi.apply(group)
    target = smi.target(srv, group, sources=[a], name="elsewhere", alias="t2")
    _observe(smi, target, a.get(srv, "/m"), a, srv, "wherever it is")


@assertion("TA-64", level="unspecified", source="access v1alpha3 §Out of scope", needs=["specs"], serial=True)
def test_subject_of_another_kind(smi: Scenario) -> None:
    """A source of another kind than ServiceAccount may be refused or stand for nobody:
    the specification leaves it out."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    target = replace(_target(smi, srv, a), sources=(Subject(kind="Group", name=a.account, namespace=a.namespace),))
    _observe(smi, target, a.get(srv, "/m"), c, srv, "taken for a ServiceAccount of that name")


def _target(smi: Scenario, srv: Workload, source: Workload) -> TrafficTarget:
    """Apply a group of the route `/m` and describe a target that grants it."""
    group = smi.routes("routes", match("m", "/m"))
    smi.apply(group)
    return smi.target(srv, group, sources=[source])


def _nowhere(target: TrafficTarget) -> TrafficTarget:
    return replace(target, destination=replace(target.destination, namespace=""))


def _observe(smi: Scenario, target: TrafficTarget, call: Call, source: Workload, srv: Workload, granted: str) -> None:
    """Observe what becomes of a call under a target; `granted` tells the reading under which it is let in.

    `source` is who gets the grant made later, which shows that the mesh has taken note of the target before it.
    """
    smi.closed_so_far(call, source.get(srv, "/later"))
    who = smi.apply_unless_refused(target)
    if smi.stopped(lambda: smi.control_later_grant(source, srv), target):
        smi.observed("while it stands, no grant that is made later takes effect")
    elif who:
        smi.observed(f"refused by {who}")
    else:
        smi.observed(f"granted: {granted}" if smi.let_in(call)[0] else "inert")
