"""Keep the project in which a run is started from bending it: its root folder, and how its tests are named.

pytest looks for its root folder before it knows the options of plugins, so it takes the PATH of `--kubeconfig PATH` for
a test path: the user's configuration is ignored, and caches land beside the kubeconfig. Written `--kubeconfig=PATH` it
is right, so that is how a run starts again. It does so too where the project names its test files or functions
otherwise than the bundled suite does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

PATH_OPTIONS = frozenset(
    {
        "--kubeconfig",
        "--mesh-profile",
        "--smi-baseline",
        "--smi-pull-secret",
        "--smi-replay",
        "--smi-report",
        "--smi-signing-key",
    }
)


def joined(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--option PATH` as `--option=PATH`, where the path exists:
    only such a path is mistaken. Touches files."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] in PATH_OPTIONS and Path(argument).exists():
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


BUNDLED = {
    "python_files": ["test_*.py", "*_test.py"],
    "python_functions": ["test"],
    "python_classes": ["Test"],
    "usefixtures": [],
}
"""How the bundled suite is collected, whatever the configuration of the project says in which it is started."""


def overrides(config: pytest.Config) -> list[str]:
    """Return `-o NAME=VALUE` for what the project configures otherwise; nothing when test paths are given,
    which are the user's own."""
    import pytest

    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return []
    different = [name for name, value in BUNDLED.items() if list(config.getini(name)) != value]
    return [word for name in different for word in ("-o", f"{name}={' '.join(BUNDLED[name])}")]


def start_again(config: pytest.Config) -> int | None:
    """Run pytest with the arguments as they were meant, and return its exit status; None when nothing was mistaken."""
    given = list(config.invocation_params.args)
    meant = [*joined(given), *overrides(config)]
    if meant == given:
        return None
    import pytest

    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    return int(pytest.main(meant, plugins=list(config.invocation_params.plugins or ())))
