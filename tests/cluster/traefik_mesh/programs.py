"""The two programs of Traefik Mesh and their images, built from pinned Go modules into the cache."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import go_build
from tests.cluster.images import write_archive
from tests.cluster.layout import GO

TOOLCHAIN = "go1.19.13"
"""The last Go that both modules were released with; quic-go of Traefik 2.8 does not build with any newer one."""
_MESH = "github.com/traefik/mesh"
_TRAEFIK = "github.com/traefik/traefik/v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Paths of the static programs, and the versions that they tell (`v1.4.8`, `v2.8.8`)."""

    controller: Path
    controller_version: str
    proxy: Path
    proxy_version: str


def build(cache: Path) -> Programs:
    """Return the programs, building those that `cache` has not; raises ClusterProblem."""
    mesh = go_build.pinned(GO / "traefik-mesh", _MESH)
    traefik = go_build.pinned(GO / "traefik", _TRAEFIK)
    return Programs(
        controller=_build("traefik-mesh", _MESH, "cmd/mesh", mesh, cache),
        controller_version=mesh,
        proxy=_build("traefik", _TRAEFIK, "cmd/traefik", traefik.removeprefix("v"), cache),
        proxy_version=traefik,
    )


def image(program: Path, reference: str) -> Path:
    """Return the archive of the image that has `program` alone, beside the program; written unless it is there."""
    archive = program.with_suffix(".tar")
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=program.parent) as folder:
            root = Path(folder, "root")
            (root / "tmp").mkdir(parents=True)
            (root / "tmp").chmod(0o1777)
            (root / program.name).write_bytes(program.read_bytes())
            (root / program.name).chmod(0o755)
            write_archive(archive, reference=reference, root=root, entrypoint=[f"/{program.name}"], user="999:999")
    return archive


def _build(source: str, module: str, command: str, version: str, cache: Path) -> Path:
    stamp = f"-X {module}/pkg/version.Version={version}"
    return go_build.build(GO / source, cache, source, [stamp], package=f"{module}/{command}", toolchain=TOOLCHAIN)
