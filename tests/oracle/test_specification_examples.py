"""The examples of the specification: each is answered with exactly what its text says.

The manifests are written for these tests.
"""

import pytest

from tests.oracle.worlds import answer, cells, http, percents, services, shared, world

CALLERS = ("website", "payments", "prometheus", "stranger")
CALLS = ("GET /api", "POST /api", "GET /metrics", "POST /metrics")
TABLE = {("website", "GET /api"), ("website", "POST /api"), ("payments", "GET /api"), ("payments", "POST /api")} | {
    ("prometheus", "GET /metrics")
}

ROUTES = """
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: api-routes}
spec:
  matches:
  - {name: api, pathRegex: /api, methods: ["*"]}
  - {name: metrics, pathRegex: /metrics, methods: [GET]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: api-port}
spec: {matches: {ports: [8080]}}
"""


def target(name: str, match: str, *sources: str, more: str = "") -> str:
    """A TrafficTarget v1alpha3 for the API service."""
    listed = ", ".join(f"{{kind: ServiceAccount, name: {source}, namespace: shop}}" for source in sources)
    return f"""
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {{name: {name}}}
spec:
  destination: {{kind: ServiceAccount, name: api, namespace: shop}}
  rules: [{{kind: HTTPRouteGroup, name: api-routes, matches: [{match}]}}{more}]
  sources: [{listed}]
"""


class TestAccess:
    """Traffic Access Control."""

    def test_four_services(self) -> None:
        """The example of an API, a website, payments and Prometheus (TA-66): its table, cell by cell."""
        where = world(ROUTES, target("metrics", "metrics", "prometheus"), target("api", "api", "website", "payments"))

        assert cells(where, CALLERS, "api", CALLS) == TABLE

    def test_four_services_with_a_port_rule(self) -> None:
        """With a TCPRoute beside, what the table lists is allowed on that port,
        what neither route nor port grants is denied."""
        port = ", {kind: TCPRoute, name: api-port}"
        where = world(
            ROUTES,
            target("metrics", "metrics", "prometheus", more=port),
            target("api", "api", "website", "payments", more=port),
        )

        found = {(source, call): answer(where, source, "api", call, 8080) for source in CALLERS for call in CALLS}

        assert {cell for cell, verdict in found.items() if verdict == "allowed"} == TABLE
        assert {verdict for (source, _), verdict in found.items() if source == "stranger"} == {"denied"}
        # Port and route as alternatives, and HTTP as TCP: a reading in which the rest of the table would be allowed,
        # too.
        assert {found[cell] for cell in found if cell not in TABLE and cell[0] != "stranger"} == {"open AMB-1 AMB-2"}
        assert answer(where, "prometheus", "api", "GET /api", 8081) == "denied"

    @pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
    def test_four_services_with_a_port_in_the_destination(self, version: str) -> None:
        """The first versions write the port in the destination, where it limits the grant: the table holds on it,
        and on no other."""
        group = """
apiVersion: specs.smi-spec.io/v1alpha2
kind: HTTPRouteGroup
metadata: {name: api-routes}
matches:
- {name: api, pathRegex: /api, methods: ["*"]}
- {name: metrics, pathRegex: /metrics, methods: [GET]}
"""
        body = """
{at}destination: {{kind: ServiceAccount, name: api, namespace: shop, port: 8080}}
{at}{rules}: [{{kind: HTTPRouteGroup, name: api-routes, matches: [{match}]}}]
{at}sources: [{sources}]
"""

        def old(match: str, *sources: str) -> str:
            listed = ", ".join(f"{{kind: ServiceAccount, name: {source}, namespace: shop}}" for source in sources)
            at, wrap, rules = ("", "", "specs") if version == "v1alpha1" else ("  ", "spec:", "rules")
            head = f"apiVersion: access.smi-spec.io/{version}\nkind: TrafficTarget\nmetadata: {{name: {match}}}\n{wrap}"
            return head + body.format(at=at, rules=rules, match=match, sources=listed)

        where = world(group, old("metrics", "prometheus"), old("api", "website", "payments"))

        assert {(s, c) for s in CALLERS for c in CALLS if answer(where, s, "api", c, 8080) == "allowed"} == TABLE
        assert {answer(where, s, "api", c, 8081) for s in CALLERS for c in CALLS} == {"denied"}

    def test_tcp_and_udp(self) -> None:
        """The example of a cluster's ports (TA-67): 8300 for TCP alone, 8301 and 8302 for both."""
        where = world("""
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: tcp-ports}
spec: {matches: {ports: [8300, 8301, 8302]}}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: UDPRoute
metadata: {name: udp-ports}
spec: {matches: {ports: [8301, 8302]}}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: agents}
spec:
  destination: {kind: ServiceAccount, name: server, namespace: shop}
  rules: [{kind: TCPRoute, name: tcp-ports}, {kind: UDPRoute, name: udp-ports}]
  sources: [{kind: ServiceAccount, name: client, namespace: shop}]
""")
        calls = [f"{transport} {port}" for transport in ("TCP", "UDP") for port in (8300, 8301, 8302, 8303)]

        allowed = cells(where, ("client", "stranger"), "server", calls)

        assert allowed == {("client", call) for call in ("TCP 8300", "TCP 8301", "TCP 8302", "UDP 8301", "UDP 8302")}

    def test_subset_of_a_group(self) -> None:
        """A rule that names one match grants that one (TA-40); one that names none grants the whole group (TA-41)."""
        named = world(ROUTES, target("t", "metrics", "prometheus"))
        whole = world(ROUTES, target("t", "metrics", "prometheus").replace(", matches: [metrics]", ""))

        assert cells(named, ["prometheus"], "api", CALLS) == {("prometheus", "GET /metrics")}
        assert cells(whole, ["prometheus"], "api", CALLS) == {
            ("prometheus", call) for call in CALLS if call != "POST /metrics"
        }

    @pytest.mark.parametrize(
        "missing",
        [
            "rules: [{kind: HTTPRouteGroup, name: api-routes, matches: [api]}]",
            "destination: {kind: ServiceAccount, name: api, namespace: shop}",
        ],
    )
    def test_target_must_be_whole(self, missing: str) -> None:
        """A target without rules or destination grants nothing (TA-57, TA-59)."""
        whole = target("t", "api", "website")
        assert cells(world(ROUTES, whole), ["website"], "api", ["GET /api"])

        assert not cells(world(ROUTES, whole.replace(missing, "")), ["website"], "api", CALLS)

    def test_identity_binding(self) -> None:
        """The draft's subject by binding: its schemes are alternatives,
        and it speaks for its own namespace (TA-80 to TA-85)."""
        where = world(
            ROUTES,
            """
apiVersion: access.smi-spec.io/v1alpha4
kind: IdentityBinding
metadata: {name: callers}
spec:
  schemes:
    podLabelSelector: {matchLabels: {tier: front}}
    spiffeIdentities: [partner.example/zone/eu/service/orders]
""",
            target("t", "api")
            .replace("v1alpha3", "v1alpha4")
            .replace(
                "sources: []",
                "sources: [{kind: IdentityBinding, group: access.smi-spec.io, name: callers, namespace: shop}]",
            ),
        )
        from pytest_smi.oracle import Workload
        from tests.oracle.worlds import workload

        front = (("tier", "front"),)
        partner = Workload(namespace="", account="", spiffe="partner.example/zone/eu/service/orders")
        assert answer(where, workload("website", labels=front), "api", "GET /api") == "allowed"
        assert answer(where, partner, "api", "GET /api") == "allowed"
        assert answer(where, workload("website"), "api", "GET /api") == "denied"
        assert answer(where, workload("other/website", labels=front), "api", "GET /api") == "denied"


class TestSpecs:
    """Traffic Specs, through a target that grants the group as a whole."""

    GRANT = """
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: t}
spec:
  destination: {kind: ServiceAccount, name: api, namespace: shop}
  rules: [{kind: HTTPRouteGroup, name: routes}]
  sources: [{kind: ServiceAccount, name: a, namespace: shop}]
"""

    def granted(self, matches: str, *calls: object) -> list[str]:
        """What the target says of each call when the group has these matches."""
        group = (
            f"{{apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {{name: routes}}, spec: "
            f"{{matches: {matches}}}}}"
        )
        where = world(group, self.GRANT)
        return [answer(where, "a", "api", call) for call in calls]  # type: ignore[arg-type]

    def test_metrics_and_health(self) -> None:
        """The first example: GET of the metrics, anything of the health check."""
        found = self.granted(
            "[{name: metrics, pathRegex: /metrics, methods: [GET]}, {name: health, pathRegex: /ping, methods: ['*']}]",
            "GET /metrics", "POST /metrics", "GET /ping", "PURGE /ping", "GET /x/metrics",
        )  # fmt: skip

        assert found == ["allowed", "denied", "allowed", "allowed", "denied"]

    def test_everything(self) -> None:
        """`.*` with `*` is the documented way to say every request (TS-02)."""
        assert (
            self.granted(
                "[{name: all, pathRegex: '.*', methods: ['*']}]", "GET /", "DELETE /a/b?c=d", "TRACE /%41/../b"
            )
            == ["allowed"] * 3
        )

    def test_header_alone(self) -> None:
        """A header filter by itself is any path and all methods (TS-28)."""
        found = self.granted(
            "[{name: firefox, headers: [{user-agent: '.*Firefox.*'}]}]",
            http("GET /", User_Agent="x Firefox/1 y"),
            http("POST /a", user_agent="Firefox"),
            http("GET /", user_agent="Chrome"),
            "GET /",
        )

        assert found == ["allowed", "allowed", "denied", "denied"]

    def test_path_methods_and_header(self) -> None:
        """A route of the API for one kind of device: all three conditions hold together (TS-27)."""
        phone = {"user_agent": "Mozilla (iPhone; x)"}
        found = self.granted(
            "[{name: phones, pathRegex: /api/.*, methods: [GET, PUT], headers: [{user-agent: '.*(iPhone|iPad).*'}]}]",
            http("GET /api/z", **phone),
            http("PUT /api/z", **phone),
            http("POST /api/z", **phone),
            http("GET /apiz", **phone),
            http("GET /api", **phone),
            http("GET /api/z", user_agent="Android"),
            "GET /api/z",
        )

        assert found == ["allowed", "allowed", "denied", "denied", "denied", "denied", "denied"]

    def test_headers_of_one_route_and_of_two(self) -> None:
        """Filters of one route hold together, those of two routes are alternatives (TS-25, TS-26)."""
        cookie = "'^(.*?;)?(type=insider)(;.*)?$'"
        both, one, other = (
            http("GET /", user_agent="a Firefox b", cookie="x=1;type=insider"),
            http("GET /", user_agent="Firefox"),
            "GET /",
        )

        together = f"[{{name: m, headers: [{{user-agent: '.*Firefox.*'}}, {{cookie: {cookie}}}]}}]"
        apart = f"[{{name: m, headers: [{{user-agent: '.*Firefox.*'}}]}}, {{name: n, headers: [{{cookie: {cookie}}}]}}]"

        assert self.granted(together, both, one, other) == ["allowed", "denied", "denied"]
        assert self.granted(apart, both, one, other, http("GET /", cookie="type=insider")) == [
            "allowed",
            "allowed",
            "denied",
            "allowed",
        ]

    def test_map_of_headers_reads_the_same(self) -> None:
        """The later text writes the filters as a map."""
        call = http("GET /", user_agent="x Firefox y")

        assert self.granted("[{name: m, headers: {user-agent: '.*Firefox.*'}}]", call, "GET /") == ["allowed", "denied"]

    def test_group_by_itself(self) -> None:
        """A group that no target refers to changes nothing (TS-01)."""
        assert answer(world(ROUTES), "website", "api", "GET /api") == "denied"


def split(backends: str, more: str = "", version: str = "v1alpha4") -> str:
    """A TrafficSplit of the root `app`."""
    head = f"apiVersion: split.smi-spec.io/{version}, kind: TrafficSplit, metadata: {{name: s}}"
    return f"{{{head}, spec: {{service: app, backends: [{backends}]{more}}}}}"


class TestSplit:
    """Traffic Split."""

    THREE = services("app", "v1", "v2")

    @pytest.mark.parametrize(
        ("version", "weights", "expected"),
        [
            ("v1alpha4", (90, 10), {"v1": 90, "v2": 10}),
            ("v1alpha3", (1000, 500), {"v1": 66.7, "v2": 33.3}),
            ("v1alpha2", (1, 0), {"v1": 100}),
            ("v1alpha1", ("1", "500m"), {"v1": 66.7, "v2": 33.3}),
            ("v1alpha1", ("1", "0m"), {"v1": 100}),
        ],
    )
    def test_weights(self, version: str, weights: tuple[object, object], expected: dict[str, float]) -> None:
        """Canary weights of each version are relative (SP-01, SP-02, SP-10), and 0 receives nothing (SP-04)."""
        one, other = weights
        where = world(
            self.THREE, split(f"{{service: v1, weight: {one}}}, {{service: v2, weight: {other}}}", version=version)
        )

        assert percents(shared(where, "GET /")) == expected

    def test_quantities(self) -> None:
        """The first version's example: 10m, 100m and 1500m (SP-09)."""
        backends = "{service: v1, weight: 10m}, {service: v2, weight: 100m}, {service: v3, weight: 1500m}"
        where = world(services("app", "v1", "v2", "v3"), split(backends, version="v1alpha1"))

        assert percents(shared(where, "GET /")) == {"v1": 0.6, "v2": 6.2, "v3": 93.2}

    def test_a_b(self) -> None:
        """Who comes with the browser goes to the new version, everybody else to the root as it is (SP-37 to SP-39)."""
        group = """
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: firefox}
spec: {matches: [{name: users, headers: [{user-agent: ".*Firefox.*"}]}]}
"""
        where = world(
            self.THREE,
            group,
            split(
                "{service: v1, weight: 0}, {service: v2, weight: 100}",
                ", matches: [{kind: HTTPRouteGroup, name: firefox}]",
            ),
        )

        assert percents(shared(where, http("GET /", user_agent="a Firefox b"))) == {"v2": 100}
        assert percents(shared(where, http("GET /", user_agent="Chrome"))) == {"": 100}
        assert percents(shared(where, "GET /")) == {"": 100}

    def test_workflow(self) -> None:
        """The rollout of foobar (SP-64): everything to v1, two thirds, everything to v2,
        and the root again when the split is gone."""
        steps = [
            (("v1", 1), ("v2", 0), {"v1": 100}),
            (("v1", 1000), ("v2", 500), {"v1": 66.7, "v2": 33.3}),
            (("v1", 0), ("v2", 1), {"v2": 100}),
        ]
        for (one, a), (other, b), expected in steps:
            where = world(self.THREE, split(f"{{service: {one}, weight: {a}}}, {{service: {other}, weight: {b}}}"))
            assert percents(shared(where, "GET /")) == expected
            assert percents(shared(where, "GET /", root="v2")) == {"": 100}, "backends stay callable by their own names"
            assert percents(shared(where, "GET /", member=False)) == {"": 100}, (
                "clients outside of the mesh see the ordinary Service"
            )

        assert percents(shared(world(self.THREE), "GET /")) == {"": 100}

    def test_backend_that_is_not_there_yet(self) -> None:
        """A backend may be named before it exists; with weight 0 it gets nothing and changes nothing (SP-15)."""
        where = world(services("app", "v1"), split("{service: v1, weight: 100}, {service: v2, weight: 0}"))

        assert percents(shared(where, "GET /")) == {"v1": 100}

    def test_birds(self) -> None:
        """Backends with the root's port, whatever their target ports: both take their share (SP-24)."""
        where = world(
            services("app"),
            "{apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{port: 8080, targetPort: 8080}]}}",
            "{apiVersion: v1, kind: Service, metadata: {name: v2}, spec: {ports: [{port: 8080, targetPort: 8081}]}}",
            split("{service: v1, weight: 50}, {service: v2, weight: 50}"),
        )

        assert percents(shared(where, "GET /")) == {"v1": 50, "v2": 50}

    def test_birds_without_the_port(self) -> None:
        """A backend without the root's port is excluded, and the other takes all; names of ports do not decide (SP-26,
        SP-29)."""
        where = world(
            services("app"),
            "{apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{name: web, port: 1024}]}}",
            "{apiVersion: v1, kind: Service, metadata: {name: v2}, spec: {ports: [{name: web, port: 8080}]}}",
            split("{service: v1, weight: 50}, {service: v2, weight: 50}"),
        )

        assert percents(shared(where, "GET /")) == {"v2": 100}
