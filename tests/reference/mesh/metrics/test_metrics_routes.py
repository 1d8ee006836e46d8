"""Paths, as Kubernetes reads them."""

import pytest

from pytest_smi.reference.mesh.metrics.routes import Fixed, Query, Route, parse

ROOT = "/apis/metrics.smi-spec.io/v1alpha1"


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/healthz", Fixed("health", False)),
        ("/apis", Fixed("groups", False)),
        ("/apis/metrics.smi-spec.io", Fixed("group", False)),
        (ROOT, Fixed("resources", False)),
        (ROOT + "/", Fixed("resources", True)),
        (ROOT + "/pods", Query(resource="pods")),
        (ROOT + "/nodes/n1", Query(resource="nodes", name="n1")),
        (ROOT + "/nodes/n1/edges", Query(resource="nodes", name="n1", subresource="edges")),
        (ROOT + "/namespaces/", Query(resource="namespaces")),
        (ROOT + "/namespaces/t1", Query(resource="namespaces", namespace="t1", name="t1")),
        (ROOT + "/namespaces/t1/edges", Query(resource="edges", namespace="t1")),
        (ROOT + "/namespaces/t1/deployments/", Query(resource="deployments", namespace="t1")),
        (ROOT + "/namespaces/t1/pods/p", Query(resource="pods", namespace="t1", name="p")),
        (ROOT + "/namespaces/t1/pods/p/edges", Query(resource="pods", namespace="t1", name="p", subresource="edges")),
        (ROOT + "/namespaces/t1/pods/p/edges/q", None),
        (ROOT + "//pods", None),
        (ROOT + "//", None),
        ("/apis/metrics.smi-spec.io/v1", None),
        ("/", None),
        ("/api/v1/pods", None),
    ],
)
def test_a_path_is_read_as_the_api_server_reads_it(path: str, route: Route) -> None:
    """Resource, namespace, name and subresource are what RBAC sees."""
    assert parse(path) == route


def test_the_verb_follows_the_name() -> None:
    """A named object is got, the rest is listed; a namespace's edges are a list of `edges`."""
    assert Query(resource="pods", name="p", subresource="edges").verb == "get"
    assert Query(resource="edges", namespace="t1").verb == "list"
