"""Whether an HTTP request is one that a route means: path, methods and header filters of specs.smi-spec.io. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pytest_smi.oracle.patterns import Pattern, compiled, path_forms
from pytest_smi.oracle.records import Call
from pytest_smi.oracle.truth import NO, YES, Truth, all_of, among, any_of, over, truth
from pytest_smi.smi.model import HTTPMatch


def matches(route: HTTPMatch, call: Call) -> Truth:
    """Return whether the request meets all conditions of the route (TS-27)."""
    if call.protocol != "HTTP":
        return NO
    whole = all_of(_method(route.methods, call.method), path_matches(route.path, call.path), headers_match(route, call))
    return among("AMB-7", whole, NO) if is_incomplete(route) else whole


def is_incomplete(route: HTTPMatch) -> bool:
    """Return whether it lacks a path or methods although it is more than a filter of headers (AMB-7)."""
    if route.path is None and route.methods is None and route.headers:
        return False
    return route.path is None or not route.methods


def _method(methods: Sequence[str] | None, method: str) -> Truth:
    """`*` is every method, also one that cannot be listed (TS-16, TS-17); GET does not imply HEAD (TS-20)."""
    return truth(not methods or "*" in methods or method in methods)


def path_matches(pattern: str | None, target: str) -> Truth:
    """Return whether the path of a request target matches: from its start (TS-03), as a whole or not (AMB-3),
    with its query or not (AMB-4)."""
    if pattern is None:
        return YES
    path, mark, query = target.partition("?")
    found = compiled(pattern)
    questions = [
        ("AMB-3", (True, False)),
        ("AMB-4", ("", mark + query) if mark else ("",)),
        ("AMB-5", path_forms(path)),
    ]

    def holds(regex: re.Pattern[str], whole: bool, rest: str, form: str) -> bool:
        return (regex.fullmatch if whole else regex.match)(form + rest) is not None

    return _judged(found, lambda regex: over(questions, lambda *reading: holds(regex, *reading)))


def headers_match(route: HTTPMatch, call: Call) -> Truth:
    """Return whether every header filter is met (TS-25); yes when there is none."""
    return all_of(*(_header(name, pattern, call) for name, pattern in route.headers))


def _header(name: str, pattern: str, call: Call) -> Truth:
    """Return whether a header is there and matches: whole or in part (AMB-9), absent (AMB-10), in several lines
    (AMB-11)."""
    lines = [value for key, value in call.headers if key.lower() == name.lower()]
    found = compiled(pattern)
    if not lines:
        # Only where the pattern takes the empty text could an absent header be meant.
        absent = _judged(found, lambda regex: truth(regex.search("") is not None))
        return among("AMB-10", absent, NO)
    ways = (
        (tuple(lines), (", ".join(lines),), (",".join(lines),), (lines[0],), (lines[-1],))
        if len(lines) > 1
        else (tuple(lines),)
    )

    def holds(regex: re.Pattern[str], whole: bool, texts: Sequence[str]) -> bool:
        return any((regex.fullmatch if whole else regex.search)(text) is not None for text in texts)

    return _judged(
        found, lambda regex: over([("AMB-9", (True, False)), ("AMB-11", ways)], lambda *reading: holds(regex, *reading))
    )


def _judged(pattern: Pattern, judge: Callable[[re.Pattern[str]], Truth]) -> Truth:
    """Return what a pattern makes of a text: an invalid one matches nothing (TS-13),
    one of a single dialect is open (AMB-6)."""
    if not pattern.common:
        return Truth(None, frozenset({"AMB-6"}))
    return NO if pattern.regex is None else judge(pattern.regex)


def selects(routes: Sequence[HTTPMatch], call: Call) -> Truth:
    """Return whether a split's groups select the request: any route of any of them (SP-41).

    Raw TCP and UDP have nothing to filter by.
    """
    return any_of(_selects(route, call) for route in routes)


def _selects(route: HTTPMatch, call: Call) -> Truth:
    """Return a route with header filters selects what meets all of it, in every reading;
    beside them the rest may not count (AMB-30)."""
    if call.protocol != "HTTP":
        return NO
    if route.path is None and route.methods is None and route.headers:
        return headers_match(route, call)
    if not route.headers:
        return Truth(None, frozenset({"AMB-30"}))
    return among("AMB-30", matches(route, call), headers_match(route, call))
