"""Traffic Split: a backend under its own name, which a split gives requests to and takes none from."""

from pytest_smi.scenario.scenario import PLAIN, Scenario, assertion


@assertion("SP-76", level="MUST (derived)", source="split v1alpha4 §Workflow")
def test_every_port_of_a_backend_stays_callable(smi: Scenario) -> None:
    """A backend stays reachable by its own name on its every port: those that the root has, and those that the root
    lacks."""
    a = smi.client("a")
    both = {"8080/TCP": 8080, "9090/TCP": 8081}
    v1, v2, rest = (smi.server(name, ports=both, under_root=name == "rest") for name in ("v1", "v2", "rest"))
    one, two = smi.service("one", [rest], ports=PLAIN), smi.service("two", [rest], ports=both)
    smi.open_to_all(v1, v2, rest, sources=[a])
    smi.apply(smi.split(one, {v1: 100}, name="one"), smi.split(two, {v2: 100}, name="two"))
    for root, backend in ((one, v1), (two, v2)):
        smi.control_reaches(a.get(root), [backend])
        for port in (8080, 9090):
            smi.only(a.get(backend, port=port), [backend])
