"""The images of the mesh, as the embedded node runs them: executables and what to import before forking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest_smi
from pytest_smi.reference.mesh.personas.record import Persona

_PACKAGE = str(Path(pytest_smi.__file__).resolve().parent)
_MESH = "pytest_smi.reference.mesh"


# Imported late by the libraries themselves; imported before forking, they are shared by all containers.
_LATE = ["cryptography.hazmat.backends.openssl.backend", "encodings.idna"]


def _image(executable: str, module: str, preload: list[str]) -> dict[str, Any]:
    return {
        "executables": {executable: {"package": "pytest_smi", "path": _PACKAGE, "module": module}},
        "preload": preload,
    }


IMAGES: dict[str, dict[str, Any]] = {
    f"smi-reference/control-plane:{pytest_smi.__version__}": _image(
        "smi-control-plane", f"{_MESH}.control_plane", [f"{_MESH}.control_plane", "aiohttp.web", *_LATE]
    ),
    f"smi-reference/proxy:{pytest_smi.__version__}": _image(
        "smi-proxy", f"{_MESH}.sidecar", [f"{_MESH}.sidecar", *_LATE, f"{_MESH}.preload"]
    ),
}
"""Image reference to specification, see contract 3."""


def images_of(persona: Persona) -> dict[str, dict[str, Any]]:
    """Return the images of a persona: the control plane and those that only stand there,
    under the names that its workloads give them."""
    acting = next(spec for reference, spec in IMAGES.items() if "/control-plane:" in reference)
    standing = _image("smi-placeholder", f"{_MESH}.readiness", [f"{_MESH}.readiness"])
    programs: dict[str, dict[str, Any]] = {}
    for workload in persona.workloads:
        known = programs.setdefault(workload.image, {"executables": {}, "preload": []})
        spec = acting if workload.acts else standing
        known["executables"] |= spec["executables"]
        known["preload"] = [*known["preload"], *spec["preload"]]
    return programs
