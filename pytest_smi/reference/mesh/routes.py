"""HTTP route matching, compiled once and asked per request: paths, methods and headers of HTTPRouteGroups; pure.

Readings chosen: the path pattern must match the whole path without its query (AMB-3 B, AMB-4 path only); a header pattern is searched in
each line of that header and one line is enough (AMB-9 A, AMB-11 any); an absent condition is met by everything (AMB-7 A).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.smi import HttpRoute

Headers = Sequence[tuple[bytes, bytes]]


def route_json(route: HttpRoute) -> dict[str, Any]:
    """The form in which a route travels to sidecars."""
    return {
        "name": route.name,
        "path": route.path,
        "methods": None if route.methods is None else list(route.methods),
        "headers": [list(pair) for pair in route.headers],
    }


def path_of(target: bytes) -> str:
    """The path of a request target: without query, and without scheme and host when the target is in absolute form."""
    text = target.decode("latin-1")
    if not text.startswith("/") and "://" in text:
        rest = text.split("://", 1)[1]
        slash = rest.find("/")
        text = rest[slash:] if slash >= 0 else "/"
    return text.split("?", 1)[0]


class Route:
    """One compiled route; a route whose pattern is no valid regular expression never matches (it fails closed)."""

    __slots__ = ("_faults", "_headers", "_methods", "_path", "conditions", "name", "valid")

    def __init__(self, spec: dict[str, Any], faults: ActiveFaults) -> None:
        self.name: str = spec["name"]
        self._faults = faults
        self.valid = True
        self.conditions = (spec["path"], tuple(spec["methods"] or ()), tuple((name, value) for name, value in spec["headers"]))
        """What the route asks for, comparable."""
        methods = spec["methods"]
        self._methods: frozenset[str] | None = None if methods is None or "*" in methods else frozenset(methods)
        if methods is not None and "*" in methods and faults.on("specs-star-is-listed-methods"):
            self._methods = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
        if methods is not None and faults.on("specs-first-method-only"):
            self._methods = None if methods[0] == "*" else frozenset(methods[:1])
        if self._methods is not None and faults.on("specs-method-ignored"):
            self._methods = None
        pairs: list[tuple[str, str]] = [(name, pattern) for name, pattern in spec["headers"]]
        if len(pairs) > 1 and faults.on("specs-last-header-only"):
            pairs = pairs[-1:]
        if spec["path"] is not None and pairs and faults.on("specs-headers-ignored-beside-path"):
            pairs = []
        try:
            self._path = None if spec["path"] is None else self._compile_path(spec["path"])
            self._headers = [(name, re.compile(pattern)) for name, pattern in pairs]
        except re.error:
            self.valid = False

    def _compile_path(self, pattern: str) -> re.Pattern[str]:
        if pattern == ".*" and self._faults.on("specs-dot-excludes-slash"):
            pattern = "/[^/]*"
        if self._faults.on("specs-path-literal-prefix"):
            pattern = re.escape(pattern) + ".*" if pattern != ".*" else pattern
        if self._faults.on("paths-exact-or-star"):
            return _starred(pattern)
        if self._faults.on("paths-match-prefix"):
            return re.compile(f"/(?:{pattern.removeprefix('/')}).*")
        if self._faults.on("specs-path-search"):
            return re.compile(f".*(?:{pattern}).*")
        if self._faults.on("specs-anchor-first-branch-only"):
            # The naive "^" + pattern without a group: only the first alternative is held to the start.
            head, bar, tail = pattern.partition("|")
            return re.compile(head + (f"|.*(?:{tail})" if bar and "(" not in head else bar + tail))
        re.compile(pattern)  # valid by itself, so that the group below cannot be closed from inside
        return re.compile(f"(?:{pattern})")

    def matches(self, method: str, path: str, headers: Headers) -> bool:
        """Whether path, method and every header condition hold."""
        if not self.valid or (self._methods is not None and method not in self._methods):
            return False
        if self._path is not None and self._path.fullmatch(path) is None:
            return False
        if not self._headers:
            return True
        if self._path is None and method != "GET" and self._faults.on("specs-header-only-means-get"):
            return False
        return all(self._header(name, pattern, headers) for name, pattern in self._headers)

    def _header(self, name: str, pattern: re.Pattern[str], headers: Headers) -> bool:
        wanted = name.encode("latin-1", "replace")
        if self._faults.on("specs-header-name-case-sensitive"):
            lines = [value for key, value in headers if key == wanted]
        else:
            lines = [value for key, value in headers if key.lower() == wanted.lower()]
        if not lines:
            return self._faults.on("specs-missing-header-passes")
        if self._faults.on("specs-header-presence-only"):
            return True
        if self._faults.on("headers-match-whole"):
            return any(pattern.fullmatch(value.decode("latin-1")) is not None for value in lines)
        return any(pattern.search(value.decode("latin-1")) is not None for value in lines)


def _starred(pattern: str) -> re.Pattern[str]:
    """Text, or text with a star at its start or end that stands for anything."""
    if pattern.endswith("*"):
        return re.compile(re.escape(pattern[:-1]) + ".*")
    return re.compile(".*" + re.escape(pattern[1:]) if pattern.startswith("*") else re.escape(pattern))


def compile_routes(specs: Iterable[dict[str, Any]], faults: ActiveFaults) -> tuple[Route, ...]:
    """Compile routes in their order."""
    return tuple(Route(spec, faults) for spec in specs)


def any_match(routes: Sequence[Route], method: str, path: str, headers: Headers, faults: ActiveFaults) -> bool:
    """Routes are alternatives: whether one of them matches."""
    if len(routes) > 1 and faults.on("specs-routes-anded"):
        return all(route.matches(method, path, headers) for route in routes)
    return any(route.matches(method, path, headers) for route in routes)
