"""Traffic Split: what a weight may be: equal ones, quantities of the first version, and numbers that are none."""

from fractions import Fraction
from typing import Any

from pytest_smi.scenario.scenario import MARKED, PLAIN, Scenario, Workload, assertion

WIDER = {**PLAIN, "8081/TCP": 8081}
"""One port more than roots have otherwise."""


@assertion("SP-07", level="MUST", source="split v1alpha2 §Specification", since={"split": "v1alpha2"})
def test_equal_weights(smi: Scenario) -> None:
    """Backends of equal weights each receive the same share of the requests."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 1, v2: 1}))
    smi.control_port(a.get(root), 8081)  # by whom alone it could not be told from the plain Service
    smi.share(a.get(root), {v1: 1, v2: 1})


@assertion("SP-09", level="MUST", source="split v1alpha1 §Specification")
def test_quantities_of_a_thousandth(smi: Scenario) -> None:
    """Weights are quantities: 10m, 100m and 1500m divide the traffic as 1, 10 and 150 do."""
    a = smi.client("a")
    v1, v2, v3 = smi.server("v1"), smi.server("v2"), smi.server("v3", under_root=False)
    root = smi.service("app", [v1, v2, v3])
    smi.open_to_all(v1, v2, v3, sources=[a])
    smi.apply(smi.split(root, {v1: Fraction(10, 1000), v2: Fraction(100, 1000), v3: Fraction(1500, 1000)}))
    smi.share(a.get(root), {v1: 1, v2: 10, v3: 150})


@assertion("SP-10", level="MUST", source="split v1alpha1 §Workflow")
def test_quantities_beside_whole_numbers(smi: Scenario) -> None:
    """A weight of 500m is half of a weight of 1, and 0m is none."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    half = smi.split(root, {v1: 1, v2: Fraction(1, 2)})
    smi.apply(half)
    smi.share(a.get(root), {v1: 2, v2: 1})
    none = smi.written(half)
    none["spec"]["backends"][1]["weight"] = "0m"
    smi.put(none)
    smi.only(a.get(root), [v1])


@assertion(
    "SP-11", level="MUST (derived)", source="split v1alpha4 §Specification", since={"split": "v1alpha2"}, serial=True
)
def test_fractional_weight_stops_no_other_split(smi: Scenario) -> None:
    """Weights are whole numbers: a split with a weight of 0.5 is refused or concerns its own root alone, and other
    splits go on taking effect."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    _require_isolation(smi, a, v1, _of_weight(smi, v1, 0.5))


@assertion(
    "SP-74", level="MUST (derived)", source="split v1alpha4 §Specification", since={"split": "v1alpha2"}, serial=True
)
def test_negative_weight_stops_no_other_split(smi: Scenario) -> None:
    """A split with a weight of -1 is refused or concerns its own root alone, and other splits go on taking effect."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    _require_isolation(smi, a, v1, _of_weight(smi, v1, -1))


@assertion(
    "SP-57", level="unspecified", source="split v1alpha4 §Specification", since={"split": "v1alpha2"}, serial=True
)
def test_negative_weight(smi: Scenario) -> None:
    """A split with a negative weight may be refused or stored, and what it then does is left to the implementation."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.control_later_split(a, v1, name="before")
    split = smi.split(root, {v1: 100, v2: 1})
    manifest = smi.written(split)
    manifest["spec"]["backends"][1]["weight"] = -1
    if refusal := smi.apply_unless_refused(manifest):
        smi.observed(f"the split is refused by {refusal}")
        return
    if smi.stopped(lambda: smi.control_later_split(a, v1), split):
        smi.observed("while it stands, no split that is made later takes effect")
        return
    where = smi.landings(a.get(root))
    if None in where:
        smi.observed("requests fail")
    elif (v2.name, 8081) in where:
        smi.observed("the backend of the negative weight is reached")
    else:
        smi.observed("the other backend takes all" if (v1.name, 8081) in where else "the split is void")


@assertion(
    "SP-78", level="MUST (derived)", source="split v1alpha4 §Specification", since={"split": "v1alpha2"}, serial=True
)
def test_port_of_weight_zero_stops_no_other_split(smi: Scenario) -> None:
    """A split that leaves a port of its root to a backend of weight 0 concerns that root alone, and other splits go on
    taking effect."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    new = smi.server("new", ports=WIDER, under_root=False)
    odd = smi.service("odd", [v1], ports=WIDER)
    smi.open_to_all(new, sources=[a])
    _require_isolation(smi, a, v1, smi.written(smi.split(odd, {v1: 100, new: 0}, name="odd")))


def _of_weight(smi: Scenario, v1: Workload, weight: float) -> dict[str, Any]:
    """A split of this weight over a root of its own."""
    manifest = smi.written(smi.split(smi.service("odd", [v1], ports=PLAIN), {v1: 1}, name="odd"))
    manifest["spec"]["backends"][0]["weight"] = weight
    return manifest


def _require_isolation(smi: Scenario, a: Workload, v1: Workload, odd: dict[str, Any]) -> None:
    """Store an odd split beside others, unless it is refused: one before it ends, one after it begins."""
    first, former, later = (smi.service(name, [v1], ports=PLAIN) for name in ("first", "former", "later"))
    smi.open_to_all(v1, sources=[a])
    # Control: a split that is deleted ends, while there is nothing odd.
    ended = smi.split(first, {v1: 100}, name="first")
    smi.apply(ended)
    smi.control_port(a.get(first), 8081)
    smi.delete(ended)
    smi.control_port(a.get(first), 8080)
    before = smi.split(former, {v1: 100}, name="former")
    smi.apply(before)
    smi.control_port(a.get(former), 8081)
    smi.apply_unless_refused(odd)
    smi.delete(before)
    smi.on_ports(a.get(former), dict.fromkeys(smi.behind(former), 8080))
    smi.apply(smi.split(later, {v1: 100}, name="later"))
    smi.on_ports(a.get(later), {v1: 8081})
