"""Decide whether and how progress is shown, and register the plugins that do it."""

from __future__ import annotations

import os
import sys
import time

import pytest

from pytest_smi.core.catalogue import load
from pytest_smi.session.controller import ControllerSession
from pytest_smi.session.partial import assertion_at
from pytest_smi.session.progress import Progress
from pytest_smi.session.progress_display import ProgressDisplay
from pytest_smi.session.waiting import SharedWaits, WaitReporter


def show_progress(config: pytest.Config, controller: ControllerSession) -> None:
    """Show a live line on a terminal, else a line as often as `--smi-progress` says; with `-q` nothing.

    Tests that write where they like (`-s`) get lines of their own, too: a live line would be torn.
    """
    seconds = float(config.getoption("smi_progress"))
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):  # something stands in for it that is no file
        return
    terminal = os.isatty(output) and os.environ.get("TERM", "dumb") != "dumb"
    live = terminal and config.getoption("capture") != "no"
    if config.get_verbosity() < 0 or not (live or seconds):
        return
    own, shared = WaitReporter(), SharedWaits()
    known = {(record.requirement, record.function) for record in load()}
    several = len(controller.options.meshes) > 1

    def named(nodeid: str) -> str:
        requirement, function, mesh = assertion_at(nodeid)
        if (requirement, function) not in known:  # a test of the user's own
            return nodeid.removeprefix("::")
        return f"{requirement} {mesh}" if several else requirement

    display = ProgressDisplay(
        Progress(time.monotonic, named),
        lambda: {**own.waits, **shared.read()},
        os.dup(output),
        live=live,
        seconds=seconds,
    )
    for name, plugin in (("smi-waits", own), ("smi-shared-waits", shared), ("smi-progress", display)):
        config.pluginmanager.register(plugin, name)
    controller.preparing = display.preparing
