"""Decide which of the two session plugins this process needs: the controller's, a worker's, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_smi.errors import SmiError
from pytest_smi.session.exploration_options import searches
from pytest_smi.session.host_project import choose_paths
from pytest_smi.session.options import from_config
from pytest_smi.session.waiting import WORKER_FILE, WaitReporter

if TYPE_CHECKING:
    from pytest_smi.matrix.matrix import Matrix
    from pytest_smi.testbed.target import MeshTarget


def register_sessions(config: pytest.Config) -> None:
    """Register the session plugins; without paths of the user's the bundled suite is what runs."""
    from pytest_smi.session.worker import WorkerSession

    options = from_config(config)
    worker_input = getattr(config, "workerinput", None)
    choose_paths(config)
    if worker_input is not None:
        config.pluginmanager.register(WorkerSession.from_wire(config, worker_input["smi"]), "smi-worker")
        if WORKER_FILE in worker_input:
            config.pluginmanager.register(WaitReporter(Path(worker_input[WORKER_FILE])), "smi-waits")
        if searches(options):
            from pytest_smi.testbed.target import MeshTarget

            targets = {name: MeshTarget.from_wire(data) for name, data in worker_input["smi"].items()}
            _register_search(config, lambda: targets, Path(worker_input["smi_spool"]))
        _report_to_allure(config, None)
        return
    from pytest_smi.session.controller import ControllerSession
    from pytest_smi.session.progress_setup import show_progress

    try:
        if options.replay is not None:
            from pytest_smi.session.exploration_item import case_in

            case_in(options.replay)
        controller = ControllerSession(config, options)
    except SmiError as error:
        raise pytest.UsageError(str(error)) from error
    if not controller.collect_only:
        show_progress(config, controller)
    config.pluginmanager.register(controller, "smi-controller")
    if not _distributed(config):
        config.pluginmanager.register(WorkerSession(config, controller.connected), "smi-worker")
        if searches(options):
            _register_search(config, controller.connected, controller.explorations.spool)
    _report_to_allure(config, lambda: controller.matrix)


def _register_search(config: pytest.Config, targets: Callable[[], Mapping[str, MeshTarget]], spool: Path) -> None:
    from pytest_smi.session.exploration_item import ExplorationWorker

    config.pluginmanager.register(ExplorationWorker(config, targets, spool), "smi-exploration")


def _report_to_allure(config: pytest.Config, matrix: Callable[[], Matrix | None] | None) -> None:
    """With `--alluredir`, which is there only when allure-pytest is installed: fill in what Allure writes."""
    if config.getoption("allure_report_dir", None):
        from pytest_smi.session.allure import AllureReport

        config.pluginmanager.register(AllureReport(config, matrix), "smi-allure")


def _distributed(config: pytest.Config) -> bool:
    """Return whether pytest-xdist hands the tests to other processes."""
    return bool(
        config.pluginmanager.hasplugin("dsession")
        or getattr(config.option, "tx", None)
        or getattr(config.option, "numprocesses", None)
    )
