"""Regular expressions of routes: which mean the same in every dialect, and which texts a path may be compared as. Pure.

The specification names no dialect (AMB-6). What RE2, PCRE and ECMAScript share is decided here; the rest is open.
"""

from __future__ import annotations

import itertools
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

_COMMON_ESCAPES = frozenset("dDwWsSbBtnrfx")
_LARGEST_REPEAT = 1000
"""Beyond it RE2 refuses a repetition."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression as far as it can be judged here; `regex` is None when Python cannot read it."""

    regex: re.Pattern[str] | None
    common: bool
    """Whether every dialect reads it alike; with no `regex`, that no dialect takes it."""


@lru_cache(maxsize=8192)
def compiled(text: str) -> Pattern:
    """Compile a pattern and tell whether it is of the dialects' common part."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            regex = re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        regex = None
    return Pattern(regex, _is_common(text))


def _is_common(text: str) -> bool:
    escaped = re.findall(r"\\(.)", text, re.DOTALL)
    if any(letter.isalnum() and letter not in _COMMON_ESCAPES for letter in escaped) or "[[" in text or "[:" in text:
        return False
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "a", re.sub(r"\\.", "a", text, flags=re.DOTALL))
    if re.search(r"\(\?(?!:)|[*+?}][*+{]|\{,", bare):
        return False
    return all(
        len(number) <= 4 and int(number) <= _LARGEST_REPEAT for number in re.findall(r"[{,]([0-9]+)(?=[,}])", bare)
    )


def is_closed(text: str) -> bool:
    """Return whether each branch of a pattern says where it ends, so that comparing a whole path or its start is the
    same."""
    plain = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "a", text, flags=re.DOTALL)
    depth, branches = 0, [""]
    for letter in plain:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth <= 0:
            branches.append("")
        else:
            branches[-1] += letter
    return all(branch.endswith((".*", "$")) for branch in branches)


@lru_cache(maxsize=8192)
def path_forms(path: str) -> tuple[str, ...]:
    """Return a path as sent, then each form that one or more customary steps of normalisation give it (AMB-5);
    just the path where none does."""
    if not ("%" in path or "//" in path or "/." in path or ";" in path):
        return (path,)
    forms = {path: None}
    for size in range(1, len(_STEPS) + 1):
        for steps in itertools.combinations(_STEPS, size):
            form = path
            for step in steps:
                form = step(form)
            forms[form] = None
    return tuple(forms)


def _decode(path: str) -> str:
    return unquote(path, errors="surrogateescape")


def _without_parameters(path: str) -> str:
    return re.sub(r";[^/]*", "", path)


def _single_slashes(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


def _without_dots(path: str) -> str:
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            del kept[max(1, len(kept) - 1) :]
        elif part != ".":
            kept.append(part)
    end = "/" if parts[-1] in (".", "..") and kept[-1:] != [""] else ""
    return ("/".join(kept) + end) or "/"


_STEPS = (_decode, _without_parameters, _single_slashes, _without_dots)
