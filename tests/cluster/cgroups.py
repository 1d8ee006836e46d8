"""The control group that holds the pods of the node, in every hierarchy of the host."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tests.cluster.components import CGROUP
from tests.cluster.waiting import until

_ROOT = Path("/sys/fs/cgroup")
_WANTED = ("cpuset", "cpu", "memory", "pids", "hugetlb")
_SHARE = {"cpu.shares": "8192", "cpu.weight": "800"}
"""Eight times the default: all pods together count as eight of the host's busy processes, not as one."""
_LETTING_GO = 60.0
"""Seconds that the kernel may take to let go of groups whose processes have ended."""


def create() -> None:
    """Make the group; the kubelet does not make the one it is told to put everything into."""
    if (_ROOT / "cgroup.controllers").exists():
        there = (_ROOT / "cgroup.controllers").read_text().split()
        (_ROOT / "cgroup.subtree_control").write_text(" ".join(f"+{each}" for each in _WANTED if each in there))
    for hierarchy in hierarchies():
        (hierarchy / CGROUP).mkdir(exist_ok=True)
        _inherit_cpus(hierarchy)
        for name, share in _SHARE.items():
            if (hierarchy / CGROUP / name).exists():
                (hierarchy / CGROUP / name).write_text(share)


def remove() -> None:
    """Remove the group and all groups in it; no process may be left in them.

    Raises ClusterProblem when the kernel keeps one busy.
    """
    for hierarchy in hierarchies():
        remove_tree(hierarchy / CGROUP)


def remove_tree(group: Path, *, seconds: float = _LETTING_GO) -> None:
    """Remove one group with all groups in it, within `seconds`: a group stays busy for a while after its last process
    has ended."""
    until(lambda: _removed(group), seconds=seconds, what=f"the kernel to let go of the control group {group}")


def _removed(group: Path) -> bool:
    """Remove what can be removed now, deepest first; tell whether all is gone."""
    # Folders only can be removed; their files are the kernel's.
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError as problem:
            if problem.errno != errno.EBUSY:
                raise
    return not group.exists()


def hierarchies() -> list[Path]:
    """Return the mount point of each hierarchy: one with version 2, one per controller with version 1."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    found = sorted(_ROOT.iterdir()) if _ROOT.exists() else []
    return [folder for folder in found if (folder / "cgroup.procs").exists() and not folder.is_symlink()]


def _inherit_cpus(hierarchy: Path) -> None:
    """Give the group the processors and memory nodes of its parent: in version 1 a new group has none,
    and takes no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        ours = hierarchy / CGROUP / name
        if ours.exists() and not (hierarchy / "cgroup.controllers").exists() and not ours.read_text().strip():
            ours.write_text((hierarchy / name).read_text())
