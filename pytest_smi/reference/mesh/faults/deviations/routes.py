"""Deviations of routes: how meshes read patterns of paths and headers."""

from __future__ import annotations

import re

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.routes import RouteMatcher


class WholeHeaders(RouteMatcher):
    """Matches instead of searching."""

    def value_matches(self, pattern: re.Pattern[str], value: str) -> bool:
        """Hold the whole value against the pattern."""
        return pattern.fullmatch(value) is not None


HEADERS_MATCH_WHOLE = Deviation(
    name="headers-match-whole",
    description="A header pattern must match the whole value.",
    overrides=(WholeHeaders,),
)


class ExactOrStar(RouteMatcher):
    """Knows no regular expressions."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Take a star at the start or end for anything, and the rest for text."""
        if pattern.endswith("*"):
            return re.compile(re.escape(pattern[:-1]) + ".*")
        return re.compile(".*" + re.escape(pattern[1:]) if pattern.startswith("*") else re.escape(pattern))


PATHS_EXACT_OR_STAR = Deviation(
    name="paths-exact-or-star",
    description="A path pattern is no regular expression: text, or text with a star at one end.",
    overrides=(ExactOrStar,),
)


class PathPrefix(RouteMatcher):
    """Matches the beginning of a path."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Anchor the pattern after the first slash, and allow anything behind it."""
        return re.compile(f"/(?:{pattern.removeprefix('/')}).*")


PATHS_MATCH_PREFIX = Deviation(
    name="paths-match-prefix",
    description="A path pattern is anchored after the first slash, at the start only: ^/(?:pattern without its slash).",
    overrides=(PathPrefix,),
)

ROUTES = (HEADERS_MATCH_WHOLE, PATHS_MATCH_PREFIX, PATHS_EXACT_OR_STAR)
