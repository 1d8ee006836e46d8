"""What of the mesh's own manifests is installed, as far as it concerns metrics. Pure."""

from collections.abc import Iterable
from typing import Any


class Installation:
    """The objects by which the cluster learns of the metrics API and of who may read it."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the objects to install, in order: the manifests as they are,
        the registration of the API (APIService) among them.

        They grant nobody to read metrics: that is for the cluster's administrator to do.
        """
        return list(manifests)
