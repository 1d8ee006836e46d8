"""The control group that holds the pods of the node, in every hierarchy of the host."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.components import CGROUP

_ROOT = Path("/sys/fs/cgroup")
_WANTED = ("cpuset", "cpu", "memory", "pids", "hugetlb")
_SHARE = {"cpu.shares": "8192", "cpu.weight": "800"}
"""Eight times the default: all pods together count as eight of the host's busy processes, not as one."""


def create() -> None:
    """Make the group; the kubelet does not make the one it is told to put everything into."""
    if (_ROOT / "cgroup.controllers").exists():
        there = (_ROOT / "cgroup.controllers").read_text().split()
        (_ROOT / "cgroup.subtree_control").write_text(" ".join(f"+{each}" for each in _WANTED if each in there))
    for hierarchy in _hierarchies():
        (hierarchy / CGROUP).mkdir(exist_ok=True)
        _inherit_cpus(hierarchy)
        for name, share in _SHARE.items():
            if (hierarchy / CGROUP / name).exists():
                (hierarchy / CGROUP / name).write_text(share)


def remove() -> None:
    """Remove the group and all groups in it; no process may be left in them."""
    for hierarchy in _hierarchies():
        group = hierarchy / CGROUP
        # Folders only can be removed; their files are the kernel's. Deepest first.
        for folder in sorted((each for each in group.rglob("*") if each.is_dir()), key=lambda each: len(each.parts), reverse=True):
            with contextlib.suppress(FileNotFoundError):
                folder.rmdir()
        if group.exists():
            group.rmdir()


def _hierarchies() -> Iterator[Path]:
    """Yield the mount point of each hierarchy: one with version 2, one per controller with version 1."""
    if (_ROOT / "cgroup.controllers").exists():
        yield _ROOT
        return
    for folder in sorted(_ROOT.iterdir()):
        if (folder / "cgroup.procs").exists() and not folder.is_symlink():
            yield folder


def _inherit_cpus(hierarchy: Path) -> None:
    """Give the group the processors and memory nodes of its parent: in version 1 a new group has none, and takes no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        ours = hierarchy / CGROUP / name
        if ours.exists() and not (hierarchy / "cgroup.controllers").exists() and not ours.read_text().strip():
            ours.write_text((hierarchy / name).read_text())
