"""For all of the project's own tests: no clock or luck, the user's configuration out of reach,
and a cluster for those that need one."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pytest_smi.cluster.embedded import EmbeddedCluster

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # tests press Ctrl-C, also when they were started in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")  # the same examples every time, and no clock: a run tells of a change, not of luck


@pytest.fixture(autouse=True)
def _own_configuration_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing keys that runs make on first use go to a temporary folder."""
    folder: Path = tmp_path_factory.getbasetemp() / "configuration"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.delenv("SMI_SIGNING_KEY", raising=False)


@pytest.fixture(scope="module")
def cluster() -> "Iterator[EmbeddedCluster]":
    """An embedded cluster with the healthy reference mesh that stays for one module:
    what `pytest-smi reference up` keeps running."""
    from pytest_smi.cluster.embedded import EmbeddedCluster

    running = EmbeddedCluster([])
    yield running
    running.stop()
