"""`pytest-smi explain`: the table, one question, JSON, exit statuses, what a mesh is known for, requirements."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smi.cli import main

GROUP = """
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: items, namespace: shop}
spec: {matches: [{name: read, pathRegex: "/items/.*", methods: [GET]}]}
"""
TARGET = """
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: reads, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: api, namespace: shop}
  rules: [{kind: HTTPRouteGroup, name: items, matches: [read]}]
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
"""
SERVICES = "\n---\n".join(
    f"{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: shop}}, spec: {{ports: [{{port: 80}}]}}}}"
    for name in ("app", "app-stable", "app-canary")
)


@pytest.fixture
def explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command on manifests given as text: (exit status, standard output, standard error)."""

    def run(*texts: str, ask: tuple[str, ...] = ()) -> tuple[int, str, str]:
        (tmp_path / "objects.yaml").write_text("\n---\n".join(texts))
        with pytest.raises(SystemExit) as caught:
            main(["explain", "-f", str(tmp_path), *ask])
        out, err = capsys.readouterr()
        return int(str(caught.value.code)), out, err

    return run


def question(request: str, *more: str, source: str = "shop/web") -> tuple[str, ...]:
    """The arguments of a question to the API."""
    return ("--from", source, "--to", "shop/api", "--request", request, *more)


def test_table(explain: Any) -> None:
    """A row says who may call whom, what, and by which object; the rest is said to be denied."""
    status, out, _ = explain(GROUP, TARGET)

    assert status == 0
    row = next(line for line in out.splitlines() if "shop/web" in line)
    assert re.split(r" {2,}", row.strip()) == ["shop/web", "shop/api", "HTTP GET /items/.*", "shop/reads"]
    assert "everything else is denied" in out
    assert "Warnings" not in out
    assert "Left open" not in out


@pytest.mark.parametrize(
    ("ask", "decision", "objects"),
    [
        (question("GET /items/1"), "allowed", ["TrafficTarget reads", "HTTPRouteGroup items"]),
        (question("POST /items/1"), "denied", ["TrafficTarget reads", "HTTPRouteGroup items"]),
        (question("GET /items/1", source="shop/thief"), "denied", ["TrafficTarget reads"]),
        (question("TCP 8080"), "denied", ["TrafficTarget reads", "HTTPRouteGroup items"]),
        (question("GET /items/1", "--outside"), "open", ["TrafficTarget reads", "HTTPRouteGroup items"]),
        (("--from", "shop/web", "--to", "shop/other", "--request", "GET /"), "denied", []),
    ],
)
def test_question(explain: Any, ask: tuple[str, ...], decision: str, objects: list[str]) -> None:
    """JSON has the decision and the objects that decide it; the text begins with the same word."""
    status, out, _ = explain(GROUP, TARGET, ask=(*ask, "--json"))
    document = json.loads(out)

    assert (status, document["decision"]) == (0, decision)
    assert [f"{one['kind']} {one['name']}" for one in document["objects"]] == objects
    assert document["because"][0]["text"]
    assert explain(GROUP, TARGET, ask=ask)[1].startswith(f"{decision}: ")


def test_open_answer_says_what_is_open(explain: Any) -> None:
    """Each open question comes with its readings."""
    document = json.loads(explain(GROUP, TARGET, ask=(*question("GET /items/1", "--outside"), "--json"))[1])

    assert [one["id"] for one in document["open"]] == ["AMB-16"]
    assert len(document["open"][0]["readings"]) == 2


def test_headers_are_asked_with(explain: Any) -> None:
    """Repeated headers belong to the request."""
    group = GROUP.replace("methods: [GET]", 'methods: [GET], headers: [{x-a: "^1$"}, {x-b: "^2$"}]')
    both = ("--header", "X-A: 1", "--header", "x-b:2")

    assert explain(group, TARGET, ask=question("GET /items/1", *both))[1].startswith("allowed")
    assert explain(group, TARGET, ask=question("GET /items/1", *both[:2]))[1].startswith("denied")


INERT = [
    (TARGET, "HTTPRouteGroup items, which is not in shop"),
    (GROUP.replace("namespace: shop", "namespace: other") + "---" + TARGET, "there is one in other"),
    (GROUP + "---" + TARGET.replace("[read]", "[write]"), "names match write of HTTPRouteGroup items, which has read"),
    (GROUP + "---" + re.sub("rules: .*", "rules: []", TARGET), "has no rules"),
    (GROUP + "---" + re.sub("sources: .*", "sources: []", TARGET), "has no sources"),
    (
        GROUP + "---" + re.sub("destination: .*", "x: y", TARGET),
        "cannot be read, so it grants nothing: spec.destination.kind",
    ),
    (GROUP.replace("/items/.*", "/items/(") + "---" + TARGET, "is no regular expression"),
    (
        GROUP.replace("spec: {matches", "{matches").replace("{matches: ", "matches: ").replace("}]}\n", "}]\n")
        + "---"
        + TARGET,
        "beside `spec`",
    ),
]


@pytest.mark.parametrize(("text", "said"), INERT, ids=[said for _, said in INERT])
def test_what_grants_nothing_is_said_and_strict(explain: Any, text: str, said: str) -> None:
    """Each way to grant nothing is a warning, and status 1 with --strict alone."""
    status, out, _ = explain(text)
    assert status == 0
    assert said in " ".join(out.split())

    assert explain(text, ask=("--strict",))[0] == 1
    assert explain(GROUP, TARGET, ask=("--strict",))[0] == 0


def split(backends: str, name: str = "app", more: str = "", meta: str = "") -> str:
    """A TrafficSplit of the Service app."""
    head = (
        f"apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {{name: {name}, namespace: shop{meta}}}"
    )
    return f"{{{head}, spec: {{service: app, backends: [{backends}]{more}}}}}"


NARROW = "{apiVersion: v1, kind: Service, metadata: {name: app-canary, namespace: shop}, spec: {ports: [{port: 81}]}}"
CANARY = "{service: app-stable, weight: 90}, {service: app-canary, weight: 10}"


def test_splits(explain: Any) -> None:
    """Shares in per cent, for each port and segment."""
    group = (
        GROUP.replace("/items/.*", ".*")
        .replace("methods: [GET]", 'headers: [{x-beta: "^1$"}]')
        .replace('pathRegex: ".*", ', "")
    )
    out = explain(SERVICES, split(CANARY))[1]
    assert "port 80/TCP: app-stable 90%, app-canary 10%" in out

    out = explain(SERVICES, group, split(CANARY, more=", matches: [{kind: HTTPRouteGroup, name: items}]"))[1]
    assert "any method any path with x-beta ~ ^1$" in out
    assert "every other call: the root's own endpoints" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (split(CANARY) + "\n---\n" + split(CANARY, name="twin"), "one of several splits of app (also twin)"),
        (split("{service: app-stable, weight: 1}, {service: gone, weight: 1}"), "backend gone is no Service of shop"),
        (split(CANARY) + "\n---\n" + NARROW, "backend app-canary has no port 80/TCP of its root app"),
        (split("{service: app-stable, weight: 0}"), "gives no backend a weight above 0"),
        (split(CANARY, more=", matches: [{kind: HTTPRouteGroup, name: gone}]"), "refers to HTTPRouteGroup gone"),
        (split("{service: app-stable, weight: 0.5}"), "AMB-26"),
    ],
)
def test_splits_without_effect(explain: Any, text: str, said: str) -> None:
    """What keeps a split from doing what it says is a warning."""
    status, out, _ = explain(SERVICES, text, ask=("--strict",))

    assert status == 1
    assert said in " ".join(out.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            split(
                "{service: app, weight: 95}, {service: app-canary, weight: 5}",
                meta=", ownerReferences: [{kind: Rollout, name: app}]",
            ),
            [
                "written by Argo Rollouts for Rollout app",
                "app 95%, app-canary 5% | app-canary 100% | the root's own endpoints",
                "AMB-33",
            ],
        ),
        (
            split(
                "{service: app-stable, weight: 100}, {service: app-canary, weight: 0}",
                meta=", ownerReferences: [{kind: Canary, name: app}]",
            ),
            ["written by Flagger for Canary app", "app-stable 100%", "nothing to app-canary, of weight 0"],
        ),
    ],
)
def test_what_delivery_tools_write_is_explained(explain: Any, text: str, said: list[str]) -> None:
    """A root among its backends and weights of 0 and 100 are no mistakes, and --strict lets them pass."""
    status, out, _ = explain(SERVICES, text, ask=("--strict",))

    assert status == 0
    assert all(one in " ".join(out.split()) for one in said), out


def test_mesh(explain: Any) -> None:
    """What the mesh's profile knows is added, each fact with its source."""
    document = json.loads(explain(SERVICES, split(CANARY), ask=("--mesh", "osm", "--json"))[1])

    known = {fact["text"]: fact["source"] for fact in document["mesh"]["known"]}
    assert document["mesh"]["name"] == "osm"
    assert known["shop/app: TrafficSplit v1alpha4, which it does not claim"].startswith("openservicemesh/osm:")
    assert all(known.values())
    assert "Known of Open Service Mesh" in explain(SERVICES, split(CANARY), ask=("--mesh", "osm"))[1]


def test_gap_of_a_mesh(explain: Any, tmp_path: Path) -> None:
    """A declared gap is what the mesh is known to do otherwise."""
    profile = {"name": "mine", "title": "Mine", "provider": "cluster", "apis": {"access": ["v1alpha3"]}}
    gaps = [{"requirement": "TA-41", "reason": "an omitted list of matches means none"}]
    file = tmp_path.parent / "mine.yaml"
    file.write_text(yaml.safe_dump({**profile, "gaps": gaps, "join": {"namespaceLabels": {"a": "b"}}}))

    status, out, err = explain(GROUP, TARGET, ask=("--mesh", "mine", "--mesh-profile", str(file)))

    assert status == 0, err
    assert "TA-41 is not met: an omitted list of matches means none" in out


def test_requirement(capsys: pytest.CaptureFixture[str]) -> None:
    """An argument that looks like a requirement is one: statement, level, clause, versions, faults that break it."""
    with pytest.raises(SystemExit) as caught:
        main(["explain", "TA-06", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert caught.value.code == 0
    assert document["level"] == "MUST"
    assert "access" in document["versions"]
    assert document["source"].startswith("access v1alpha3")
    assert "access-any-identity" in [fault["name"] for fault in document["faults"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there is nothing to explain"),
        (("TA-999",), "unknown requirement 'TA-999'"),
        (("nonsense",), "a requirement is written like TA-05"),
        (("TA-05", "-A"), "a requirement is explained by itself"),
        (("-f", ".", "-A"), "two sources of objects"),
        (("-A", "-n", "shop"), "-n and -A exclude each other"),
        (("-f", "no-such-file"), "does not exist"),
        (("-f", "{file}", "--from", "a/b"), "--from, --to and --request belong together"),
        (("-f", "{file}", "--header", "a: b"), "belong to a question"),
        (("-f", "{file}", *question("FETCH")), "a request is written like 'GET /path'"),
        (("-f", "{file}", *question("TCP 70000")), "a raw call is written like 'TCP 9000'"),
        (("-f", "{file}", *question("TCP 7", "--header", "a: b")), "headers are of HTTP requests"),
        (("-f", "{file}", *question("GET /", "--header", "a b")), "a header is written 'name: value'"),
        (("-f", "{file}", *question("GET /", source="web")), "a workload is written NAMESPACE/SERVICEACCOUNT"),
        (("-f", "{file}", "--mesh", "no-such-mesh"), "unknown mesh"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One clear message, status 4; 3 for a mesh that nobody knows, as other commands have it."""
    (tmp_path / "a.yaml").write_text(TARGET)
    with pytest.raises(SystemExit) as caught:
        main(["explain", *(one.format(file=tmp_path / "a.yaml") for one in arguments)])
    out, err = capsys.readouterr()

    assert (caught.value.code, out) == (3 if said == "unknown mesh" else 4, "")
    assert said in err


def made(api_version: str, kind: str, name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """A Kubernetes object."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def test_thousand_objects(explain: Any) -> None:
    """A thousand objects take less than two seconds of the processor."""
    objects: list[dict[str, Any]] = []
    for number in range(250):
        namespace = f"n{number % 20}"
        account = {"kind": "ServiceAccount", "name": f"s{number}", "namespace": namespace}
        matches = [
            {"name": "a", "pathRegex": f"/a{number}/.*", "methods": ["GET"]},
            {"name": "b", "headers": [{"x-k": "^v$"}]},
        ]
        rules = [{"kind": "HTTPRouteGroup", "name": f"g{number}"}]
        backends = [{"service": f"s{(number + step) % 250}", "weight": 50} for step in (20, 40)]
        objects += [
            made("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", f"g{number}", namespace, matches=matches),
            made(
                "access.smi-spec.io/v1alpha3",
                "TrafficTarget",
                f"t{number}",
                namespace,
                destination=account,
                rules=rules,
                sources=[account] * 5,
            ),
            made("v1", "Service", f"s{number}", namespace, ports=[{"port": 80, "targetPort": 8080}]),
            made(
                "split.smi-spec.io/v1alpha4",
                "TrafficSplit",
                f"p{number}",
                namespace,
                service=f"s{number}",
                backends=backends,
            ),
        ]
    text = yaml.safe_dump_all(objects)
    started = time.process_time()

    status, out, _ = explain(text)

    assert time.process_time() - started < 2
    assert status == 0
    assert len(out.splitlines()) > 1000
