"""Traffic Specs, protocols and connections: routes are asked for each request, whatever carries it."""

from pytest_smi.scenario.scenario import (
    Inconclusive,
    NotReached,
    Outcome,
    Request,
    Scenario,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)


@assertion("TS-34", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"], features=["http2"])
def test_both_versions_of_http_are_covered(smi: Scenario) -> None:
    """Routes decide about HTTP/2 requests as they do about HTTP/1.1 requests."""
    srv, a = smi.server(), smi.client("a")
    routes = [match("path", "/any-method"), match("method", "/get", ["GET"])]
    listed, others = (
        [Request(path="/any-method"), Request(path="/get")],
        [Request(path="/other"), Request(method="POST", path="/get")],
    )
    by_header = match("header", methods=None, x_k="^v$")
    if smi.can_say(smi.routes("by-header", by_header)):  # the first version of Traffic Specs has no header filters
        routes.append(by_header)
        listed.append(Request(path="/header", headers=(("x-k", "v"),)))
        others += [Request(path="/header"), Request(path="/header", headers=(("x-k", "other"),))]
    right, wrong = a.http(srv, *listed), a.http(srv, *others)
    smi.closed_so_far(right, right.with_version("2"))
    smi.grant(srv, *routes, sources=[a])
    smi.expect(control(right), closed(wrong), hold=False)
    smi.expect(control(right), allowed(right.with_version("2")), denied(wrong.with_version("2")))


@assertion("TS-35", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_kept_alive_connection_is_decided_per_request(smi: Scenario) -> None:
    """On one kept-alive HTTP/1.1 connection each request is decided by itself."""
    srv, a = smi.server(), smi.client("a")
    listed, other = Request(path="/m"), Request(path="/other")
    smi.closed_so_far(a.http(srv, listed))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.http(srv, listed)), closed(a.http(srv, other)), hold=False)
    lines = smi.sample(*[a.http(srv, listed, other, listed, connection="reuse")] * smi.limits.kept_lines)
    # A mesh may close the connection after a denial; before the denial it must be the same one for the claim to mean
    # anything.
    kept = [
        line.probes for line in lines if line.probes[0].outcome is Outcome.DELIVERED and not line.probes[1].reconnected
    ]
    if not kept:
        raise Inconclusive(f"none of {smi.limits.kept_lines} connections was kept alive after an allowed request")
    for _, second, third in kept:
        smi.require(
            second.outcome is Outcome.NOT_DELIVERED,
            f"a request that no route lists came through on a kept-alive connection: {second.describe()}",
        )
        if third.outcome is not Outcome.DELIVERED:
            error = NotReached(f"a listed request was lost after a denied one: {third.describe()}")
            smi.attribute_failure(error, [lines[0].batch.call])


@assertion(
    "TS-36", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"], features=["http2"]
)
def test_streams_of_one_connection_are_decided_each(smi: Scenario) -> None:
    """On one HTTP/2 connection each stream is decided by itself, also where they are interleaved."""
    srv, a = smi.server(), smi.client("a")
    listed, other = Request(path="/m"), Request(path="/other")
    smi.closed_so_far(a.http(srv, listed, version="2"))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.http(srv, listed, version="2")), closed(a.http(srv, other, version="2")), hold=False)
    line = smi.sample(a.http(srv, listed, other, version="2", connection="reuse"), times=smi.limits.streams // 2)[0]
    for probe in line.probes[1::2]:
        smi.require(
            probe.outcome is Outcome.NOT_DELIVERED,
            f"a stream that no route lists came through beside others: {probe.describe()}",
        )
    if any(probe.reconnected for probe in line.probes):
        raise Inconclusive("the connection was lost, so that its streams were not all on one")
    lost = [probe for probe in line.probes[::2] if probe.outcome is not Outcome.DELIVERED]
    if len(lost) > 1:  # one may be lost by itself
        error = NotReached(f"{len(lost)} listed streams were lost beside denied ones: {lost[0].describe()}")
        smi.attribute_failure(error, [line.batch.call])


@assertion("TS-37", level="unspecified", source="specs v1alpha4 §Out of scope", needs=["access"], features=["http2"])
def test_grpc_by_routes_of_http(smi: Scenario) -> None:
    """A unary call of gRPC may be let in by a route of its path and POST, since it is HTTP/2:
    the specification leaves gRPC out."""
    srv, a = smi.server(), smi.client("a")
    headers = (("content-type", "application/grpc"),)
    calls = [
        a.http(srv, Request(method="POST", path=f"/smi.Pets/{name}", headers=headers), version="2")
        for name in ("List", "Sell")
    ]
    smi.closed_so_far(*calls)
    smi.grant(srv, match("list", "/smi.Pets/List", ["POST"]), match("beside", "/beside"), sources=[a])
    smi.expect(control(a.get(srv, "/beside", version="2")), hold=False)
    through = smi.let_in(*calls)
    if not through[0]:
        smi.observed("a route does not let them in")
    else:
        smi.observed(
            "one method's route lets every method in" if through[1] else "calls are told apart by their methods"
        )
