"""What brings the configuration of some meshes to a standstill, as it is recognised."""

from typing import Any

import pytest

from pytest_smi.reference.mesh.faults.split.standstill import weightless

SERVICES: dict[tuple[str, str], dict[str, Any]] = {
    ("t1", name): {"ports": [{"port": port} for port in ports]}
    for name, ports in (("root", (80, 81)), ("old", (80,)), ("new", (80, 81)), ("other", (90,)))
}


@pytest.mark.parametrize(
    ("backends", "stuck"),
    [
        ([("old", 1), ("new", 0)], True),  # 81 is left to new alone
        ([("old", 1), ("new", 1)], False),
        ([("new", 1), ("old", 0)], False),  # old has no port of its own
        ([("old", 0), ("new", 0)], False),  # a split of no weight at all is another matter
        ([("old", 1)], False),  # nobody has 81
        ([("old", 1), ("missing", 0), ("other", 0)], False),
    ],
)
def test_a_port_is_weightless_when_those_that_have_it_weigh_nothing(
    backends: list[tuple[str, int]], stuck: bool
) -> None:
    """Backends that lack the port, or are not there, do not count."""
    split = {"namespace": "t1", "service": "root", "backends": backends}

    assert weightless(split, SERVICES) is stuck


def test_a_root_that_is_missing_has_no_port() -> None:
    """So it stops nothing."""
    assert not weightless({"namespace": "t2", "service": "root", "backends": [("new", 1)]}, SERVICES)
