"""What a user may have meant by a name that is not known: the one home of "did you mean". Pure."""

from collections.abc import Iterable

__all__ = ["did_you_mean"]

_MOST = 2
_ALIKE = 0.6


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'linkerd'?)` with the known names nearest to `found`, or nothing when none is near."""
    # Imported late: options are registered in every pytest run of an environment.
    from difflib import get_close_matches

    near = get_close_matches(found, list(known), n=_MOST, cutoff=_ALIKE)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
