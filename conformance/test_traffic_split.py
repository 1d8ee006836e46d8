"""Traffic Split: shares of traffic between Services (TrafficSplit)."""

from pytest_smi.scene import Scene, assertion


@assertion("SP-01", level="MUST", source="split v1alpha4 §Specification")
def test_ninety_ten(smi: Scene) -> None:
    """Weights 90 and 10 send about nine tenths and one tenth of the requests to the two backends."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 90, v2: 10}))
    smi.share(a.get(root), {v1: 90, v2: 10})
