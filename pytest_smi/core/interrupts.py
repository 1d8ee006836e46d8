"""Ctrl-C and SIGTERM: how they end a run.

Python raises KeyboardInterrupt wherever the main thread is. Where that is between two lines of a library, a lock can
stay held for good; where it is in a destructor, the interrupt is lost. So while something is tried on a cluster it
waits for a `checkpoint`: one of the suite's own waits, or the next request.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from types import FrameType, TracebackType
from typing import TypeVar

T = TypeVar("T")
SLICE = 0.1
"""Seconds that a wait goes on before it looks for an interrupt."""
_postponed: list[Callable[[], object]] = []


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Signal handler: SIGTERM, by which a pipeline cancels a job, ends the run as Ctrl-C does."""
    raise KeyboardInterrupt("terminated")


@contextmanager
def deferred() -> Iterator[None]:
    """Let a first Ctrl-C or SIGTERM wait for a checkpoint, or the end of the block; a second one is raised at once.

    Signals that are ignored, or end the process without Python, are left so;
    in other threads than the main one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}

    def postpone(number: int, frame: FrameType | None) -> None:
        handler = handlers[signal.Signals(number)]
        if _postponed:
            handler(number, frame)
        _postponed.append(partial(handler, number, None))

    try:
        for number in handlers:
            signal.signal(number, postpone)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        left = _postponed.copy()
        _postponed.clear()
    if left:
        left[0]()


@contextmanager
def noted() -> Iterator[list[int]]:
    """Note a first Ctrl-C or SIGTERM in the list and go on with the block; a second one is raised at once.

    For the end of a run: what was found is written, and what was made is removed,
    before the run ends as it was asked to.
    """
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}

    def note(number: int, frame: FrameType | None) -> None:
        if seen:
            handlers[signal.Signals(number)](number, frame)
        seen.append(number)

    try:
        for number in handlers:
            signal.signal(number, note)
        yield seen
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def checkpoint() -> None:
    """Raise the KeyboardInterrupt that waits, if any; in the main thread alone."""
    if _postponed and threading.current_thread() is threading.main_thread():
        _postponed[0]()


def result_of(future: Future[T], timeout: float) -> T:
    """Return a future's result; raises TimeoutError after `timeout` seconds,
    KeyboardInterrupt soon after it was asked for."""
    end = time.monotonic() + timeout
    while not future.done() and (left := end - time.monotonic()) > 0:
        checkpoint()
        wait([future], timeout=min(left, SLICE))
    checkpoint()
    return future.result(timeout=0)


def give_lines(trace: TracebackType | None) -> None:
    """Give every entry after the first the line of its function, where it has none; changes the traceback itself.

    CPython can be interrupted at an instruction that belongs to no line. pytest breaks on showing such an entry, and
    the run would end with a traceback of pytest and the status of failed requirements.
    """
    while trace is not None and (entry := trace.tb_next) is not None:
        if entry.tb_lineno is None:
            first = entry.tb_frame.f_code.co_firstlineno
            trace.tb_next = entry = TracebackType(entry.tb_next, entry.tb_frame, entry.tb_lasti, first)
        trace = entry
