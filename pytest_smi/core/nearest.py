"""What a user may have meant by a name that is not known: the one home of "did you mean". Pure."""

from collections.abc import Iterable

__all__ = ["did_you_mean", "unknown"]

_MOST = 2
_ALIKE = 0.6
_FEW = 6
"""Up to so many known names are listed in a message."""


def did_you_mean(found: object, known: Iterable[str]) -> str:
    """Return ` (did you mean 'linkerd'?)` with the known names nearest to `found`, or nothing when none is near."""
    # Imported late: options are registered in every pytest run of an environment.
    from difflib import get_close_matches

    if not isinstance(found, str):
        return ""
    folded = {name.casefold(): name for name in known}
    near = [folded[name] for name in get_close_matches(found.casefold(), list(folded), n=_MOST, cutoff=_ALIKE)]
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""


def unknown(what: str, found: str, known: Iterable[str], *, where: str, of: str = "") -> str:
    """Return the refusal of a name: `unknown mesh 'lnkerd' (did you mean 'linkerd'?); pytest-smi profiles lists all`.

    Few known names are listed there; of many it says by `where`, a command, which lists them. `of`: what it belongs to.
    """
    names = list(known)
    listed = f"known are {', '.join(names)}" if len(names) <= _FEW else f"{where} lists all"
    whose = f" of {of}" if of else ""
    return f"unknown {what} {found!r}{whose}{did_you_mean(found, names)}; {listed}"
