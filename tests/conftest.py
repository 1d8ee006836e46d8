"""Keep the project's own tests away from the user's configuration."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")  # the same examples every time, and no clock: a run tells of a change, not of luck


@pytest.fixture(autouse=True)
def _own_configuration_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing keys that runs make on first use go to a temporary folder."""
    folder: Path = tmp_path_factory.getbasetemp() / "configuration"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.delenv("SMI_SIGNING_KEY", raising=False)
