"""Traffic Specs, methods: which HTTP methods a route lets through."""

from pytest_smi.scenario.scenario import (
    Call,
    Outcome,
    Request,
    Scenario,
    Workload,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "TRACE", "PATCH")
"""The methods that a route can name, without CONNECT: that is a request to a proxy and has no path."""


def _each(source: Workload, target: Workload, *methods: str) -> Call:
    """Requests for /m with each of these methods in turn."""
    return source.http(target, *(Request(method=method, path="/m") for method in methods))


@assertion("TS-14", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_other_methods_are_denied(smi: Scenario) -> None:
    """A route that names a method lets no other method through."""
    srv, a = smi.server(), smi.client("a")
    others = [method for method in METHODS if method != "GET"]
    smi.closed_so_far(_each(a, srv, *METHODS))
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(control(_each(a, srv, "GET")), closed(a.get(srv, "/other")), hold=False)
    smi.expect(control(_each(a, srv, "GET")), denied(_each(a, srv, *others)))


@assertion("TS-15", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"])
def test_listed_methods_are_alternatives(smi: Scenario) -> None:
    """A route that names several methods lets each of them through."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(_each(a, srv, "GET", "PUT"))
    smi.grant(srv, match("m", "/m", ["GET", "PUT"]), sources=[a])
    smi.expect(allowed(_each(a, srv, "GET")), allowed(_each(a, srv, "PUT")), closed(_each(a, srv, "POST")), hold=False)


@assertion("TS-16", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_star_is_every_method(smi: Scenario) -> None:
    """The method `*` lets every method through."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"))
    smi.grant(srv, match("m", "/m", ["*"]), match("beside", "/beside", ["GET"]), sources=[a])
    smi.expect(control(a.get(srv, "/beside")), allowed(_each(a, srv, *METHODS)), hold=False)


@assertion("TS-17", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_star_includes_methods_that_no_route_can_name(smi: Scenario) -> None:
    """The method `*` also lets through methods that the list of the resource definition does not have."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"))
    smi.grant(srv, match("m", "/m", ["*"]), match("beside", "/beside", ["GET"]), sources=[a])
    smi.expect(control(a.get(srv, "/beside")), allowed(_each(a, srv, "PURGE", "PROPFIND")), hold=False)


@assertion(
    "TS-18",
    level="unspecified",
    source="specs v1alpha4 §HTTPRouteGroup, §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_route_without_methods(smi: Scenario) -> None:
    """A route with a path and no methods may let every method through, or none:
    the specification contradicts itself."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(_each(a, srv, *METHODS))
    smi.grant(srv, match("m", "/m", None), match("beside", "/beside"), sources=[a])
    smi.expect(control(a.get(srv, "/beside")), closed(a.get(srv, "/other")), hold=False)
    seen = smi.sample(*(_each(a, srv, method) for method in METHODS), times=1)
    through = [method for method, one in zip(METHODS, seen, strict=True) if one.all(Outcome.DELIVERED)]
    every = len(through) == len(METHODS)
    smi.observed("every method is let through" if every else f"lets through: {', '.join(through) or 'no method'}")


@assertion("TS-20", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_get_does_not_imply_head(smi: Scenario) -> None:
    """A route that names GET does not let HEAD through."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(_each(a, srv, "GET"), _each(a, srv, "HEAD"))
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(control(_each(a, srv, "GET")), denied(_each(a, srv, "HEAD")))
    smi.grant(srv, match("later", "/m", ["HEAD"]), sources=[a], name="later")
    smi.expect(control(_each(a, srv, "HEAD")), hold=False)
