"""Container images without a registry: one-layer docker-archives that `ctr -n k8s.io images import` takes.

`write_archive` is deterministic: the same files give the same bytes,
so image digests in a report can be compared between machines.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Image names of the machine types that Python reports."""
CREATED = "2020-01-01T00:00:00Z"
EPOCH = 1577836800
"""`CREATED` in Unix seconds: the time of every file, so that nothing depends on when an archive is written."""
_READ = 1 << 20


def write_archive(
    path: Path,
    *,
    reference: str,
    root: Path,
    entrypoint: Sequence[str],
    environment: Sequence[str] = (),
    user: str = "",
    working_dir: str = "/",
) -> None:
    """Write the folder `root` as an image of one layer to `path`, replacing it atomically.

    `reference` is NAME:TAG, `environment` lines are KEY=VALUE, `user` is UID or UID:GID (empty: root). Files belong to
    root, keep their modes, and carry one fixed time; names are sorted; hard links become copies,
    sockets and devices are left out.
    Raises ValueError when the reference has no tag, OSError when a file cannot be read or written.
    """
    if ":" not in reference.rpartition("/")[2]:
        raise ValueError(f"an image reference must have a tag; found {reference!r}: write NAME:TAG")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        layer = Path(folder, "layer.tar")
        with layer.open("wb") as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
            _add_tree(tar, root)
        digest = _sha256(layer)
        config = {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "config": {
                "Entrypoint": list(entrypoint),
                "Env": list(environment),
                "User": user,
                "WorkingDir": working_dir,
            },
            "created": CREATED,
            "history": [{"created": CREATED, "created_by": "pytest-smi"}],
            "os": "linux",
            "rootfs": {"diff_ids": [f"sha256:{digest}"], "type": "layers"},
        }
        config_bytes = json.dumps(config, sort_keys=True).encode()
        config_name = f"{hashlib.sha256(config_bytes).hexdigest()}.json"
        manifest = [{"Config": config_name, "Layers": [f"{digest}/layer.tar"], "RepoTags": [reference]}]
        archive = Path(folder, "archive.tar")
        with archive.open("wb") as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
            _add_bytes(tar, "manifest.json", json.dumps(manifest, sort_keys=True).encode())
            _add_bytes(tar, config_name, config_bytes)
            with layer.open("rb") as content:
                _add_stream(tar, f"{digest}/layer.tar", content, layer.stat().st_size, 0o644)
        archive.replace(path)


def sample_app(cache: Path) -> Path:
    """Return the archive of the sample application's image, built from the project's own wheel unless `cache` has it.

    Its reference is the one the suite uses by default. Raises ClusterProblem with what to do.
    """
    from tests.cluster import sample_image

    return sample_image.build(cache)


def _add_tree(tar: tarfile.TarFile, root: Path) -> None:
    for name, entry in _walk(root):
        mode = entry.lstat().st_mode
        info = tarfile.TarInfo(name)
        info.mode = stat.S_IMODE(mode)
        info.mtime = EPOCH
        if stat.S_ISLNK(mode):
            info.type, info.linkname = tarfile.SYMTYPE, os.readlink(entry)
            tar.addfile(info)
        elif stat.S_ISDIR(mode):
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        elif stat.S_ISREG(mode):
            with entry.open("rb") as content:
                _add_stream(tar, name, content, entry.lstat().st_size, info.mode)


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name in the archive, path), folders before what is in them, siblings by name."""
    for entry in sorted(root.iterdir(), key=lambda each: os.fsencode(each.name)):
        yield entry.name, entry
        if entry.is_dir() and not entry.is_symlink():
            for name, inner in _walk(entry):
                yield f"{entry.name}/{name}", inner


def _add_stream(tar: tarfile.TarFile, name: str, content: BinaryIO, size: int, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.size = mode, EPOCH, size
    tar.addfile(info, content)


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    _add_stream(tar, name, io.BytesIO(data), len(data), 0o644)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_READ):
            digest.update(block)
    return digest.hexdigest()
