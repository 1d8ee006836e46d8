"""Ctrl-C and SIGTERM: how they end a run, and what pytest can show of the place where they met it."""

from __future__ import annotations

from types import FrameType, TracebackType


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Signal handler: SIGTERM, by which a pipeline cancels a job, ends the run as Ctrl-C does."""
    raise KeyboardInterrupt("terminated")


def give_lines(trace: TracebackType | None) -> None:
    """Give every entry after the first the line of its function, where it has none; changes the traceback itself.

    CPython can be interrupted at an instruction that belongs to no line. pytest breaks on showing such an entry, and the run
    would end with a traceback of pytest and the status of failed requirements.
    """
    while trace is not None and (entry := trace.tb_next) is not None:
        if entry.tb_lineno is None:
            first = entry.tb_frame.f_code.co_firstlineno
            trace.tb_next = entry = TracebackType(entry.tb_next, entry.tb_frame, entry.tb_lasti, first)
        trace = entry
