"""Archives of images: what containerd is given, and that it depends on nothing but the files."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cluster.debian import needed
from tests.cluster.images import write_archive

NAMES = st.text("abcxyz-", min_size=1, max_size=6)
TREES = st.dictionaries(
    st.tuples(NAMES.map("d{}".format), NAMES), st.tuples(st.binary(max_size=64), st.sampled_from((0o644, 0o755)))
)


def make(folder: Path, files: dict[tuple[str, str], tuple[bytes, int]], *, age: int) -> Path:
    root = folder / f"root-{age}"
    root.mkdir()
    for (parent, name), (content, mode) in files.items():
        (root / parent).mkdir(mode=0o755, exist_ok=True)
        file = root / parent / name
        file.write_bytes(content)
        file.chmod(mode)
        os.utime(file, (age, age))
    archive = folder / f"{age}.tar"
    write_archive(archive, reference="smi/test:1", root=root, entrypoint=["/run"], environment=["A=b"], user="7:7")
    return archive


def parts(archive: Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return manifest entry, image configuration and layer."""
    with tarfile.open(archive) as tar:

        def read(name: str) -> bytes:
            stream = tar.extractfile(name)
            assert stream is not None
            return stream.read()

        (entry,) = json.loads(read("manifest.json"))
        return entry, json.loads(read(entry["Config"])), read(entry["Layers"][0])


@settings(max_examples=25)
@given(TREES)
def test_same_files_same_bytes(files: dict[tuple[str, str], tuple[bytes, int]]) -> None:
    """The order in which files were made, and their times, leave no trace in the archive."""
    with tempfile.TemporaryDirectory() as folder:
        first = make(Path(folder), files, age=1_000_000)
        second = make(Path(folder), dict(reversed(files.items())), age=2_000_000)
        assert first.read_bytes() == second.read_bytes()


def test_archive_describes_its_layer(tmp_path: Path) -> None:
    """The configuration names the digest of the uncompressed layer, and what the image runs as."""
    entry, config, layer = parts(make(tmp_path, {("d", "f"): (b"content", 0o755)}, age=5))
    assert entry["RepoTags"] == ["smi/test:1"]
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
    assert config["config"] == {"Entrypoint": ["/run"], "Env": ["A=b"], "User": "7:7", "WorkingDir": "/"}
    assert (config["os"], config["architecture"]) == (
        "linux",
        {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
    )


def test_layer_keeps_modes_and_links_and_belongs_to_root(tmp_path: Path) -> None:
    """Modes with the sticky bit and symbolic links arrive as they are; owner and group are 0."""
    root = tmp_path / "root"
    (root / "tmp").mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "lib").symlink_to("usr/lib")
    write_archive(tmp_path / "a.tar", reference="smi/test:1", root=root, entrypoint=["/run"])
    (tmp_path / "layer.tar").write_bytes(parts(tmp_path / "a.tar")[2])
    with tarfile.open(tmp_path / "layer.tar") as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert (members["tmp"].mode, members["lib"].linkname) == (0o1777, "usr/lib")
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}


def test_folder_comes_before_what_is_in_it(tmp_path: Path) -> None:
    """An unpacker that goes from front to back finds every folder made."""
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "c").write_text("")
    (root / "a.b").write_text("")
    write_archive(tmp_path / "a.tar", reference="smi/test:1", root=root, entrypoint=["/run"])
    (tmp_path / "layer.tar").write_bytes(parts(tmp_path / "a.tar")[2])
    with tarfile.open(tmp_path / "layer.tar") as tar:
        assert tar.getnames() == ["a", "a/b", "a/b/c", "a.b"]


@pytest.mark.parametrize("reference", ["smi/test", "127.0.0.1:5000/test"])
def test_reference_needs_a_tag(tmp_path: Path, reference: str) -> None:
    """A reference without a tag is refused before anything is written; a port is no tag."""
    with pytest.raises(ValueError, match="must have a tag"):
        write_archive(tmp_path / "a.tar", reference=reference, root=tmp_path, entrypoint=["/run"])
    assert list(tmp_path.iterdir()) == []


def test_needed_packages() -> None:
    """Of apt's listing only the real packages count, and those that a running program uses."""
    listing = [
        "python3",
        "  Depends: libc6",
        "<python3:any>",
        "libc6",
        "perl-base",
        "dpkg",
        "gcc-12-base",
        " |Depends: awk",
    ]
    assert needed(listing) == ["libc6", "python3"]
