"""Traffic Specs, header filters: what a route asks of a request's headers.

Patterns are written `^v$`, so that it does not matter whether a mesh searches or matches the whole value, and routes
of headers alone leave out path and methods, as the specification shows them.
"""

from itertools import product

from pytest_smi.scenario.scenario import (
    HTTPMatch,
    Request,
    Scenario,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)

K, L = ("x-k", "v"), ("x-l", "w")
"""Headers that the filters `x-k: ^v$` and `x-l: ^w$` let through."""
OTHER_K = ("x-k", "other")


def _filter(name: str, **patterns: str) -> HTTPMatch:
    """A route of header filters alone."""
    return match(name, methods=None, **patterns)


@assertion(
    "TS-23", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"], since={"specs": "v1alpha2"}
)
def test_filtered_header_must_be_there(smi: Scenario) -> None:
    """A request without a header that the route filters by is denied."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), closed(bare), closed(bare.with_headers(K)), hold=False)
    smi.grant(srv, _filter("k", x_k="^v$"), sources=[a])
    smi.expect(control(bare.with_headers(K)), denied(bare))


@assertion(
    "TS-24", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"], since={"specs": "v1alpha2"}
)
def test_filtered_header_must_match(smi: Scenario) -> None:
    """A request whose header does not match the route's pattern is denied."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    smi.closed_so_far(bare.with_headers(K), bare.with_headers(OTHER_K))
    smi.grant(srv, _filter("k", x_k="^v$"), sources=[a])
    smi.expect(control(bare.with_headers(K)), closed(bare), hold=False)
    smi.expect(control(bare.with_headers(K)), denied(bare.with_headers(OTHER_K)))


@assertion(
    "TS-25", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"], since={"specs": "v1alpha2"}
)
def test_headers_of_one_route_are_all_required(smi: Scenario) -> None:
    """Several header filters of one route must all match."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    smi.closed_so_far(bare, bare.with_headers(K, L))
    smi.grant(srv, _filter("both", x_k="^v$", x_l="^w$"), _filter("alone", x_alone="^v$"), sources=[a])
    alone = control(bare.with_headers(("x-alone", "v")))
    smi.expect(alone, closed(bare), hold=False)
    smi.expect(
        allowed(bare.with_headers(K, L)), denied(bare.with_headers(K)), denied(bare.with_headers(L)), denied(bare)
    )


@assertion(
    "TS-26", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"], since={"specs": "v1alpha2"}
)
def test_routes_of_headers_are_alternatives(smi: Scenario) -> None:
    """Of several routes with header filters, a request needs to match one."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    smi.closed_so_far(bare.with_headers(K), bare.with_headers(L))
    smi.grant(srv, _filter("first", x_k="^v$"), _filter("second", x_l="^w$"), sources=[a])
    smi.expect(allowed(bare.with_headers(K)), allowed(bare.with_headers(L)), closed(bare), hold=False)


@assertion(
    "TS-27", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"], since={"specs": "v1alpha2"}
)
def test_path_methods_and_headers_are_all_required(smi: Scenario) -> None:
    """A route with path, methods and headers matches only requests that meet all three."""
    srv, a = smi.server(), smi.client("a")
    right = a.get(srv, "/api", headers=(K,))
    smi.closed_so_far(right)
    whole, method, header = (
        match("whole", "/api", ["GET"], x_k="^v$"),
        match("method", "/get", ["GET"]),
        _filter("header", x_alone="^v$"),
    )
    smi.grant(srv, whole, method, header, sources=[a])
    works = control(a.get(srv, "/get")), control(a.get(srv, "/any", headers=(("x-alone", "v"),)))
    smi.expect(*works, closed(a.send("POST", srv, "/get")), closed(a.get(srv, "/any")), hold=False)
    others = [
        Request(method=verb, path=path, headers=headers)
        for path, verb, headers in product(("/api", "/any"), ("GET", "POST"), ((K,), ()))
        if (path, verb, headers) != ("/api", "GET", (K,))
    ]
    smi.expect(allowed(right), denied(a.http(srv, *others)))


@assertion(
    "TS-28", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"], since={"specs": "v1alpha2"}
)
def test_headers_alone_match_any_path_and_method(smi: Scenario) -> None:
    """A route of header filters alone matches any path and every method."""
    srv, a = smi.server(), smi.client("a")
    requests = [
        Request(method=verb, path=path)
        for path, verb in product(("/", "/m", "/a/b"), ("GET", "PUT", "POST", "DELETE", "PATCH"))
    ]
    bare = a.get(srv, "/m")
    smi.closed_so_far(bare.with_headers(K))
    smi.grant(srv, _filter("k", x_k="^v$"), sources=[a])
    smi.expect(control(bare.with_headers(K)), closed(bare), hold=False)
    smi.expect(allowed(a.http(srv, *requests).with_headers(K)), hold=False)


@assertion(
    "TS-29",
    level="MUST (derived)",
    source="specs v1alpha4 §HTTP header filters; HTTP semantics",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_header_names_have_no_case(smi: Scenario) -> None:
    """The name of a filtered header is the same in upper and lower case, in the filter and in the request."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    calls, works = (
        [bare.with_headers(("x-kind", "v")), bare.with_headers(("X-LOWER", "v"))],
        [bare.with_headers(("x-lower", "v"))],
    )
    if smi.has("http2"):
        calls.append(calls[0].with_version("2"))
        works.append(works[0].with_version("2"))
    smi.closed_so_far(*calls)
    smi.grant(srv, _filter("upper", **{"X-Kind": "^v$"}), _filter("lower", x_lower="^v$"), sources=[a])
    smi.expect(*map(control, works), closed(bare), hold=False)
    smi.expect(*map(allowed, calls), hold=False)


@assertion(
    "TS-31",
    level="unspecified",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_absent_header_and_a_pattern_of_anything(smi: Scenario) -> None:
    """A request without a header may meet a filter whose pattern matches the empty string: the specification does not
    say."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    smi.closed_so_far(bare, bare.with_headers(K))
    smi.grant(srv, _filter("k", x_k=".*"), sources=[a])
    smi.expect(control(bare.with_headers(K)), hold=False)
    smi.observed("an absent header counts as empty" if smi.let_in(bare)[0] else "the header must be there")


@assertion(
    "TS-32",
    level="unspecified",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_header_in_several_lines(smi: Scenario) -> None:
    """Of a header in several lines, any one, the first or all of them together may be matched: the specification does
    not say."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    orders = {"first": bare.with_headers(K, OTHER_K), "last": bare.with_headers(OTHER_K, K)}
    smi.closed_so_far(*orders.values())
    smi.grant(srv, _filter("k", x_k="^v$"), sources=[a])
    smi.expect(control(bare.with_headers(K)), closed(bare), hold=False)
    through = [name for name, let_in in zip(orders, smi.let_in(*orders.values()), strict=True) if let_in]
    smi.observed(
        "one line that matches is enough"
        if len(through) == len(orders)
        else f"only the {through[0]} line counts"
        if through
        else "the lines are matched together"
    )


@assertion(
    "TS-33",
    level="MUST (derived)",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_routes_of_headers_and_of_paths_stay_apart(smi: Scenario) -> None:
    """A header filter of one route asks nothing of the other routes of its group."""
    srv, a = smi.server(), smi.client("a")
    path, other = a.get(srv, "/x"), a.get(srv, "/y")
    smi.closed_so_far(path, other, other.with_headers(K))
    smi.grant(srv, match("path", "/x"), _filter("header", x_k="^v$"), sources=[a])
    smi.expect(allowed(path), allowed(other.with_headers(K)), closed(other), hold=False)
