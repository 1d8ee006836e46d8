"""How the cluster and its clients learn that the metrics API is there: what is installed, and the discovery
documents. Pure.

The group root answers with an APIResourceList of every kind that has metrics,
each of the type TrafficMetrics with the verbs get and list.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_smi.reference.mesh.metrics.resources import Kind
from pytest_smi.reference.mesh.metrics.routes import GROUP, GROUP_VERSION, VERSION, Fixed
from pytest_smi.reference.mesh.metrics.statuses import Answer


class Discovery:
    """Answers to the paths that need no permission, given the kinds that have metrics, by plural."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds

    def answer(self, route: Fixed) -> Answer:
        """Return the document of the path, the same with a trailing slash as without."""
        match route.name:
            case "health":
                return Answer(200, {"status": "ok"})
            case "groups":
                return Answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group()]})
            case "group":
                return Answer(200, _group())
            case "resources":
                resources = [self.entry(kind) for kind in self.kinds()]
                return Answer(
                    200,
                    {
                        "kind": "APIResourceList",
                        "apiVersion": "v1",
                        "groupVersion": GROUP_VERSION,
                        "resources": resources,
                    },
                )

    def kinds(self) -> Iterable[Kind]:
        """Return the kinds to list: all that have metrics."""
        return self._kinds.values()

    def entry(self, kind: Kind) -> dict[str, Any]:
        """Return the APIResource of one kind."""
        return {
            "name": kind.resource,
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": "TrafficMetrics",
            "verbs": ["get", "list"],
        }


def _group() -> dict[str, Any]:
    version = {"groupVersion": GROUP_VERSION, "version": VERSION}
    return {"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version}


class Installation:
    """The objects by which the cluster learns of the metrics API and of who may read it."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the objects to install, in order: the manifests as they are,
        the registration of the API (APIService) among them.

        They grant nobody to read metrics: that is for the cluster's administrator to do.
        """
        return list(manifests)
