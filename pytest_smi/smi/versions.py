"""The API versions of the Service Mesh Interface: which there are, which belong together,
and what none of them can say. Pure."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS = {
    "access": "access.smi-spec.io",
    "specs": "specs.smi-spec.io",
    "split": "split.smi-spec.io",
    "metrics": "metrics.smi-spec.io",
}
"""API → group of its kinds."""

REFERRED: Mapping[str, tuple[str, ...]] = {"specs": ("access", "split")}
"""API whose objects others refer to → those others."""

SPECS_OF_ACCESS: Mapping[str, tuple[str, ...]] = {
    "v1alpha4": ("v1alpha4",),
    "v1alpha3": ("v1alpha4",),
    "v1alpha2": ("v1alpha3",),
    "v1alpha1": ("v1alpha2", "v1alpha1"),
}
"""Version of access → the versions of specs that the specification calls compatible with it, newest first."""


class NotExpressible(ValueError):
    """The record says something that the API version has no field for; the requirement is then unsupported there."""


def not_expressible(api: str, version: str, what: str) -> NotExpressible:
    """Return the refusal in the one form that it has: `not expressible in split v1alpha1: a split of a segment
    (matches)`."""
    return NotExpressible(f"not expressible in {api} {version}: {what}")


def number(version: str) -> int:
    """Return the place of an alpha version in the order of versions: 3 for v1alpha3, 0 for what is no such version."""
    digits = version.removeprefix("v1alpha")
    return int(digits) if digits != version and digits.isdecimal() else 0


def before(version: str, other: str) -> bool:
    """Return whether `version` is older than `other`."""
    return number(version) < number(other)


def partners(api: str, version: str) -> tuple[str, ...]:
    """Return the versions of the other of access and specs that belong to this version, newest first; none for other
    APIs."""
    if api == "access":
        return SPECS_OF_ACCESS.get(version, ())
    if api == "specs":
        return tuple(access for access, specs in SPECS_OF_ACCESS.items() if version in specs)
    return ()
