"""Keep the project's own tests away from the user's configuration."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_configuration_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing keys that runs make on first use go to a temporary folder."""
    folder: Path = tmp_path_factory.getbasetemp() / "configuration"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.delenv("SMI_SIGNING_KEY", raising=False)
