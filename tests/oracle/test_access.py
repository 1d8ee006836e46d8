"""Requests where the specification is open, and those around them where it is not."""

from dataclasses import replace

import pytest

from pytest_smi.oracle import Request, decide
from pytest_smi.oracle.records import World, world_of
from pytest_smi.smi.model import (
    HTTPMatch,
    HTTPRouteGroup,
    IdentityBinding,
    Rule,
    Subject,
    TCPRoute,
    TrafficTarget,
    UDPRoute,
)
from tests.oracle.worlds import answer, http, workload, world

SRV = Subject(name="srv", namespace="shop")
A = Subject(name="a", namespace="shop")
G, TCP, UDP = Rule(kind="HTTPRouteGroup", name="g"), Rule(kind="TCPRoute", name="t"), Rule(kind="UDPRoute", name="u")


def target(
    *rules: Rule,
    name: str = "t",
    sources: tuple[Subject, ...] = (A,),
    destination: Subject = SRV,
    namespace: str = "shop",
) -> TrafficTarget:
    """A TrafficTarget of the namespace shop."""
    return TrafficTarget(name=name, namespace=namespace, destination=destination, rules=rules, sources=sources)


def group(*matches: HTTPMatch, name: str = "g", namespace: str = "shop") -> HTTPRouteGroup:
    """A group of these routes."""
    return HTTPRouteGroup(name=name, namespace=namespace, matches=matches)


def route(
    name: str = "m", path: str | None = "/m", methods: tuple[str, ...] | None = ("GET",), **headers: str
) -> HTTPMatch:
    """A route, GET of /m unless it says otherwise."""
    return HTTPMatch(
        name=name,
        path=path,
        methods=methods,
        headers=tuple((key.replace("_", "-"), value) for key, value in headers.items()),
    )


def tcp(*ports: int) -> TCPRoute:
    """A TCPRoute."""
    return TCPRoute(name="t", namespace="shop", ports=ports)


GRANT = (target(G), group(route()))


def asked(
    records: tuple[object, ...], call: object, port: int = 8080, source: str = "a", destination: str = "srv"
) -> str:
    """The answer to a request from a to srv."""
    return answer(world_of(records), source, destination, call, port)  # type: ignore[arg-type]


class TestRules:
    """Ports and routes in one target."""

    BOTH = (target(G, TCP), group(route()), tcp(8080))

    @pytest.mark.parametrize(
        ("call", "port", "expected"),
        [
            ("GET /m", 8080, "allowed"),
            ("GET /other", 8081, "denied"),
            ("GET /m", 8081, "open AMB-1"),
            ("GET /other", 8080, "open AMB-1 AMB-2"),
            ("TCP 8080", None, "open AMB-1"),
            ("TCP 8081", None, "denied"),
            ("UDP 8080", None, "denied"),
        ],
    )
    def test_route_and_port(self, call: str, port: int, expected: str) -> None:
        """What both readings allow is allowed, what both deny is denied (TA-72)."""
        assert asked(self.BOTH, call, port) == expected

    def test_ports_alone(self) -> None:
        """Raw traffic is decided; HTTP through it is open (TA-48, TA-54)."""
        assert asked((target(TCP), tcp(9000)), "TCP 9000") == "allowed"
        assert asked((target(TCP), tcp(9000)), "TCP 9001") == "denied"
        assert asked((target(TCP), tcp(9000)), "GET /", 9000) == "open AMB-2"
        assert asked((target(TCP), tcp()), "TCP 9001") == "allowed"

    def test_port_that_is_not_asked_for(self) -> None:
        """Without a port, a limit counts as met."""
        request = Request(source=workload("a"), destination=workload("srv"), call=http("GET /m"))

        assert decide(world_of(self.BOTH), request).verdict.value == "allowed"

    def test_number_of_the_service(self) -> None:
        """A Service with another number than its pods: which of the two a route names is open (TA-56)."""
        request = Request(
            source=workload("a"), destination=workload("srv"), call=replace(http("GET /m"), protocol="TCP"), port=8080
        )
        where = world_of((target(TCP), tcp(8080)))

        assert decide(where, request).verdict.value == "allowed"
        assert decide(where, replace(request, service_port=80)).questions == ("AMB-19",)
        assert decide(where, replace(request, port=80, service_port=81)).verdict.value == "denied"

    def test_udp_is_apart(self) -> None:
        """The number of a port is of its protocol (TA-53), also beside HTTP routes."""
        records = (target(G, UDP), group(route()), UDPRoute(name="u", namespace="shop", ports=(53,)))

        assert [asked(records, call) for call in ("UDP 53", "UDP 54", "TCP 53", "GET /m")] == [
            "allowed",
            "denied",
            "denied",
            "allowed",
        ]

    @pytest.mark.parametrize(("name", "expected"), [("m", "allowed"), ("n", "denied")])
    def test_reference_is_local(self, name: str, expected: str) -> None:
        """A route of another namespace is another route (TA-63)."""
        assert (
            asked((target(G), group(route(name=name, path=f"/{name}")), group(route(), namespace="other")), "GET /m")
            == expected
        )


class TestMatches:
    """Names of routes in a rule."""

    TWO = group(route("m", "/m"), route("n", "/n"))

    @pytest.mark.parametrize(
        ("names", "of_m", "of_n"),
        [
            (None, "allowed", "allowed"),
            (("m",), "allowed", "denied"),
            (("m", "n"), "allowed", "allowed"),
            ((), "open AMB-17", "open AMB-17"),
            (("gone",), "denied", "denied"),
            (("m", "gone"), "open AMB-18", "denied"),
        ],
    )
    def test_names(self, names: tuple[str, ...] | None, of_m: str, of_n: str) -> None:
        """Left out is the whole group, empty is open, unknown is nothing (TA-40 to TA-44);
        a path outside of the group is never granted."""
        records = (target(replace(G, matches=names)), self.TWO)

        assert [asked(records, f"GET {path}") for path in ("/m", "/n", "/other")] == [of_m, of_n, "denied"]

    def test_one_name_twice(self) -> None:
        """Which of two routes of one name counts is open (TS-22); what neither matches is denied."""
        records = (target(G), group(route("m", "/m"), route("m", "/n")))

        assert [asked(records, f"GET {path}") for path in ("/m", "/n", "/o")] == ["open AMB-8", "open AMB-8", "denied"]


class TestRoutes:
    """One route against requests."""

    @pytest.mark.parametrize(
        ("match", "call", "expected"),
        [
            (route(), "GET /m/sub", "open AMB-3"),
            (route(), "GET /mm", "open AMB-3"),
            (route(path="/m(/.*)?$"), "GET /m/sub", "allowed"),
            (route(path="/m$"), "GET /mm", "denied"),
            (route(), "GET /m?x=1", "open AMB-3 AMB-4"),
            (route(path="/m.*"), "GET /m?x=1", "allowed"),
            (route(path="/m\\?x=.*"), "GET /m?x=1", "open AMB-4"),
            (route(), "GET /%6d", "open AMB-5"),
            (route(), "GET //m", "open AMB-5"),
            (route(), "GET /a/../m", "open AMB-5"),
            (route(path=".*"), "GET //a/../m;x", "allowed"),
            (route(), "GET /M", "denied"),
            (route(), "GET /x/m", "denied"),
            (route(path="/a|/m"), "GET /x/m", "denied"),
            (route(path="/m(?=/)"), "GET /m/", "open AMB-6"),
            (route(path="("), "GET /m", "denied"),
            (route(path="[[:alpha:]]+"), "GET /m", "open AMB-6"),
            (route(path="\\/m"), "GET /m", "allowed"),
            (route(path="/(?:m)"), "GET /m", "allowed"),
            (route(path="/m{2000}"), "GET /m", "open AMB-6"),
            (route(methods=None), "POST /m", "open AMB-7"),
            (route(methods=None), "POST /n", "denied"),
            (route(path=None), "GET /any", "open AMB-7"),
            (route(path=None), "POST /any", "denied"),
            (route(methods=("*",)), "PURGE /m", "allowed"),
            (route(), "HEAD /m", "denied"),
            (route(path=None, methods=None, x_k="v"), http("GET /", x_k="v"), "allowed"),
            (route(path=None, methods=None, x_k="v"), http("GET /", x_k="avb"), "open AMB-9"),
            (route(path=None, methods=None, x_k="v"), http("GET /", x_k="w"), "denied"),
            (route(path=None, methods=None, x_k=".*v.*"), http("GET /", X_K="avb"), "allowed"),
            (route(path=None, methods=None, x_k="v"), "GET /", "denied"),
            (route(path=None, methods=None, x_k=".*"), "GET /", "open AMB-10"),
            (route(path=None, methods=None, x_k="^$"), "GET /", "open AMB-10"),
            (route(path=None, methods=None, x_k="("), http("GET /", x_k="("), "denied"),
        ],
    )  # fmt: skip
    def test_route(self, match: HTTPMatch, call: object, expected: str) -> None:
        """Decided where all readings agree, else open by the question that decides."""
        assert asked((target(G), group(match)), call) == expected

    def test_repeated_header(self) -> None:
        """Which line counts is open, unless each of them says the same (TS-32)."""
        records = (target(G), group(route(path=None, methods=None, x_k="^v$")))
        two = replace(http("GET /"), headers=(("x-k", "v"), ("x-k", "w")))

        assert asked(records, two) == "open AMB-11"
        assert asked(records, replace(two, headers=(("x-k", "w"), ("x-k", "w")))) == "denied"


class TestIdentities:
    """Who is meant by a subject."""

    def test_outside_of_the_mesh(self) -> None:
        """A listed account without the mesh's identity is open (TA-24); one that is not listed is denied (TA-22)."""
        where = world_of(GRANT)

        assert answer(where, workload("a", member=False), "srv", "GET /m") == "open AMB-16"
        assert answer(where, workload("b", member=False), "srv", "GET /m") == "denied"

    def test_namespace_counts(self) -> None:
        """Homonyms elsewhere are others, as source and as destination (TA-27, TA-28)."""
        assert asked(GRANT, "GET /m", source="other/a") == "denied"
        assert asked(GRANT, "GET /m", destination="other/srv") == "denied"
        assert asked(GRANT, "GET /m", source="srv", destination="a") == "denied"

    def test_namespace_left_out(self) -> None:
        """The target's own or `default` may be meant, and no other (TA-60, TA-61)."""
        records = (target(G, sources=(Subject(name="a", namespace=""),)), group(route()))

        assert [asked(records, "GET /m", source=one) for one in ("a", "default/a", "other/a")] == [
            "open AMB-20",
            "open AMB-20",
            "denied",
        ]

    def test_target_elsewhere(self) -> None:
        """A target outside of its destination's namespace is open (TA-62)."""
        records = (target(G, namespace="other"), group(route(), namespace="other"))

        assert asked(records, "GET /m") == "open AMB-21"
        assert asked(records, "GET /n") == "denied"

    def test_other_kind(self) -> None:
        """A group of users is nobody, or a ServiceAccount (TA-64)."""
        records = (target(G, sources=(Subject(kind="Group", name="a", namespace="shop"),)), group(route()))

        assert (asked(records, "GET /m"), asked(records, "GET /m", source="b")) == ("open AMB-22", "denied")

    @pytest.mark.parametrize(
        ("schemes", "expected"),
        [
            ({"service_account": "a"}, "allowed"),
            ({"service_account": "b"}, "denied"),
            ({"spiffe_identities": ("cluster.local/ns/shop/sa/a",)}, "allowed"),
            ({"spiffe_identities": ("spiffe://cluster.local/ns/shop/sa/a",)}, "open AMB-23"),
            ({"service_account": "a", "pod_labels": (("x", "y"),)}, "open AMB-24"),
            ({"service_account": "b", "pod_labels": (("x", "y"),)}, "denied"),
            ({"pod_labels": ()}, "denied"),
            ({}, "denied"),
        ],
    )
    def test_binding(self, schemes: dict[str, object], expected: str) -> None:
        """Schemes of a binding; one that is empty or missing is nobody (TA-87)."""
        records = (target(G, sources=(Subject(kind="IdentityBinding", name="b", namespace="shop"),)), group(route()))
        binding = IdentityBinding(name="b", namespace="shop", **schemes)  # type: ignore[arg-type]

        assert asked((*records, binding), "GET /m") == expected
        assert asked(records, "GET /m") == "denied"


class TestUnion:
    """Several targets."""

    def test_no_cross_product(self) -> None:
        """Neither lends its sources or routes to the other (TA-09, TA-10),
        and a narrow one takes nothing from a wide one (TA-12)."""
        b = Subject(name="b", namespace="shop")
        records = (
            target(replace(G, matches=("m",)), name="one"),
            target(replace(G, matches=("n",)), name="two", sources=(b,)),
            group(route("m", "/m"), route("n", "/n")),
        )
        where: World = world_of(records)

        assert {(s, p): answer(where, s, "srv", f"GET {p}") for s in "ab" for p in ("/m", "/n")} == {
            ("a", "/m"): "allowed", ("a", "/n"): "denied", ("b", "/m"): "denied", ("b", "/n"): "allowed"
        }  # fmt: skip

    def test_certain_grant_settles_an_open_one(self) -> None:
        """One target that grants it is enough, whatever another may mean."""
        records = (target(G), target(TCP, name="ports"), group(route()), tcp())

        assert asked(records, "GET /m") == "allowed"
        assert asked(records, "GET /n") == "open AMB-2"


def test_ports_left_out() -> None:
    """Only the text of an object tells an empty list of ports from one that is left out (TS-45)."""
    grant = """
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: t}
spec:
  destination: {kind: ServiceAccount, name: srv, namespace: shop}
  rules: [{kind: TCPRoute, name: t}]
  sources: [{kind: ServiceAccount, name: a, namespace: shop}]
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: t}
"""

    assert answer(world(grant + "spec: {matches: {ports: []}}"), "a", "srv", "TCP 9000") == "allowed"
    assert answer(world(grant + "spec: {matches: {}}"), "a", "srv", "TCP 9000") == "open AMB-25"
    assert answer(world(grant.replace("v1alpha4", "v1alpha3") + "spec: {}"), "a", "srv", "TCP 9000") == "allowed"
