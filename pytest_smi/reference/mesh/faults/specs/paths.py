"""Faults of path patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_smi.reference.mesh.access_config import AccessCompiler, Key, Objects
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.smi import RouteGroup, TrafficTarget


class DotExcludesSlash(RouteMatcher):
    """Takes `.*` for a wildcard of one segment."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Compile another pattern in its place."""
        return super().path_pattern("/[^/]*" if pattern == ".*" else pattern)


DOT_EXCLUDES_SLASH = Fault(
    name="specs-dot-excludes-slash",
    description="`.*` matches a single path segment.",
    breaks=("TS-02",),
    overrides=(DotExcludesSlash,),
)


class PathLiteralPrefix(RouteMatcher):
    """Takes a pattern for text."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Match what begins with the pattern as it is written."""
        return super().path_pattern(pattern if pattern == ".*" else re.escape(pattern) + ".*")


PATH_LITERAL_PREFIX = Fault(
    name="specs-path-literal-prefix",
    description="The path pattern is a literal prefix.",
    breaks=("TS-05", "TS-07", "TS-08"),
    overrides=(PathLiteralPrefix,),
)


class PathSearch(RouteMatcher):
    """Searches instead of matching."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Allow anything around what the pattern matches."""
        return re.compile(f".*(?:{pattern}).*")


PATH_SEARCH = Fault(
    name="specs-path-search",
    description="The path pattern is searched anywhere in the path.",
    breaks=("TS-03",),
    overrides=(PathSearch,),
)


class AnchorFirstBranchOnly(RouteMatcher):
    """Puts an anchor before the pattern, without a group around it."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Hold the first branch of an alternation to the start, and no other."""
        head, bar, tail = pattern.partition("|")
        return re.compile(head + (f"|.*(?:{tail})" if bar and "(" not in head else bar + tail))


ANCHOR_FIRST_BRANCH_ONLY = Fault(
    name="specs-anchor-first-branch-only",
    description="Only the first branch of an alternation is anchored.",
    breaks=("TS-06",),
    overrides=(AnchorFirstBranchOnly,),
)


class PinnedToStart(AccessCompiler):
    """Takes a configuration as a whole or not at all."""

    def groups(self, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, RouteGroup]:
        """Find no group in a namespace in which a pattern is invalid."""
        groups = super().groups(key, target, smi)
        paths = (route.path for group in groups.values() if group.namespace == key[0] for route in group.routes)
        return groups if all(_compiles(path) for path in paths) else {}


def _compiles(pattern: str | None) -> bool:
    try:
        re.compile(pattern or "")
    except re.error:
        return False
    return True


PINNED_TO_START = Fault(
    name="specs-pinned-to-start",
    description="An invalid pattern makes the whole configuration of its destination be refused.",
    breaks=("TS-13",),
    overrides=(PinnedToStart,),
)


class DoubleAnchor(RouteMatcher):
    """Takes an anchor for a character."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Look for `^` in the path where a pattern begins with it."""
        return super().path_pattern("\\" + pattern if pattern.startswith("^") else pattern)


DOUBLE_ANCHOR = Fault(
    name="specs-double-anchor",
    description="A path pattern that begins with `^` never matches.",
    breaks=("TS-07",),
    overrides=(DoubleAnchor,),
)


class FolderIsPrefix(RouteMatcher):
    """Takes `/.*` at the end for a prefix."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Drop the slash before it."""
        return super().path_pattern(pattern.removesuffix("/.*") + ".*" if pattern.endswith("/.*") else pattern)


FOLDER_IS_PREFIX = Fault(
    name="specs-folder-is-prefix",
    description="`/api/.*` matches whatever begins with /api.",
    breaks=("TS-08",),
    overrides=(FolderIsPrefix,),
)


class PathCaseIgnored(RouteMatcher):
    """Folds case."""

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Compile the pattern without regard to case."""
        return re.compile(super().path_pattern(pattern).pattern, re.IGNORECASE)


PATH_CASE_IGNORED = Fault(
    name="specs-path-case-ignored",
    description="Path patterns do not tell upper from lower case.",
    breaks=("TS-09",),
    overrides=(PathCaseIgnored,),
)

PATHS = (
    DOT_EXCLUDES_SLASH,
    PATH_SEARCH,
    PATH_LITERAL_PREFIX,
    ANCHOR_FIRST_BRANCH_ONLY,
    PINNED_TO_START,
    DOUBLE_ANCHOR,
    FOLDER_IS_PREFIX,
    PATH_CASE_IGNORED,
)
