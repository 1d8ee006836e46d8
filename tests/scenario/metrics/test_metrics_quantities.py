"""Values of the metrics API: what is read, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.scenario.metrics.quantities import duration, http_date, quantity, timestamp, unit_seconds


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[
            ("10m", 0.01),
            ("73492m", 73.492),
            ("100", 100.0),
            ("1e3", 1000.0),
            ("1.5", 1.5),
            (".5", 0.5),
            ("2Ki", 2048.0),
            ("3k", 3000.0),
        ],
        *[
            ("-4", -4.0),
            ("5u", 5e-6),
            ("7n", 7e-9),
            ("2E", 2e18),
            ("1E3", 1000.0),
            ("0", 0.0),
            (118, 118.0),
            (0.5, 0.5),
        ],
    ],
)
def test_quantities_are_read(text: object, number: float) -> None:
    """Suffixes, exponents, signs, and JSON numbers."""
    assert quantity(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text", ["", "NaN", "Inf", "10 m", "m", "1mm", "0x10", "1e999", "ten", None, True, float("inf"), float("nan"), []]
)
def test_what_is_no_quantity_is_refused(text: object) -> None:
    """Not-a-number in any spelling, and everything else, is a ValueError."""
    with pytest.raises(ValueError):
        quantity(text)


@given(st.integers(min_value=0, max_value=10**15))
def test_milli_quantities_are_thousandths(number: int) -> None:
    """`m` divides by a thousand."""
    assert quantity(f"{number}m") == pytest.approx(number / 1000)


def test_a_nan_cast_to_an_integer_is_read_as_negative() -> None:
    """So that it is found where values must not be negative."""
    assert quantity("-9223372036854775808m") < 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("1m30s", 90.0), ("500ms", 0.5), ("1h0m1.5s", 3601.5), ("0", 0.0), ("-2s", -2.0), ("2us", 2e-6)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """As Go writes them."""
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "1d", "30sx", None, 30])
def test_what_is_no_duration_is_refused(text: object) -> None:
    """A number alone is no duration."""
    with pytest.raises(ValueError):
        duration(text)


def test_times_are_read_alike() -> None:
    """A timestamp in any zone, with or without a fraction, and a Date header."""
    assert (
        timestamp("2024-05-01T10:00:00Z")
        == timestamp("2024-05-01T12:00:00+02:00")
        == http_date("Wed, 01 May 2024 10:00:00 GMT")
    )
    assert timestamp("2024-05-01T10:00:00.123456789Z") == pytest.approx(
        timestamp("2024-05-01T10:00:00Z") + 0.123, abs=0.001
    )


@pytest.mark.parametrize("text", ["2024-05-01", "2024-05-01 10:00:00Z", "2024-05-01T10:00:00", "now", "", None, 0])
def test_what_is_no_time_is_refused(text: object) -> None:
    """Without a zone a time means nothing."""
    with pytest.raises(ValueError):
        timestamp(text)


@pytest.mark.parametrize(("unit", "seconds"), [("seconds", 1.0), ("s", 1.0), ("ms", 0.001), ("us", 1e-6)])
def test_units_are_read(unit: str, seconds: float) -> None:
    """The prose says seconds, implementations milliseconds."""
    assert unit_seconds(unit) == seconds


@pytest.mark.parametrize("unit", ["", None, "parsecs"])
def test_a_missing_unit_is_refused(unit: object) -> None:
    """A latency without unit means nothing."""
    with pytest.raises(ValueError, match="unit"):
        unit_seconds(unit)
