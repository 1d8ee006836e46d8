"""How long to search: a time or a number of worlds, as people write it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_TEXT = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)([smh])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Seconds, or worlds; the other is None."""

    text: str
    seconds: float | None = None
    worlds: int | None = None


def read_budget(text: str) -> Budget:
    """Read `90s`, `5m`, `1.5h`, or a number of worlds. Raises ValueError with what is allowed."""
    time = _TEXT.fullmatch(text)
    if time is not None and float(time[1]):
        return Budget(text=text, seconds=float(time[1]) * _SECONDS[time[2]])
    if text.isascii() and text.isdecimal() and len(text) < 8 and int(text):
        return Budget(text=text, worlds=int(text))
    raise ValueError(f"a search goes on for a time such as 90s, 5m or 1h, or a number of worlds; found {text!r}")
