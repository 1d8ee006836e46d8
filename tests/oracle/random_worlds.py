"""Small random worlds as Kubernetes objects of every API version, with requests and calls that meet them.

Quick: 100,000 in a minute.
"""

import random
from collections.abc import Sequence
from typing import Any, TypeVar

from pytest_smi.oracle import Call, Request, Workload

Object = dict[str, Any]
T = TypeVar("T")
NAMESPACES = ("t1", "t1", "t1", "t1", "t1", "t1", "t1", "t1", "t2", "default")
ACCOUNTS, GROUPS = ("a", "a", "b"), ("g1", "g1", "g2", "g3")
PATHS = (
    "/x",
    "/x",
    "/y",
    ".*",
    ".*",
    "/x/.*",
    "/a|/b",
    "/a|/b",
    "^/x$",
    "/(x|y)$",
    "/v[12]/(cat|dog)",
    "/[a-z]+",
    "(",
    "",
    "/x(?=/)",
    "x",
)
PATTERNS = ("^v$", "^v$", ".*v.*", "v", ".*v.*", "v|w", "", "^(v|w)$", "[", ".*")
SENT_PATHS = (
    *("/x",) * 12,
    "/y",
    "/a",
    "/b",
    "/x/b",
    "/x/b",
    "/x/b",
    "/xy",
    "/v1/dog",
    "/v3/dog",
    "/x?q=1",
    "//x",
    "/%78",
    "/y/../x",
    "/X",
    "/",
)
VALUES = ("v", "v", "v", "w", "xvx", "")
METHODS = ("GET", "GET", "POST", "PURGE", "HEAD")
PORTS = (8080, 8081, 9000)
VERSIONS = (
    ("v1alpha1", "v1alpha1"),
    ("v1alpha1", "v1alpha2"),
    ("v1alpha2", "v1alpha3"),
    *[("v1alpha3", "v1alpha4")] * 5,
    ("v1alpha4", "v1alpha4"),
)


def random_world(chance: random.Random) -> list[Object]:
    """Targets, the routes that they name or do not, splits and Services."""
    access, specs = pick(chance, VERSIONS)
    places = NAMESPACES if chance.random() < 0.3 else ("t1",)

    def namespace() -> str:
        return pick(chance, places)

    found = [_group(chance, name, namespace(), specs) for name in ("g1", "g2", "g3") if chance.random() < 0.8]
    for kind, name in (("TCPRoute", "r1"), ("TCPRoute", "r2"), ("UDPRoute", "u1")):
        if chance.random() < 0.8 and (kind == "TCPRoute" or specs == "v1alpha4"):
            found.append(_ports(chance, kind, name, namespace(), specs))
    found += [
        _target(chance, f"target{number}", namespace(), access) for number in range(pick(chance, (0, 1, 2, 2, 3)))
    ]
    if access == "v1alpha4" and chance.random() < 0.7:
        found.append(_binding(chance, namespace()))
    found += [_service(chance, name) for name in ("app", "v1", "v2", "v3") if name == "app" or chance.random() < 0.9]
    return found + [_split(chance, f"split{number}", specs) for number in range(pick(chance, (0, 1, 1, 1, 2)))]


def pick(chance: random.Random, options: Sequence[T]) -> T:
    """One of the options; quicker than the library's own way."""
    return options[int(chance.random() * len(options))]


def random_request(chance: random.Random, items: Sequence[Object]) -> Request:
    """A request: mostly from a source of one of the targets to its destination, so that it is not denied at once."""
    targets = [item for item in items if item["kind"] == "TrafficTarget"]
    body = targets[-1].get("spec", targets[-1]) if targets and chance.random() < 0.8 else {}
    sources = body.get("sources") or [{"name": pick(chance, ACCOUNTS), "namespace": pick(chance, NAMESPACES)}]
    member = chance.random() < 0.95
    source, destination = pick(chance, sources), body.get("destination") or {"name": pick(chance, ACCOUNTS)}
    return Request(
        source=Workload(namespace=source.get("namespace", "t1"), account=_account(chance, source), member=member),
        destination=Workload(namespace=destination.get("namespace", "t1"), account=_account(chance, destination)),
        call=random_call(chance, _protocols(chance, body)),
        port=destination.get("port") if chance.random() < 0.7 and "port" in destination else pick(chance, PORTS),
    )


def _protocols(chance: random.Random, body: Object) -> tuple[str, ...]:
    """Mostly those of the target's rules."""
    kinds = tuple(
        rule["kind"].removesuffix("RouteGroup").removesuffix("Route")
        for rule in body.get("rules") or body.get("specs") or ()
    )
    return kinds if kinds and chance.random() < 0.8 else ("HTTP", "HTTP", "TCP", "UDP")


def _account(chance: random.Random, subject: Object) -> str:
    """The account of a subject; of a binding one that it may stand for."""
    return pick(chance, ACCOUNTS) if subject.get("kind") == "IdentityBinding" else str(subject["name"])


def random_call(chance: random.Random, protocols: tuple[str, ...]) -> Call:
    """An HTTP request, or a raw call."""
    protocol = pick(chance, protocols)
    if protocol != "HTTP":
        return Call(protocol=protocol)
    headers = tuple(
        (pick(chance, ("x-k", "X-K", "x-l")), pick(chance, VALUES)) for _ in range(pick(chance, (0, 1, 1, 2, 2)))
    )
    return Call(protocol="HTTP", method=pick(chance, METHODS), path=pick(chance, SENT_PATHS), headers=headers)


def _meta(group: str, version: str, kind: str, name: str, namespace: str) -> Object:
    return {
        "apiVersion": f"{group}.smi-spec.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    }


def _group(chance: random.Random, name: str, namespace: str, version: str) -> Object:
    matches = [
        _match(chance, pick(chance, ("m", "m", "n", "n", "o")), version) for _ in range(pick(chance, (0, 1, 2, 2, 3)))
    ]
    body: Object = {"spec": {"matches": matches}} if version in ("v1alpha3", "v1alpha4") else {"matches": matches}
    return {**_meta("specs", version, "HTTPRouteGroup", name, namespace), **body}


def _match(chance: random.Random, name: str, version: str) -> Object:
    match: Object = {"name": name}
    if chance.random() < 0.92:
        match["pathRegex"] = pick(chance, PATHS)
    if chance.random() < 0.92:
        match["methods"] = [
            pick(chance, ("*", "*", "GET", *METHODS)) for _ in range(pick(chance, (0, 1, 1, 1, 1, 2, 2, 2)))
        ]
    if version != "v1alpha1" and chance.random() < 0.5:
        if chance.random() < 0.5:
            match = {"name": name}
        pairs = [(pick(chance, ("x-k", "X-L")), pick(chance, PATTERNS)) for _ in range(pick(chance, (1, 1, 2)))]
        match["headers"] = [{key: value} for key, value in pairs] if chance.random() < 0.7 else dict(pairs)
    return match


def _ports(chance: random.Random, kind: str, name: str, namespace: str, version: str) -> Object:
    body: Object = {"spec": {"matches": {"ports": chance.sample(PORTS, pick(chance, (0, 1, 1, 2)))}}}
    if chance.random() < 0.05:
        body = {"spec": {"matches": {}}}
    return {**_meta("specs", version, kind, name, namespace), **(body if version == "v1alpha4" else {})}


def _subject(chance: random.Random, names: tuple[str, ...], access: str) -> Object:
    kind = "Group" if chance.random() < 0.03 else "ServiceAccount"
    if access == "v1alpha4" and chance.random() < 0.3:
        return {"kind": "IdentityBinding", "name": "binding", "namespace": pick(chance, NAMESPACES)}
    subject = {"kind": kind, "name": pick(chance, names)}
    return subject if chance.random() < 0.05 else {**subject, "namespace": pick(chance, NAMESPACES)}


def _target(chance: random.Random, name: str, namespace: str, access: str) -> Object:
    kinds = ("HTTPRouteGroup", "HTTPRouteGroup", "TCPRoute") + (
        () if access in ("v1alpha1", "v1alpha2") else ("UDPRoute",)
    )
    rules = [_rule(chance, pick(chance, kinds)) for _ in range(pick(chance, (0, 1, 1, 1, 2, 2, 3)))]
    destination = _subject(chance, ("srv", "srv", "srv", "srv", "a"), access)
    if access in ("v1alpha1", "v1alpha2") and chance.random() < 0.5:
        destination["port"] = pick(chance, PORTS)
    body = {
        "destination": destination,
        "sources": [_subject(chance, ACCOUNTS, access) for _ in range(pick(chance, (0, 1, 2, 2)))],
    }
    if chance.random() < 0.02:
        del body["destination"]
    whole: Object = {**body, "specs": rules} if access == "v1alpha1" else {"spec": {**body, "rules": rules}}
    return {**_meta("access", access, "TrafficTarget", name, namespace), **whole}


def _rule(chance: random.Random, kind: str) -> Object:
    names = {"HTTPRouteGroup": GROUPS, "TCPRoute": ("r1", "r2"), "UDPRoute": ("u1",)}[kind]
    rule: Object = {"kind": kind, "name": pick(chance, names)}
    if kind == "HTTPRouteGroup" and chance.random() < 0.5:
        rule["matches"] = [
            pick(chance, ("m", "m", "n", "n", "o", "gone")) for _ in range(pick(chance, (0, 1, 1, 1, 2)))
        ]
    return rule


def _binding(chance: random.Random, namespace: str) -> Object:
    """By account or by identity: the pods of these worlds have no labels."""
    schemes: Object = {}
    if chance.random() < 0.6:
        schemes["serviceAccount"] = pick(chance, (*ACCOUNTS, "srv"))
    if chance.random() < 0.6:
        scheme = pick(chance, ("", "", "spiffe://"))
        schemes["spiffeIdentities"] = [
            f"{scheme}cluster.local/ns/{pick(chance, NAMESPACES)}/sa/{pick(chance, ACCOUNTS)}"
        ]
    return {**_meta("access", "v1alpha4", "IdentityBinding", "binding", namespace), "spec": {"schemes": schemes}}


def _service(chance: random.Random, name: str) -> Object:
    ports = [
        {"port": number}
        for number in (
            (80, 81) if chance.random() < 0.3 else (80,) if name == "app" or chance.random() < 0.8 else (82,)
        )
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "t1"},
        "spec": {"ports": ports},
    }


def _split(chance: random.Random, name: str, specs: str) -> Object:
    version = pick(chance, ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"))
    backends = []
    for backend in chance.sample(
        ("v1", "v2", "v3", "gone", "app"), k=pick(chance, (0, 1, 2, 2, 3)), counts=(4, 4, 2, 1, 1)
    ):
        weight: object = pick(chance, (0, 1, 10, 90, 1000))
        if version == "v1alpha1":
            weight = pick(chance, (weight, str(weight), "500m", "1500m", "10m"))
        elif chance.random() < 0.02:
            weight = pick(chance, (-1, 0.5))
        backends.append({"service": backend, "weight": weight})
    spec: Object = {
        "service": pick(chance, ("app", "app", "app", "v3", "app.t1.svc.cluster.local")),
        "backends": backends,
    }
    if version in ("v1alpha3", "v1alpha4") and specs != "v1alpha1" and chance.random() < 0.5:
        spec["matches"] = [
            {"kind": "HTTPRouteGroup", "name": pick(chance, GROUPS)} for _ in range(pick(chance, (0, 1, 1, 2)))
        ]
    return {**_meta("split", version, "TrafficSplit", name, "t1"), "spec": spec}
