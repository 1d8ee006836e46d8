"""The images of Open Service Mesh's control plane: its programs, built from the pinned Go module into the cache."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import go_build, program_images
from tests.cluster.layout import GO

TOOLCHAIN = "go1.19.13"
"""The last Go of the line that the module was released with."""
_MODULE = "github.com/openservicemesh/osm"
_SOURCE = GO / "osm"
_PROGRAMS = ("osm-bootstrap", "osm-controller", "osm-injector")
_KINDS = "cmd/osm-bootstrap/crds"
"""Where the module has the definitions that osm-bootstrap creates; it looks for them in /osm-crds."""


def version() -> str:
    """Return the pinned version, such as `v1.2.4`."""
    return go_build.pinned(_SOURCE, _MODULE)


def archives(cache: Path) -> list[Path]:
    """Return the images, building those that `cache` has not; raises ClusterProblem."""
    stamp = f"-X {_MODULE}/pkg/version.Version={version()}"
    built = [
        go_build.build(_SOURCE, cache, name, [stamp], package=f"{_MODULE}/cmd/{name}", toolchain=TOOLCHAIN)
        for name in _PROGRAMS
    ]
    return [_image(program) for program in built]


def _image(program: Path) -> Path:
    def folders() -> dict[str, Path]:
        return (
            {"osm-crds": go_build.module(_SOURCE, _MODULE, toolchain=TOOLCHAIN) / _KINDS}
            if program.name == "osm-bootstrap"
            else {}
        )

    return program_images.write(
        program, f"openservicemesh/{program.name}:{version()}", user="1000:3000", folders=folders
    )
