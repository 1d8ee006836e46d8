"""pytest_smi.cluster itself against the API server: the calls that every scene makes."""

from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import Objects
from tests.support.kube_samples import service


class TestObjectsOfTheSuite:
    """pytest_smi.cluster.objects itself, against the server."""

    def test_apply_creates_then_replaces(self, cluster: Any, namespace: str, unique: Any) -> None:
        """Every scene puts its objects so."""
        connection = Connection(cluster.api.kubeconfig)
        try:
            objects = Objects(connection)
            manifest = service(unique("s"))
            manifest["metadata"]["namespace"] = namespace
            first = objects.apply(manifest)
            manifest["spec"]["ports"] = [{"port": 8080}]
            second = objects.apply(manifest)
            assert second["metadata"]["uid"] == first["metadata"]["uid"]
            assert (second["spec"]["ports"][0]["port"], second["spec"]["clusterIP"]) == (
                8080,
                first["spec"]["clusterIP"],
            )
            assert objects.dry_run(manifest).status == 409
            objects.delete(manifest)
            objects.delete(manifest)
        finally:
            connection.close()

    def test_the_date_of_an_answer_is_told(self, cluster: Any) -> None:
        """Timestamps of metrics are compared with the server's own clock."""
        connection = Connection(cluster.api.kubeconfig)
        try:
            assert connection.request("GET", "/version").date.endswith("GMT")
        finally:
            connection.close()
