"""Kubernetes quantities as weights."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.smi.quantities import LARGEST, parse_quantity, render_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        (3, 3),
        ("500m", Fraction(1, 2)),
        ("1500m", Fraction(3, 2)),
        ("0.1", Fraction(1, 10)),
        (0.5, Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("+2", 2),
        ("-250m", Fraction(-1, 4)),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1E", 10**18),
        ("1E2", 100),
        ("1e-3", Fraction(1, 1000)),
        ("100u", Fraction(1, 10**4)),
        ("1n", Fraction(1, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
        ("1e-999", Fraction(1, 10**9)),
        ("1e999999999", LARGEST),
        ("0e999999999", 0),
        ("10Ei", LARGEST),
    ],
)
def test_legal_quantity_is_read_exactly(text: object, value: int | Fraction) -> None:
    """Suffixes, exponents and limits as Kubernetes documents them; finer than nano is rounded up,
    too large is cut down."""
    assert parse_quantity(text) == value


@pytest.mark.parametrize("text", ["", "m", "1 m", "1mm", "1M i", "0x10", "1e", "1.2.3", "--1", "inf", None, True, [1]])
def test_illegal_quantity_is_refused(text: object) -> None:
    """What the API server refuses is refused here."""
    with pytest.raises(ValueError, match="a quantity is written like"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("value", "written"),
    [(1, 1), (90, 90), (0, 0), (Fraction(1, 2), "500m"), (Fraction(3, 2), "1500m"), (Fraction(1, 10**6), "1u")],
)
def test_quantity_is_written_in_its_usual_form(value: int | Fraction, written: int | str) -> None:
    """Whole ones as numbers, which definitions with a plain number take too."""
    assert render_quantity(value) == written


def test_third_is_no_quantity() -> None:
    """It would have to be rounded, and the weight would be another one."""
    with pytest.raises(ValueError, match="whole billionths"):
        render_quantity(Fraction(1, 3))


@given(st.fractions(-(10**6), 10**6).map(lambda value: Fraction(round(value * 10**9), 10**9)))
def test_written_quantity_reads_the_same(value: Fraction) -> None:
    """Every multiple of a billionth survives."""
    assert parse_quantity(render_quantity(value)) == value
