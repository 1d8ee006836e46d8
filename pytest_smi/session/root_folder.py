"""Start a run again where pytest took its arguments otherwise than they were meant.

pytest looks for its root folder before it knows the options of plugins, so it takes the PATH of `--kubeconfig PATH` for
a test path: the user's configuration is ignored, and caches land beside the kubeconfig. Written `--kubeconfig=PATH` it
is right, so that is how a run starts again. It does so too where the configuration of the project would bend the
bundled suite, see `host_project`.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """Return the arguments with `--option PATH` as `--option=PATH`.

    Also where the path does not exist: that of a report does when the workers of pytest-xdist read the arguments.
    """
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] in PATH_OPTIONS:
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


def start_again(config: pytest.Config) -> int | None:
    """Run pytest with the arguments as they were meant, and return its exit status; None when nothing was mistaken."""
    from pytest_smi.session.host_project import overrides

    given = list(config.invocation_params.args)
    meant = [*joined(given), *overrides(config)]
    if meant == given:
        return None
    import pytest

    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    return int(pytest.main(meant, plugins=list(config.invocation_params.plugins or ())))
