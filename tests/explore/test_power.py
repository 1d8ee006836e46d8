"""What random worlds find: faults of the deciding classes show within a few worlds, and their absence never does.

The whole list is measured by `tests/benchmarks/bench_exploration.py policy`; these stand for its kinds.
"""

import pytest

from pytest_smi.reference.mesh.faults import FAULTS
from tests.explore.reference_stage import decides, first_wrong

WORLDS = 30


@pytest.mark.parametrize(
    "fault",
    [
        "access-symmetric",
        "access-deleted-target-stays",
        "access-matches-add-only",
        "access-match-names-ignored",
        "access-groups-by-name-anywhere",
        "access-protocol-ignored",
        "specs-path-search",
        "specs-headers-ignored-beside-path",
        "specs-star-is-the-enum",
        "split-backend-by-name-alone",
        "split-former-root-stays",
        "split-ports-by-name",
        "split-first-header-only",
    ],
)
def test_a_fault_shows_within_a_few_worlds(fault: str) -> None:
    assert decides(FAULTS[fault])
    assert any(first_wrong(fault, seed=seed, worlds=WORLDS) is not None for seed in (1, 2))


@pytest.mark.parametrize("seed", [11, 12])
def test_the_healthy_reference_agrees_with_the_oracle_in_every_world(seed: int) -> None:
    assert first_wrong(None, seed=seed, worlds=24) is None
