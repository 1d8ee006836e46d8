"""Tables of meshes, from their profiles: for the terminal and for the README. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smi.core.terms import APIS
from pytest_smi.profiles.record import Profile

_SHOWN_LAST = ("reference", "none")


def markdown_table(profiles: Sequence[Profile]) -> list[str]:
    """Return a table in Markdown: meshes that claim something, then those that claim nothing."""
    ours = [p for p in profiles if not p.claims_nothing and p.name not in _SHOWN_LAST]
    ours += [p for p in profiles if p.name in _SHOWN_LAST]
    silent = [p for p in profiles if p.claims_nothing]
    lines = [
        "| `--mesh` | mesh | state | access | specs | split | metrics | not verified |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for profile in ours:
        versions = [", ".join(profile.claims(api)) or "-" for api in APIS]
        cells = [f"`{profile.name}`", profile.title, profile.status.state, *versions, _unverified(profile)]
        lines.append(f"| {' | '.join(cells)} |")
    if silent:
        lines += ["", "| `--mesh` | mesh | claims no API, because |", "|---|---|---|"]
        lines += [f"| `{p.name}` | {p.title} | {p.claims_nothing} |" for p in silent]
    return lines


def text_lines(profiles: Sequence[Profile]) -> list[str]:
    """Return a line per mesh for the terminal."""
    width = max((len(profile.name) for profile in profiles), default=0)
    return [f"{profile.name:{width}}  {profile.status.state:10}  {_claims(profile)}" for profile in profiles]


def _claims(profile: Profile) -> str:
    if profile.claims_nothing:
        return "claims nothing"
    return "; ".join(f"{api} {', '.join(profile.claims(api))}" for api in APIS if profile.claims(api))


def _unverified(profile: Profile) -> str:
    return ", ".join(f"`{path}`" for path in sorted(profile.unverified)) or "-"
