"""From the process that waits to the one that shows it: what each running row waits for.

With pytest-xdist the processes share a folder with one small file per worker; without, there is one process.
A worker that cannot write there, such as one on another host, is shown without what it waits for.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cluster.wait import waits

WORKER_FILE = "smi_waits"
"""Name among the worker's input of the path that it writes to."""


class WaitReporter(logging.Handler):
    """A plugin of each process that runs rows: keeps what the row that runs waits for, in a file if there is one."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path, self._nodeid, self._text = path, "", ""

    @property
    def waits(self) -> Mapping[str, str]:
        """Return what the row that runs waits for, by its node id; before the first row under an empty one."""
        return {self._nodeid: self._text}

    def emit(self, record: logging.LogRecord) -> None:
        """Take the announcement of a wait."""
        self._tell(record.getMessage())

    def pytest_configure(self) -> None:
        """Listen to the waits of this process."""
        waits.addHandler(self)

    def pytest_unconfigure(self) -> None:
        """Stop listening."""
        waits.removeHandler(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember which row runs."""
        self._nodeid = nodeid
        self._tell("")

    def _tell(self, text: str) -> None:
        self._text = text
        if self._path is None or not self._nodeid:
            return
        # Progress is a courtesy: a full or foreign disk must not fail a row.
        with suppress(OSError):
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps([self._nodeid, text]), encoding="utf-8")
            os.replace(fresh, self._path)


class SharedWaits:
    """A plugin of the process that shows progress: gives each pytest-xdist worker a file, and reads them all."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker its file."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="smi-progress-", ignore_cleanup_errors=True)
        node.workerinput[WORKER_FILE] = str(Path(self._folder.name) / f"{node.gateway.id}.json")

    def pytest_unconfigure(self) -> None:
        """Remove the files."""
        if self._folder is not None:
            self._folder.cleanup()

    def read(self) -> dict[str, str]:
        """Return what the workers wait for, by node id."""
        return read_waits(Path(self._folder.name)) if self._folder is not None else {}


def read_waits(folder: Path) -> dict[str, str]:
    """Return what the workers that write into `folder` wait for, by node id."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for path in folder.glob("*.json"):
            with suppress(OSError, ValueError, TypeError):
                nodeid, text = json.loads(path.read_text(encoding="utf-8"))
                found[str(nodeid)] = str(text)
    return found
