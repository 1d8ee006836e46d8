"""Traffic Split: splits that lead back to where they began, which the specification rules out."""

from pytest_smi.scenario.scenario import MARKED, PLAIN, Scenario, assertion


@assertion(
    "SP-75", level="MUST (derived)", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"}, serial=True
)
def test_circle_of_splits_is_no_loop(smi: Scenario) -> None:
    """Splits whose backends are each other's roots, or a root that is its own backend, are refused or harmless: every
    request ends in its time and arrives once at most, and other splits go on taking effect."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    one, two, own, later = (smi.service(name, [v1], ports=PLAIN) for name in ("one", "two", "own", "other"))
    smi.open_to_all(v1, sources=[a])
    smi.control_later_split(a, v1, name="before")
    for name, root, backend in (("one", one, two), ("two", two, one), ("own", own, own)):
        smi.apply_unless_refused(smi.split(root, {backend: 100}, name=name))
    smi.apply(smi.split(later, {v1: 100}, name="other"))
    smi.on_ports(a.get(later), {v1: 8081})
    for root in (one, two, own):
        smi.ends(a.get(root))
