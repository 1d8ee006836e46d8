"""HTTP route matching, compiled once and asked per request: paths, methods and headers of HTTPRouteGroups; pure.

Readings chosen: the path pattern must match the whole path without its query (AMB-3 B, AMB-4 path only); a header
pattern is searched in each line of that header and one line is enough (AMB-9 A, AMB-11 any);
an absent condition is met by everything (AMB-7 A).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.smi import HttpRoute

Headers = Sequence[tuple[bytes, bytes]]

ANY_ROUTE: Mapping[str, Any] = {"name": "", "path": None, "methods": None, "headers": []}
"""A route without conditions, in the form in which routes travel to sidecars."""


def route_json(route: HttpRoute) -> dict[str, Any]:
    """Return the form in which a route travels to sidecars."""
    return {
        "name": route.name,
        "path": route.path,
        "methods": None if route.methods is None else list(route.methods),
        "headers": [list(pair) for pair in route.headers],
    }


def path_of(target: bytes) -> str:
    """Return the path of a request target: without query, and without scheme and host when the target is
    in absolute form."""
    text = target.decode("latin-1")
    if not text.startswith("/") and "://" in text:
        rest = text.split("://", 1)[1]
        slash = rest.find("/")
        text = rest[slash:] if slash >= 0 else "/"
    return text.split("?", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One compiled route; None means that a condition is absent. `conditions` are what the route asks for, comparable.

    A route with a pattern that is no regular expression is not `valid` and never matches: it fails closed.
    """

    name: str
    conditions: tuple[Any, ...]
    path: re.Pattern[str] | None
    methods: frozenset[str] | None
    headers: tuple[tuple[bytes, re.Pattern[str]], ...]
    valid: bool = True


class RouteMatcher:
    """Compiles routes and matches requests against them."""

    def compile(self, specs: Iterable[Mapping[str, Any]]) -> tuple[Route, ...]:
        """Compile routes in their order."""
        return tuple(self.compile_one(spec) for spec in specs)

    def compile_one(self, spec: Mapping[str, Any]) -> Route:
        """Compile one route, see `route_json`."""
        name = spec["name"]
        conditions = (
            spec["path"],
            tuple(spec["methods"] or ()),
            tuple((header, pattern) for header, pattern in spec["headers"]),
        )
        methods = self.methods(spec["methods"])
        try:
            path = None if spec["path"] is None else self.path_pattern(spec["path"])
            headers = tuple(
                (header.encode("latin-1", "replace"), re.compile(pattern))
                for header, pattern in self.header_patterns(spec)
            )
        except re.error:
            return Route(name=name, conditions=conditions, path=None, methods=methods, headers=(), valid=False)
        return Route(name=name, conditions=conditions, path=path, methods=methods, headers=headers)

    def methods(self, listed: Sequence[str] | None) -> frozenset[str] | None:
        """Return the methods that a route lets through; None: every method, which is also what `*` says."""
        return None if listed is None or "*" in listed else frozenset(listed)

    def path_pattern(self, pattern: str) -> re.Pattern[str]:
        """Compile a path pattern to be matched against whole paths. re.error: it is no regular expression."""
        re.compile(pattern)  # valid by itself, so that the group below cannot be closed from inside
        return re.compile(f"(?:{pattern})")

    def header_patterns(self, spec: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Return the header conditions of a route: each of them must hold."""
        return [(name, pattern) for name, pattern in spec["headers"]]

    def any_match(self, routes: Sequence[Route], method: str, path: str, headers: Headers) -> bool:
        """Return whether one of the routes matches: they are alternatives."""
        return any(self.matches(route, method, path, headers) for route in routes)

    def matches(self, route: Route, method: str, path: str, headers: Headers) -> bool:
        """Return whether path, method and every header condition of a route hold."""
        if not route.valid or (route.methods is not None and method not in route.methods):
            return False
        if route.path is not None and route.path.fullmatch(path) is None:
            return False
        return not route.headers or all(self.header_holds(name, pattern, headers) for name, pattern in route.headers)

    def header_holds(self, name: bytes, pattern: re.Pattern[str], headers: Headers) -> bool:
        """Return whether one line of the header matches; an absent header has none."""
        return any(self.value_matches(pattern, value.decode("latin-1")) for value in self.values(name, headers))

    def values(self, name: bytes, headers: Headers) -> list[bytes]:
        """Return the values of a header's lines, whatever the case of its name."""
        wanted = name.lower()
        return [value for key, value in headers if key.lower() == wanted]

    def value_matches(self, pattern: re.Pattern[str], value: str) -> bool:
        """Return whether the pattern is found in a header's value."""
        return pattern.search(value) is not None
