"""The plugin that shows progress: a live line below pytest's own on a terminal, else a line now and then.

pytest writes where the cursor is, so the live line stands one row below and is taken away while pytest writes.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress

import pytest

from pytest_smi.core.printable import printable
from pytest_smi.session.progress import Progress

_ROOM_BELOW = "\x1bD\x1b[A"
"""Scroll where the cursor is in the last row, and come back to its column."""
_SAVE, _RESTORE = "\x1b7", "\x1b8"
_CLEAR_BELOW = "\x1b[B\r\x1b[2K"
_LIVE_SECONDS = 0.5


class ProgressDisplay:
    """Shows a `Progress` on file descriptor `output`, which it owns; `waits` says what running rows wait for."""

    def __init__(
        self, progress: Progress, waits: Callable[[], Mapping[str, str]], output: int, *, live: bool, seconds: float
    ) -> None:
        self._progress, self._waits, self._output, self._live = progress, waits, output, live
        self._every = _LIVE_SECONDS if live else seconds
        self._lock, self._stop = threading.RLock(), threading.Event()
        self._drawing, self._over, self._shown, self._mid_line = False, False, False, False
        self._stage = ""

    # --- what happens in the run --------------------------------------------------------------------------------

    @contextmanager
    def preparing(self, what: str) -> Generator[None, None, None]:
        """Show that the run is being prepared, while nothing else is written."""
        self._stage = what
        self._begin()
        try:
            yield
        finally:
            self._pause()
            self._stage = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without pytest-xdist: know the rows."""
        self._progress.expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """With pytest-xdist: know the rows as each worker collected them."""
        self._progress.expect(ids)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> Generator[None, object, object]:
        """A row runs."""
        with self._room():
            self._progress.start(nodeid)
            outcome = yield
        self._begin()
        return outcome

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, object, object]:
        """A row is reported; pytest writes."""
        with self._room():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> Generator[None, object, object]:
        """A row is done."""
        with self._room():
            self._progress.finish(nodeid)
            return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Take a row whose worker was lost for done."""
        self._progress.finish(crashitem)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Leave the terminal to pytest."""
        self._end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self) -> None:
        """Leave the terminal to pytest."""
        self._end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to the debugger."""
        self._end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Leave the terminal to pytest."""
        self._end()
        return (yield)

    def pytest_unconfigure(self) -> None:
        """Let the terminal go, also where the session never began."""
        self._end()
        os.close(self._output)

    # --- drawing ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._drawing or self._over:
            return
        self._stop, self._drawing = threading.Event(), True
        threading.Thread(target=self._keep_drawing, args=(self._stop,), daemon=True).start()

    def _pause(self) -> None:
        self._stop.set()
        with self._lock:
            self._drawing = False
            self._erase()

    def _end(self) -> None:
        self._over = True
        self._pause()

    def _keep_drawing(self, stop: threading.Event) -> None:
        while not stop.wait(self._every):
            with self._lock:
                if not stop.is_set():
                    self._draw()

    @contextmanager
    def _room(self) -> Generator[None, None, None]:
        with self._lock:
            self._erase()
            yield
            with suppress(OSError, ValueError):
                sys.stdout.flush()
            self._mid_line = True
            if self._live and self._drawing:
                self._draw()

    def _text(self, width: int | None) -> str:
        if not self._stage:
            return printable(self._progress.line(self._waits(), width))
        wait = self._waits().get("")
        return printable(f"{self._stage}{f', waits {wait}' if wait else ''}"[:width])

    def _draw(self) -> None:
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"{_ROOM_BELOW}{_SAVE}{_CLEAR_BELOW}{self._text(width)}{_RESTORE}")
            self._shown = True
        else:
            newline = "\n" if self._mid_line else ""
            self._write(f"{newline}progress: {self._text(None)}\n")
            self._mid_line = False

    def _erase(self) -> None:
        if self._shown:
            self._write(f"{_SAVE}{_CLEAR_BELOW}{_RESTORE}")
            self._shown = False

    def _write(self, text: str) -> None:
        with suppress(OSError):
            os.write(self._output, text.encode("utf-8", "replace"))
