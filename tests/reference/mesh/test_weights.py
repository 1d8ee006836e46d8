"""Weights of every version of TrafficSplit become whole numbers in the same relation."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.reference.mesh.weights import WeightError, quantity, whole_weights


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([90, 10], [90, 10]),
        ([1.0, 0], [1, 0]),
        (["1", "500m"], [2, 1]),
        (["900m", "100m"], [9, 1]),
        (["0", "0"], [0, 0]),
        ([1, "500m"], [2, 1]),
        (["1k", "1Ki"], [125, 128]),
        (["1.5", "1500m"], [1, 1]),
        (["1e3", "10"], [100, 1]),
        ([], []),
    ],
)
def test_weights_keep_their_relation(raw: list[Any], expected: list[int]) -> None:
    """Whole numbers stay as they are; a split with quantities is scaled as a whole."""
    assert whole_weights(raw) == expected


@pytest.mark.parametrize("bad", [0.5, -1, "-1", "1x", "", None, True, "1e999999", "9" * 50, float("nan"), float("inf")])
def test_what_is_no_weight_is_refused_with_its_place(bad: Any) -> None:
    """The index leads to the backend."""
    with pytest.raises(WeightError, match="must be a whole number") as told:
        whole_weights([1, bad])
    assert told.value.index == 1


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5).filter(any))
def test_thousandths_mean_what_units_mean(weights: list[int]) -> None:
    """`500m` and `0.5` are one number: any way of writing gives the same relation."""
    scaled = whole_weights([f"{weight}m" for weight in weights])
    units = whole_weights([f"{weight / 1000:.3f}" for weight in weights])
    assert scaled == units
    total = sum(weights)
    assert [Fraction(weight, sum(scaled)) for weight in scaled] == [Fraction(weight, total) for weight in weights]


def test_a_quantity_is_exact() -> None:
    """No floating point in between."""
    assert quantity("0.1") * 10 == 1
