"""Traffic Split: pods that come and go while a split stands."""

from pytest_smi.scenario.scenario import Scenario, assertion


@assertion("SP-71", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_split_holds_when_pods_are_replaced(smi: Scenario) -> None:
    """A split holds when the pods of a backend and the pods of a client are replaced by new ones."""
    client = smi.server("client", service=False, under_root=False)
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[client])
    # No weight of 0: a proxy that takes none for TCP keeps what it had before, and a new one has nothing.
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_reaches(client.get(root), [v1])
    for workload in (v1, client):
        smi.restart(workload)
        smi.open_to_all(v1, v2, sources=[client])
        smi.only(client.get(root), [v1])
