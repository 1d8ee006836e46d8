"""Built-in objects that several contract tests create."""

from typing import Any

from tests.support.kube_api import Object


def service(name: str, **spec: Any) -> Object:
    """A Service."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}], **spec},
    }
