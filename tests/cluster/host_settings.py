"""Settings of the whole machine that the kubelet changes: noted before it starts, put back when the node is removed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

CHANGED = tuple(
    Path("/proc/sys", each)
    for each in ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
)
"""Kernel settings that the kubelet gives the values it wants."""


def note(file: Path, settings: Sequence[Path] = CHANGED) -> None:
    """Write the present values to `file`."""
    file.write_text(json.dumps({str(each): each.read_text().strip() for each in settings if each.exists()}))


def put_back(file: Path) -> None:
    """Give every setting noted in `file` its value again; does nothing when there is no such file."""
    if file.exists():
        for setting, value in json.loads(file.read_text()).items():
            if Path(setting).read_text().strip() != value:
                Path(setting).write_text(value)
