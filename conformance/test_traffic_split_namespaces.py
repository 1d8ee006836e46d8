"""Traffic Split: whose root and whose backends a split is about: those of its own namespace, for clients of every
namespace, and the root that it names now."""

from pytest_smi.scenario.scenario import MARKED, PLAIN, Scenario, assertion


@assertion("SP-35", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_clients_of_other_namespaces_are_split(smi: Scenario) -> None:
    """Requests from other namespaces to the root's qualified name are split like those from its own."""
    near, far = smi.client("a"), smi.client("a", "t2")
    v1 = smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[near, far])
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_port(near.get(root), 8081)
    smi.on_ports(far.get(root), {v1: 8081})


@assertion("SP-61", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_backends_are_of_the_splits_namespace(smi: Scenario) -> None:
    """The backends of a split are Services of its own namespace: one of the same name elsewhere receives nothing."""
    a = smi.client("a")
    v1, v2, other = smi.server("v1", under_root=False), smi.server("v2"), smi.server("other", "t2")
    smi.service("v1", [other], alias="t2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, other, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.only(a.get(root), [v1])


@assertion("SP-62", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_root_is_of_the_splits_namespace(smi: Scenario) -> None:
    """The root of a split is the Service of its own namespace: one of the same name elsewhere is not split."""
    a = smi.client("a")
    v1, other = smi.server("v1", ports=MARKED), smi.server("other", "t2", ports=PLAIN)
    root, homonym = smi.service("app", [v1], ports=PLAIN), smi.service("app", [other], ports=PLAIN, alias="t2")
    smi.open_to_all(v1, other, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_port(a.get(root), 8081)
    smi.only(a.get(homonym), [other])


@assertion("SP-63", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_split_moves_to_another_root(smi: Scenario) -> None:
    """When `service` of a split is changed, the new root is split and the former one is a plain Service again."""
    a = smi.client("a")
    v1 = smi.server("v1", ports=MARKED)
    former, new = smi.service("former", [v1], ports=PLAIN), smi.service("new", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    smi.apply(smi.split(former, {v1: 100}))
    smi.control_port(a.get(former), 8081)
    smi.apply(smi.split(new, {v1: 100}))
    smi.on_ports(a.get(new), {v1: 8081})
    smi.on_ports(a.get(former), {v1: 8080})
