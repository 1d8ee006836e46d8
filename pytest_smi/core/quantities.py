"""Kubernetes quantities. Pure; what cannot be read is a ValueError."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d{1,3}|[numkMGTPE]|[KMGTPE]i)?")
_SCALES = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(value: object) -> float:
    """Read a Kubernetes quantity, as text (`10m`, `1e3`, `2Ki`) or as a JSON number; it may be negative,
    never infinite or NaN."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{value!r} is not a Kubernetes quantity")
        digits, suffix = Decimal(found[1]), found[2] or ""
        if suffix in _BINARY:
            number = float(digits * 2 ** _BINARY[suffix])
        else:
            number = float(digits.scaleb(_SCALES[suffix] if suffix in _SCALES else int(suffix[1:] or 0)))
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not finite")
    return number
