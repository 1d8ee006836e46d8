"""Documents and recordings for tests, in short."""

from collections.abc import Mapping
from typing import Any

from pytest_smi.scenario.metrics.recording import Count, Document, Fading, Flow, Recording
from pytest_smi.scenario.metrics.records import Ref

HOME = "t1"


def ref(name: str, *, kind: str = "Deployment", namespace: str = HOME) -> Ref:
    """A reference."""
    return Ref(kind=kind, namespace=namespace, name=name)


def as_json(reference: Ref) -> dict[str, str]:
    """A reference as the API writes it."""
    return {
        key: value
        for key, value in (("kind", reference.kind), ("namespace", reference.namespace), ("name", reference.name))
        if value
    }


def metrics(
    success: object = "10", failure: object = "0", p50: str = "2m", p90: str = "5m", p99: str = "9m"
) -> list[dict[str, object]]:
    """The five metrics."""
    latencies: list[dict[str, object]] = [
        {"name": f"{n}_response_latency", "unit": "seconds", "value": v}
        for n, v in (("p99", p99), ("p90", p90), ("p50", p50))
    ]
    return [*latencies, {"name": "success_count", "value": success}, {"name": "failure_count", "value": failure}]


def item(
    subject: Ref,
    *,
    peer: Ref | None = None,
    direction: str = "from",
    backend: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """One TrafficMetrics; `fields` replace its own (None takes one away)."""
    body = {
        "kind": "TrafficMetrics",
        "resource": as_json(subject),
        "edge": {"direction": direction, "side": "server", "resource": as_json(peer) if peer else {}},
        "timestamp": "2024-05-01T10:00:00Z",
        "window": "4s",
        "metrics": metrics(),
        **({"backend": backend} if backend else {}),
        **fields,
    }
    return {key: value for key, value in body.items() if value is not None}


def document(body: Any, *, status: int = 200, finished: float = 1.0) -> Document:
    """An answer."""
    return Document(
        path="/doc", status=status, body=body, date="Wed, 01 May 2024 10:00:01 GMT", begun=0.5, finished=finished
    )


def listed(*items: Mapping[str, Any], resource: Ref | None = None, finished: float = 1.0) -> Document:
    """An answer with a list."""
    about = as_json(resource) if resource else {"kind": "Deployment", "namespace": HOME}
    return document({"kind": "TrafficMetricsList", "resource": about, "items": list(items)}, finished=finished)


def recording(
    documents: Mapping[str, Document], *, window: float | None = 4.0, flows: tuple[Flow, ...] = ()
) -> Recording:
    """A recording of these documents, whose traffic began at 0."""
    refs = {role: ref(role) for role in "abcd"}
    return Recording(
        refs=refs,
        window=window,
        began=0.0,
        documents=documents,
        flows=flows,
        fading=Fading(before=1.0, after=0.0, waited=4.0),
    )


def flow(source: str, destination: str, *, pod: str = "", successes: int = 0, failures: int = 0) -> Flow:
    """Traffic that arrived."""
    return Flow(
        source=ref(source),
        destination=ref(destination),
        pod=pod or f"{destination}-0",
        count=Count(successes=successes, failures=failures),
    )
