"""The deviation of meshes in which an annotation of a Service says what it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.snapshot import Compiler

TRAFFIC_TYPE = "mesh.traefik.io/traffic-type"


class ByAnnotation(Compiler):
    """Reads the annotation and no port."""

    def declared_protocol(self, service: Mapping[str, Any]) -> str | None:
        """Take a Service for HTTP unless its annotation says otherwise."""
        annotations = (service.get("metadata") or {}).get("annotations") or {}
        return "tcp" if annotations.get(TRAFFIC_TYPE, "http") != "http" else "http"


PROTOCOL_BY_ANNOTATION = Deviation(
    name="protocol-by-annotation",
    description="A Service speaks HTTP unless its annotation mesh.traefik.io/traffic-type says otherwise.",
    overrides=(ByAnnotation,),
)
