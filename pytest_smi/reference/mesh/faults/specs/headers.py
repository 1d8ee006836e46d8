"""Faults of header conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.routes import Headers, RouteMatcher


class MissingHeaderPasses(RouteMatcher):
    """Asks only about headers that are there."""

    def header_holds(self, name: bytes, pattern: re.Pattern[str], headers: Headers) -> bool:
        """Let an absent header pass."""
        return not self.values(name, headers) or super().header_holds(name, pattern, headers)


MISSING_HEADER_PASSES = Fault(
    name="specs-missing-header-passes",
    description="A filtered header that is absent is no obstacle.",
    breaks=("TS-23", "TS-39", "SP-38"),
    overrides=(MissingHeaderPasses,),
)


class HeaderPresenceOnly(RouteMatcher):
    """Does not look at values."""

    def value_matches(self, pattern: re.Pattern[str], value: str) -> bool:
        """Let every value pass."""
        return True


HEADER_PRESENCE_ONLY = Fault(
    name="specs-header-presence-only",
    description="A filtered header needs to be there, with any value.",
    breaks=("TS-24",),
    overrides=(HeaderPresenceOnly,),
)


class LastHeaderOnly(RouteMatcher):
    """Lets a condition replace those before it."""

    def header_patterns(self, spec: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Keep no condition but the last."""
        return super().header_patterns(spec)[-1:]


LAST_HEADER_ONLY = Fault(
    name="specs-last-header-only",
    description="Of several headers of one route only the last counts.",
    breaks=("TS-25", "SP-42"),
    overrides=(LastHeaderOnly,),
)


class HeadersIgnoredBesidePath(RouteMatcher):
    """Takes path and headers for alternatives."""

    def header_patterns(self, spec: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Drop the conditions where there is a path."""
        return super().header_patterns(spec) if spec["path"] is None else []


HEADERS_IGNORED_BESIDE_PATH = Fault(
    name="specs-headers-ignored-beside-path",
    description="Header filters are ignored in a route that has a path.",
    breaks=("TS-27",),
    overrides=(HeadersIgnoredBesidePath,),
)


class HeaderNameCaseSensitive(RouteMatcher):
    """Compares names of headers as text."""

    def values(self, name: bytes, headers: Headers) -> list[bytes]:
        """Find a header only as it is written."""
        return [value for key, value in headers if key == name]


HEADER_NAME_CASE_SENSITIVE = Fault(
    name="specs-header-name-case-sensitive",
    description="Header names are compared as they are written.",
    breaks=("TS-29",),
    overrides=(HeaderNameCaseSensitive,),
)


class WildcardsLiteral(RouteMatcher):
    """Takes `.*` for text."""

    def header_patterns(self, spec: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Look for patterns that begin with `.*` as they are written."""
        found = super().header_patterns(spec)
        return [(name, re.escape(pattern) if pattern.startswith(".*") else pattern) for name, pattern in found]


WILDCARDS_LITERAL = Fault(
    name="specs-header-wildcards-literal",
    description="A header pattern that begins with `.*` is looked for as text.",
    breaks=("TS-50",),
    overrides=(WildcardsLiteral,),
)

HEADERS = (
    MISSING_HEADER_PASSES,
    HEADER_PRESENCE_ONLY,
    LAST_HEADER_ONLY,
    HEADERS_IGNORED_BESIDE_PATH,
    HEADER_NAME_CASE_SENSITIVE,
    WILDCARDS_LITERAL,
)
