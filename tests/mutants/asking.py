"""Ask the suite about a mesh that is changed: copies of the checkout, and runs in them. Thin I/O."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.runs import FinishedRun, read_run, suite_command

ROOT = Path(__file__).parents[2]
COPIED = ("pytest_smi", "conformance", "sample_app", "manifests")
DEADLINE = 900
"""Seconds after which a run is given up."""


class Copies:
    """Some copies of the checkout, each for one run at a time."""

    def __init__(self, folder: Path, count: int) -> None:
        self._free: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(count):
            for name in COPIED:
                # Compiled files come along: their modules' times stay as they are.
                shutil.copytree(ROOT / name, folder / str(number) / name)
            self._free.put(folder / str(number))

    @contextmanager
    def changed(self, texts: Mapping[str, str]) -> Iterator[Path]:
        """Give out a copy with these modules' texts, and make it healthy again."""
        copy = self._free.get()
        try:
            for path, text in texts.items():
                (copy / path).write_text(text, encoding="utf-8")
            yield copy
        finally:
            for path in texts:
                shutil.copy2(ROOT / path, copy / path)
            self._free.put(copy)


def ask(copy: Path, *chosen: str) -> FinishedRun | None:
    """Run the suite of a copy on its own mesh; `chosen`: options that choose some of it. None: it did not end."""
    with tempfile.TemporaryDirectory(prefix="smi-mutant-") as name:
        folder = Path(name)
        try:
            done = subprocess.run(
                suite_command(folder, *chosen),
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(copy)},
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        # Ctrl-C reaches the run as well, and what it then says is nothing of the mesh. Its status is that of `-x`, too.
        if done.returncode < 0 or "! KeyboardInterrupt !" in done.stdout:
            raise KeyboardInterrupt
        return read_run(folder, done.returncode, done.stdout + done.stderr)
