"""Kubernetes quantities, in which split v1alpha1 writes weights: `1`, `500m`, `1.5`, `2Ki`, `1e3`. Pure and exact."""

from __future__ import annotations

import re
from fractions import Fraction

NANO = Fraction(1, 10**9)
"""The finest step of a quantity."""
LARGEST = 2**63 - 1
"""What Kubernetes cuts larger quantities down to."""

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_FORM = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,9})|([KMGTPE]i|[numkMGTPE]?))")
_FAR = 60
"""Powers of ten beyond which the outcome is the largest or the smallest quantity anyway."""


def parse_quantity(value: object) -> int | Fraction:
    """Read a quantity as JSON has it, text or number; whole ones are ints. Finer than nano is rounded up,
    as Kubernetes does.

    Raises ValueError for what is no legal quantity.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    found = _FORM.fullmatch(str(value)) if number or isinstance(value, str) else None
    if found is None:
        raise ValueError(f"a quantity is written like 1, 500m, 1.5, 2Ki or 1e3; found {value!r}")
    sign, digits, exponent, suffix = found.groups()
    size = _magnitude(digits, exponent, suffix or "")
    steps = -(-size.numerator * NANO.denominator // size.denominator)
    exact = Fraction(min(steps, LARGEST * NANO.denominator), NANO.denominator)
    return whole(-exact if sign == "-" else exact)


def render_quantity(value: int | Fraction) -> int | str:
    """Write a quantity exactly: whole ones as a number, which every published schema takes, others with a suffix.

    Raises ValueError for what no quantity says exactly: finer than nano, or beyond 63 bits.
    """
    exact = Fraction(value)
    if not -LARGEST <= exact <= LARGEST:
        raise ValueError(f"a quantity of at most {LARGEST}, found {value}")
    if exact.denominator == 1:
        return exact.numerator
    for suffix in ("m", "u", "n"):
        scaled = exact * 10 ** -_DECIMAL[suffix]
        if scaled.denominator == 1:
            return f"{scaled.numerator}{suffix}"
    raise ValueError(f"a quantity of whole billionths, found {value}")


def whole(value: Fraction) -> int | Fraction:
    """Return the number as an int when it is whole."""
    return value.numerator if value.denominator == 1 else value


def _magnitude(digits: str, exponent: str | None, suffix: str) -> Fraction:
    number = Fraction(f"0{digits}" if digits.startswith(".") else digits.rstrip("."))
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    power = _DECIMAL[suffix] if exponent is None else int(exponent)
    if not number:
        return number
    if abs(power) > _FAR + len(digits):
        return Fraction(LARGEST) if power > 0 else NANO
    factor = 10**power if power >= 0 else Fraction(1, 10**-power)
    return Fraction(number * factor)
