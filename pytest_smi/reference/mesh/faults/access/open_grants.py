"""Grants that no target gives, for the faults that give them."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.mesh.routes import ANY_ROUTE
from pytest_smi.reference.mesh.smi import Identity


def open_http(*sources: Identity) -> dict[str, Any]:
    """Return a grant of every HTTP request to these sources."""
    return {
        "target": "",
        "sources": [list(source) for source in sources],
        "http": [ANY_ROUTE],
        "tcp": None,
        "udp": None,
    }
