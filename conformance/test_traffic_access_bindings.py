"""Traffic Access Control, IdentityBindings of the draft v1alpha4: subjects that a target names by a binding.

The draft was never released: a mesh is asked only where it serves that version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.scenario.scenario import (
    Call,
    IdentityBinding,
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

DRAFT = {"access": "v1alpha4"}


@assertion(
    "TA-80", level="MUST", source="access v1alpha4 §IdentityBinding, §TrafficTarget", needs=["specs"], since=DRAFT
)
def test_binding_of_an_account(smi: Scenario) -> None:
    """An IdentityBinding of a ServiceAccount stands for that account, as a source and as a destination."""
    srv, other, a, c = smi.server(), smi.server("other"), smi.client("a"), smi.client("c")
    listed = a.get(srv, "/m")
    smi.closed_so_far(listed, a.get(other, "/m"))
    caller = _binding(smi, "caller", service_account=a.account)
    called = _binding(smi, "called", service_account=srv.account)
    smi.apply(caller, called)
    _apply(smi, srv, sources=[caller], destination=called)
    smi.control_later_grant(a, other)
    smi.expect(allowed(listed), closed(c.get(srv, "/m")), closed(a.get(other, "/m")), hold=False)
    smi.expect(allowed(listed), denied(c.get(srv, "/m")))


@assertion(
    "TA-81", level="MUST", source="access v1alpha4 §IdentityBinding, §TrafficTarget", needs=["specs"], since=DRAFT
)
def test_binding_of_pod_labels(smi: Scenario) -> None:
    """An IdentityBinding of pod labels stands for the pods that have them, as a source and as a destination, and for no
    other pod of their ServiceAccounts."""
    srv, twin = smi.server(account="called", labels=_labels(smi, "called")), smi.server("twin", account="called")
    a = smi.server("a", account="caller", labels=_labels(smi, "caller"))
    b = smi.server("b", account="caller")
    labelled, others = a.get(srv, "/m"), [b.get(srv, "/m"), a.get(twin, "/m")]
    smi.closed_so_far(labelled, *others)
    caller = _binding(smi, "caller", pod_labels=_labels(smi, "caller"))
    called = _binding(smi, "called", pod_labels=_labels(smi, "called"))
    smi.apply(caller, called)
    _apply(smi, srv, sources=[caller], destination=called)
    smi.expect(allowed(labelled), *map(denied, others))
    smi.grant(srv, match("m", "/m"), sources=[a], name="later")
    smi.expect(*map(control, others), hold=False)


@assertion("TA-82", level="MUST", source="access v1alpha4 §IdentityBinding", needs=["specs"], since=DRAFT)
def test_binding_of_spiffe_identities(smi: Scenario) -> None:
    """An IdentityBinding of SPIFFE identities stands for those whose identities it lists, and for nobody else."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    listed, unlisted = a.get(srv, "/m"), c.get(srv, "/m")
    smi.closed_so_far(listed, unlisted)
    caller = _binding(smi, "caller", spiffe_identities=_spiffe(a))
    smi.apply(caller)
    _apply(smi, srv, sources=[caller])
    smi.expect(allowed(listed), denied(unlisted))
    smi.grant(srv, match("m", "/m"), sources=[c], name="later")
    smi.expect(control(unlisted), hold=False)


@assertion("TA-83", level="MUST", source="access v1alpha4 §Resource Design", needs=["specs"], since=DRAFT)
def test_schemes_of_a_binding_are_alternatives(smi: Scenario) -> None:
    """An IdentityBinding with several schemes stands for whoever meets one of them."""
    srv, a, b, c = smi.server(), smi.client("a"), smi.client("b"), smi.client("c")
    calls = a.get(srv, "/m"), b.get(srv, "/m")
    smi.closed_so_far(*calls)
    caller = _binding(smi, "caller", service_account=a.account, spiffe_identities=_spiffe(b))
    smi.apply(caller)
    _apply(smi, srv, sources=[caller])
    smi.expect(*map(allowed, calls), closed(c.get(srv, "/m")), hold=False)


@assertion("TA-85", level="MUST", source="access v1alpha4 §Resource Design", needs=["specs"], since=DRAFT)
def test_binding_speaks_for_its_own_namespace(smi: Scenario) -> None:
    """An IdentityBinding stands for nobody outside its own namespace, neither as a source nor as a destination."""
    srv, homonym = smi.server("srv", "t1"), smi.server("srv", "t2")
    a, foreign = smi.client("a"), smi.client("a", "t2")
    labelled, labelled_abroad = (smi.server("labelled", alias, labels=_labels(smi, "caller")) for alias in ("t1", "t2"))
    listed = [a.get(srv, "/m"), labelled.get(srv, "/m")]
    others = [foreign.get(srv, "/m"), labelled_abroad.get(srv, "/m"), a.get(homonym, "/m")]
    smi.closed_so_far(*listed, *others)
    caller = _binding(smi, "caller", service_account=a.account)
    by_labels = _binding(smi, "by-labels", pod_labels=_labels(smi, "caller"))
    called = _binding(smi, "called", service_account=srv.account)
    smi.apply(caller, by_labels, called)
    _apply(smi, srv, sources=[caller, by_labels], destination=called)
    smi.expect(*map(allowed, listed), *map(denied, others))
    smi.grant(srv, match("m", "/m"), sources=[foreign, labelled_abroad], name="later")
    smi.grant(homonym, match("m", "/m"), sources=[a], name="later")
    smi.expect(*map(control, others), hold=False)


@assertion("TA-86", level="MUST", source="access v1alpha4 §TrafficTarget", needs=["specs"], since=DRAFT)
def test_accounts_stand_beside_bindings(smi: Scenario) -> None:
    """A TrafficTarget may list ServiceAccounts and IdentityBindings among its sources, and each of them counts."""
    srv, a, b, c = smi.server(), smi.client("a"), smi.client("b"), smi.client("c")
    by_binding, by_account = a.get(srv, "/m"), b.get(srv, "/m")
    smi.closed_so_far(by_binding, by_account)
    caller = _binding(smi, "caller", service_account=a.account)
    smi.apply(caller)
    _apply(smi, srv, sources=[caller, b])
    smi.expect(allowed(by_account), allowed(by_binding), closed(c.get(srv, "/m")), hold=False)


@assertion("TA-87", level="MUST (derived)", source="access v1alpha4 §IdentityBinding", needs=["specs"], since=DRAFT)
def test_binding_of_nobody_grants_nothing(smi: Scenario) -> None:
    """A reference to a missing or deleted IdentityBinding, or to one without schemes, grants nothing."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    calls = a.get(srv, "/m"), c.get(srv, "/m")
    smi.closed_so_far(*calls)
    caller, nobody = _binding(smi, "caller", service_account=a.account), _binding(smi, "nobody")
    smi.apply_unless_refused(nobody)
    _apply(smi, srv, sources=[caller, nobody])
    _expect_after_a_later_grant(smi, srv, c, "while-missing", *calls)
    smi.apply(caller)
    smi.expect(control(calls[0]), denied(calls[1]))
    smi.delete(caller)
    _expect_after_a_later_grant(smi, srv, c, "when-deleted", *calls)
    smi.grant(srv, match("m", "/m"), sources=[c], name="later")
    smi.expect(control(calls[1]), hold=False)


@assertion("TA-88", level="MUST (derived)", source="access v1alpha4 §IdentityBinding", needs=["specs"], since=DRAFT)
def test_binding_is_evaluated_anew(smi: Scenario) -> None:
    """Editing an IdentityBinding, or the labels of a running pod, takes access away and gives it."""
    srv, a = smi.server(), smi.server("a", labels=_labels(smi, "one"))
    call = a.get(srv, "/m")
    smi.closed_so_far(call)
    one, two = (_binding(smi, "caller", pod_labels=_labels(smi, value)) for value in ("one", "two"))
    smi.apply(one)
    _apply(smi, srv, sources=[one])
    smi.expect(control(call), hold=False)
    smi.apply(two)
    smi.expect(denied(call))
    smi.relabel(a, _labels(smi, "two"))
    smi.expect(allowed(call))
    smi.relabel(a, _labels(smi, "one"))
    smi.expect(denied(call))
    smi.apply(one)
    smi.expect(allowed(call))


@assertion("TA-84", level="unspecified", source="access v1alpha4 §Resource Design", needs=["specs"], since=DRAFT)
def test_binding_of_labels_and_an_account(smi: Scenario) -> None:
    """An IdentityBinding with a pod selector and a ServiceAccount, which the draft excludes and shows in its example,
    may be refused, be inert, or stand for either."""
    caller, srv, c = smi.server("caller"), smi.server(), smi.client("c")
    call = caller.get(srv, "/m")
    smi.closed_so_far(call)
    both = _binding(smi, "both", service_account=caller.account, pod_labels=_labels(smi, "nobody"))
    who = smi.apply_unless_refused(both)
    if not who:
        _apply(smi, srv, sources=[both])
    smi.control_later_grant(c, srv)
    if who:
        smi.observed(f"refused by {who}")
        return
    smi.observed("the account counts" if smi.let_in(call)[0] else "stored, and stands for nobody by its account")


@assertion("TA-76", level="MUST (derived)", source="access v1alpha4 §Resource Design", needs=["specs"], since=DRAFT)
def test_binding_of_labels_and_an_account_is_no_wider_than_either(smi: Scenario) -> None:
    """An IdentityBinding with a pod selector and a ServiceAccount stands for nobody who meets neither."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    smi.closed_so_far(c.get(srv, "/m"))
    both = _binding(smi, "both", service_account=a.account, pod_labels=_labels(smi, "nobody"))
    if not smi.apply_unless_refused(both):
        _apply(smi, srv, sources=[both])
    _expect_after_a_later_grant(smi, srv, c, "later", c.get(srv, "/m"))


def _binding(
    smi: Scenario,
    name: str,
    *,
    service_account: str | None = None,
    spiffe_identities: tuple[str, ...] | None = None,
    pod_labels: Mapping[str, str] | None = None,
) -> IdentityBinding:
    """Describe an IdentityBinding in the namespace t1."""
    return IdentityBinding(
        name=f"{name}-{smi.tag}",
        namespace=smi.namespace("t1"),
        service_account=service_account,
        spiffe_identities=spiffe_identities,
        pod_labels=None if pod_labels is None else tuple(pod_labels.items()),
    )


def _labels(smi: Scenario, value: str) -> dict[str, str]:
    """Return labels that no pod outside this scenario has."""
    return {"smi.test/group": f"{value}-{smi.tag}"}


def _spiffe(workload: Workload) -> tuple[str, ...]:
    """Return the SPIFFE identity of a ServiceAccount as the specification writes them: without a scheme."""
    return (f"cluster.local/ns/{workload.namespace}/sa/{workload.account}",)


def _subject(source: IdentityBinding | Workload) -> Subject:
    if isinstance(source, IdentityBinding):
        return Subject(kind="IdentityBinding", name=source.name, namespace=source.namespace)
    return Subject(name=source.account, namespace=source.namespace)


def _apply(
    smi: Scenario,
    destination_pods: Workload,
    *,
    sources: Sequence[IdentityBinding | Workload],
    destination: IdentityBinding | None = None,
) -> TrafficTarget:
    """Apply a group of the route `/m` and a target that grants it to these sources."""
    group = smi.routes("by-binding", match("m", "/m"))
    target = smi.target(destination_pods, group, sources=[], name="by-binding")
    target = replace(target, sources=tuple(map(_subject, sources)))
    target = target if destination is None else replace(target, destination=_subject(destination))
    smi.apply(group, target)
    return target


def _expect_after_a_later_grant(smi: Scenario, srv: Workload, source: Workload, name: str, *calls: Call) -> None:
    smi.grant(srv, match("later", f"/{name}"), sources=[source], name=name)
    smi.expect(control(source.get(srv, f"/{name}")), *map(denied, calls))
