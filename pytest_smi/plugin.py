"""The pytest plugin: hooks of a few statements. Everything heavy is imported only when `--mesh` is given."""

from __future__ import annotations

import pytest

from pytest_smi.session import options, root_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register `--mesh` and the `--smi-*` options."""
    options.register(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With `--mesh`: register the plugins that steer the run and that run the assertions."""
    if config.getoption("smi_mesh"):
        from pytest_smi.session.register import register_sessions

        register_sessions(config)
    elif config.getoption("smi_fault"):
        raise pytest.UsageError("--smi-fault needs --mesh=reference: faults are those of the embedded reference mesh")


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """With `--mesh` and `-n auto`: as many workers as mesh and nodes carry."""
    if not config.getoption("smi_mesh"):
        return None
    from pytest_smi.session.auto_workers import auto_workers

    return auto_workers(config)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """With `--mesh`: find the root folder again where a path among our options was taken for a test path."""
    if not config.getoption("smi_mesh") or hasattr(config, "workerinput"):
        return None
    return root_folder.start_again(config)
