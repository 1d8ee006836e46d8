"""How the API writes values: Kubernetes quantities, Go durations, RFC 3339 times, latency units.

Pure; what cannot be read is a ValueError.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

from pytest_smi.core.quantities import quantity as quantity

_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
}


def duration(value: object) -> float:
    """Read a Go duration such as `30s` or `1m30s`, in seconds."""
    if isinstance(value, str):
        sign, body = (-1.0, value[1:]) if value.startswith("-") else (1.0, value.removeprefix("+"))
        if body == "0":
            return 0.0
        parts = _DURATION_PART.findall(body)
        if parts and "".join(number + unit for number, unit in parts) == body:
            return sign * sum(float(number) * _SECONDS[unit] for number, unit in parts)
    raise ValueError(f"{value!r} is not a duration like 30s")


def timestamp(value: object) -> float:
    """Read an RFC 3339 time, in unix seconds."""
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        return datetime.fromisoformat(value.upper()).timestamp()
    raise ValueError(f"{value!r} is not an RFC 3339 time")


def http_date(value: str) -> float:
    """Read a Date header, in unix seconds."""
    return parsedate_to_datetime(value).timestamp()


def unit_seconds(unit: object) -> float:
    """Return how many seconds a latency unit has."""
    if isinstance(unit, str) and unit in _UNITS:
        return _UNITS[unit]
    raise ValueError(f"{unit!r} is not a unit of time" if unit else "it has no unit")
