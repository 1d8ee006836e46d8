"""The two programs of Traefik Mesh and their images, built from pinned Go modules into the cache."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import go_build, program_images
from tests.cluster.layout import GO

TOOLCHAIN = "go1.19.13"
"""The last Go that both modules were released with; quic-go of Traefik 2.8 does not build with any newer one."""
_MESH = "github.com/traefik/mesh"
_TRAEFIK = "github.com/traefik/traefik/v2"
_USER = "999:999"


def controller_version() -> str:
    """Return the pinned version, such as `v1.4.8`."""
    return go_build.pinned(GO / "traefik-mesh", _MESH)


def proxy_version() -> str:
    """Return the pinned version, such as `v2.8.8`."""
    return go_build.pinned(GO / "traefik", _TRAEFIK)


def archives(cache: Path) -> list[Path]:
    """Return the images of controller and proxy, building those that `cache` has not; raises ClusterProblem."""
    controller = _build("traefik-mesh", _MESH, "cmd/mesh", controller_version(), cache)
    proxy = _build("traefik", _TRAEFIK, "cmd/traefik", proxy_version().removeprefix("v"), cache)
    return [
        program_images.write(controller, f"traefik/mesh:{controller_version()}", user=_USER),
        program_images.write(proxy, f"traefik:{proxy_version()}", user=_USER),
    ]


def _build(source: str, module: str, command: str, version: str, cache: Path) -> Path:
    stamp = f"-X {module}/pkg/version.Version={version}"
    return go_build.build(GO / source, cache, source, [stamp], package=f"{module}/{command}", toolchain=TOOLCHAIN)
