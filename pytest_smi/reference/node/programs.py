"""Which program a container's command names, and the words of the runtime when there is none. Pure."""

from __future__ import annotations

from pytest_smi.reference.node.images import Executable, Image


class StartError(Exception):
    """The program cannot be executed in the container."""


def find_executable(image: Image, argv: list[str]) -> Executable | None:
    """The program that argv[0] names, None for python3; raises StartError with the runtime's words."""
    name = argv[0].rpartition("/")[2]
    if name in image.executables:
        return image.executables[name]
    if name in ("python3", "python"):
        return None
    raise StartError(f'exec: "{argv[0]}": executable file not found in $PATH')
