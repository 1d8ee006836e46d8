"""Weights of a TrafficSplit as whole numbers: those of split v1alpha2 and later as they are,
quantities of v1alpha1 scaled alike; pure.

Only the relation of a split's weights counts, so that a split with quantities is scaled as a whole:
"1" and "500m" become 2 and 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_LONGEST = 40


class WeightError(ValueError):
    """A weight that is no weight; `index` is its place in the list."""

    def __init__(self, index: int, text: str) -> None:
        super().__init__(text)
        self.index = index


def whole_weights(raw: Sequence[Any]) -> list[int]:
    """Return the weights as whole numbers from 0, in their order. WeightError: the first that is none."""
    found = [_weight(value, index) for index, value in enumerate(raw)]
    if all(value.denominator == 1 for value in found) and not any(isinstance(value, str) for value in raw):
        return [int(value) for value in found]
    scale = math.lcm(*(value.denominator for value in found))
    scaled = [int(value * scale) for value in found]
    common = math.gcd(*scaled) or 1
    return [value // common for value in scaled]


def quantity(text: str) -> Fraction:
    """Return the exact value of a Kubernetes quantity: "1", "500m", "1.5", "2k", "1Ki", "1e3". ValueError: it is
    none."""
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f"no quantity: {text[:_LONGEST]!r}")
    sign, digits, exponent, suffix = match.groups()
    value = Fraction(digits + (exponent or "")) if len(exponent or "") <= 4 else Fraction(-1)
    if value < 0:
        raise ValueError(f"the exponent of {text!r} is out of all proportion")
    if suffix in _BINARY:
        value *= 1024 ** _BINARY[suffix]
    elif suffix:
        value *= Fraction(10) ** _DECIMAL[suffix]
    return -value if sign == "-" else value


def _weight(value: Any, index: int) -> Fraction:
    wanted = "must be a whole number from 0, or a quantity in split v1alpha1"
    if isinstance(value, str):
        try:
            found = quantity(value)
        except ValueError:
            raise WeightError(index, f"{wanted}, found {value!r}: write for example 500m") from None
        if found >= 0:
            return found
    elif isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and float(value).is_integer():
        return Fraction(int(value))
    raise WeightError(index, f"{wanted}, found {value!r}: weights are relative, scale them up")
