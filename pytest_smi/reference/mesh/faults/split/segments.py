"""Faults of `matches`: which calls a split is about, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.smi import RouteGroup, TrafficSplit
from pytest_smi.reference.mesh.split_config import Key, SplitCompiler
from pytest_smi.reference.mesh.splits import (
    Call,
    Choice,
    PortKey,
    Service,
    Services,
    Split,
    SplitChooser,
    SplitTable,
    ordinary,
)


class MatchesIgnored(SplitTable):
    """Does not read `matches`."""

    def read(self, spec: Mapping[str, Any]) -> Split:
        """Let the split govern every call."""
        return replace(super().read(spec), routes=None)


MATCHES_IGNORED = Fault(
    name="split-matches-ignored",
    description="`matches` is ignored: everything is split.",
    breaks=("SP-38",),
    overrides=(MatchesIgnored,),
)


class FirstGroupOnly(SplitTable):
    """Reads a list as one entry."""

    def read(self, spec: Mapping[str, Any]) -> Split:
        """Drop all but the first group."""
        groups = spec["groups"]
        return super().read({**spec, "groups": None if groups is None else groups[:1]})


FIRST_GROUP_ONLY = Fault(
    name="split-first-group-only",
    description="Of several groups in `matches` only the first counts.",
    breaks=("SP-41",),
    overrides=(FirstGroupOnly,),
)


class MatchedToRoot(SplitChooser):
    """Takes a segment for an exception."""

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Leave the calls of a segment to the root."""
        return super().weigh(split, root, port, call, services) if split.routes is None else ordinary(root, port)


MATCHED_TO_ROOT = Fault(
    name="split-matched-to-root",
    description="Requests that match go to the root.",
    breaks=("SP-37",),
    overrides=(MatchedToRoot,),
)


class UnmatchedRefused(SplitChooser):
    """Has no way for what no split governs."""

    def unmatched(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Reach nothing."""
        if splits and call is not None:
            return Choice(endpoints=(), split=None, backend=None)
        return super().unmatched(root, port, call, splits, services)


UNMATCHED_REFUSED = Fault(
    name="split-unmatched-refused",
    description="Requests that do not match are refused.",
    breaks=("SP-38",),
    overrides=(UnmatchedRefused,),
)


class UnmatchedToFirstBackend(SplitChooser):
    """Takes the first backend for the root."""

    def unmatched(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Go to the first backend's endpoints if it exists."""
        first = services.get((root.key[0], splits[0].backends[0][0])) if splits else None
        return super().unmatched(root, port, call, splits, services) if first is None else ordinary(first, port)


UNMATCHED_TO_FIRST_BACKEND = Fault(
    name="split-unmatched-to-first-backend",
    description="Requests that do not match go to the first backend.",
    breaks=("SP-39",),
    overrides=(UnmatchedToFirstBackend,),
)


class FirstHeaderOnly(SplitTable):
    """Reads a list of conditions as one."""

    def read(self, spec: Mapping[str, Any]) -> Split:
        """Drop all headers of a route but its first."""
        groups = spec["groups"]
        first = groups and [[{**route, "headers": route["headers"][:1]} for route in group] for group in groups]
        return super().read({**spec, "groups": first})


FIRST_HEADER_ONLY = Fault(
    name="split-first-header-only",
    description="Of the headers of a route in `matches` only the first counts.",
    breaks=("SP-42",),
    overrides=(FirstHeaderOnly,),
)


class PathsVoidRoutes(SplitTable):
    """Knows header filters alone."""

    def read(self, spec: Mapping[str, Any]) -> Split:
        """Drop the routes that have a path."""
        groups = spec["groups"]
        return super().read({**spec, "groups": groups and [[r for r in g if r["path"] is None] for g in groups]})


PATHS_VOID_ROUTES = Fault(
    name="split-paths-void-routes",
    description="A route in `matches` that has a path selects nothing.",
    breaks=("SP-73",),
    overrides=(PathsVoidRoutes,),
)


class GroupsAsFirstSeen(SplitCompiler):
    """Copies the groups when a split is made."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], RouteGroup] = {}

    def groups(self, split: TrafficSplit, names: tuple[str, ...], groups: Mapping[Key, RouteGroup]) -> list[RouteGroup]:
        """Keep each group as the split first found it."""
        return [self._seen.setdefault((split.uid, group.name), group) for group in super().groups(split, names, groups)]


GROUPS_AS_FIRST_SEEN = Fault(
    name="split-groups-as-first-seen",
    description="A split keeps to its route groups as they were when it was made.",
    breaks=("SP-45",),
    overrides=(GroupsAsFirstSeen,),
)


class RootPathOnly(SplitChooser):
    """Writes the path of a plain split as a whole, not as a beginning."""

    def governs(self, split: Split, call: Call | None) -> bool:
        """Apply a split without `matches` to requests for `/` alone."""
        elsewhere = split.routes is None and call is not None and call.target != b"/"
        return not elsewhere and super().governs(split, call)


ROOT_PATH_ONLY = Fault(
    name="split-root-path-only",
    description="A split without `matches` applies to requests for the path `/` alone.",
    breaks=("SP-46",),
    overrides=(RootPathOnly,),
)

SEGMENTS = (
    MATCHES_IGNORED,
    MATCHED_TO_ROOT,
    UNMATCHED_REFUSED,
    UNMATCHED_TO_FIRST_BACKEND,
    FIRST_GROUP_ONLY,
    FIRST_HEADER_ONLY,
    PATHS_VOID_ROUTES,
    GROUPS_AS_FIRST_SEEN,
    ROOT_PATH_ONLY,
)
