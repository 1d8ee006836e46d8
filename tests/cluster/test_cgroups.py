"""Control groups go in the end, however long the kernel keeps them busy, and never without an end."""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import cgroups
from tests.cluster.problem import ClusterProblem


def tree(folder: Path) -> Path:
    """A group with a pod's group and its container's group in it, as far as folders go."""
    group = folder / "smi-node"
    (group / "pod" / "container").mkdir(parents=True)
    return group


def busy(monkeypatch: pytest.MonkeyPatch, *, times: int) -> Counter[str]:
    """Have the kernel call each group busy so many times before it lets go; returns how often it was asked for each."""
    asked: Counter[str] = Counter()
    rmdir = os.rmdir

    def later(folder: str) -> None:
        asked[Path(folder).name] += 1
        if asked[Path(folder).name] <= times:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), folder)
        rmdir(folder)

    monkeypatch.setattr(os, "rmdir", later)
    return asked


def test_group_that_is_busy_for_a_while_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group whose processes have just ended can be busy still: removing it is tried again until it is gone."""
    group = tree(tmp_path)
    asked = busy(monkeypatch, times=2)
    cgroups.remove_tree(group, seconds=20)
    assert not group.exists()
    assert min(asked.values()) > 2


def test_group_that_stays_busy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has an end, and the error names the group."""
    group = tree(tmp_path)
    busy(monkeypatch, times=1_000_000)
    with pytest.raises(ClusterProblem, match=f"waited 0 s for the kernel to let go of the control group {group}$"):
        cgroups.remove_tree(group, seconds=0)


def test_any_other_error_is_not_waited_for(tmp_path: Path) -> None:
    """What time does not heal is raised at once: here a file in the folder, which no control group has."""
    group = tree(tmp_path)
    (group / "file").touch()
    with pytest.raises(OSError, match="not empty"):
        cgroups.remove_tree(group, seconds=60)


def test_group_that_is_not_there_is_fine(tmp_path: Path) -> None:
    """After a crash some hierarchies may lack the group."""
    cgroups.remove_tree(tmp_path / "smi-node", seconds=0)


@pytest.fixture
def real_group() -> Iterator[Path]:
    """A group of the kernel's with nothing in it."""
    found = cgroups.hierarchies()
    # Not the first of many: a new group of cpuset takes no process.
    group = found[-1] / f"smi-test-{secrets.token_hex(4)}" if found else None
    try:
        assert group is not None
        group.mkdir()
    except (AssertionError, OSError):
        pytest.skip("no control group can be made here")
    yield group
    cgroups.remove_tree(group, seconds=10)


def test_kernels_own_group_goes_once_its_process_has_ended(real_group: Path) -> None:
    """While a process is in it the kernel calls it busy; afterwards it can be removed, and a group below it, too."""
    (real_group / "below").mkdir()
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (real_group / "cgroup.procs").write_text(str(process.pid))
        with pytest.raises(ClusterProblem, match="let go of the control group"):
            cgroups.remove_tree(real_group, seconds=0)
        process.communicate(b"\n", timeout=10)
        cgroups.remove_tree(real_group, seconds=30)
        assert not real_group.exists()
    finally:
        process.kill()
        process.wait(timeout=10)
