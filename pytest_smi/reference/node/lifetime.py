"""Notices that the starter wants this process to end: standard input at its end, SIGTERM, SIGINT,
or the parent's death."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading

_LOOK = 0.25
"""Seconds between looks at the parent.

The kernel's parent death signal would follow the starting thread, which may end early.
"""


class Lifetime:
    """`ended` is set when it is time to end. `start` it in the event loop's thread, the main one."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.reason = ""

    def start(self) -> None:
        """Begin to watch."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number.name)
        # A thread, since standard input may be a file, for which event loops have no readiness.
        threading.Thread(target=self._read_stdin, args=(loop,), daemon=True, name="stdin").start()
        self._look_at_parent(loop, os.getppid())

    def _end(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.ended.set()

    def _read_stdin(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._end, "end of standard input")

    def _look_at_parent(self, loop: asyncio.AbstractEventLoop, parent: int) -> None:
        if os.getppid() != parent:
            self._end("the parent has ended")
        elif not self.ended.is_set():
            loop.call_later(_LOOK, self._look_at_parent, loop, parent)
