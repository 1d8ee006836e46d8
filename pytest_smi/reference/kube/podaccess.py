"""What the API server needs from the node to serve pods/exec and pods/log. Protocols only; the node implements them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class ExecFailed(Exception):
    """The program of a session could not be started; the text is the container runtime's."""


class ExecSession(Protocol):
    """One program started in a container."""

    async def write(self, data: bytes) -> None:
        """Send bytes to its standard input."""

    async def close_stdin(self) -> None:
        """End its standard input."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield its output as it comes: (1, bytes) standard output, (2, bytes) standard error. Ends when both are
        closed."""

    async def wait(self) -> int:
        """Return its exit status, negative for the signal that ended it; raises ExecFailed when there never was a
        program."""

    async def kill(self) -> None:
        """End it and its children; harmless when it has ended."""


class PodAccess(Protocol):
    """The node's way into its pods.

    Both raise an ApiError (for example NotFound, BadRequest) when the container cannot be reached.
    """

    async def exec(
        self,
        namespace: str,
        pod: str,
        container: str | None,
        command: list[str],
        *,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        tty: bool,
    ) -> ExecSession:
        """Start `command` in a container (None: the node chooses; the API server always names one)."""

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str | None,
        *,
        follow: bool,
        tail_lines: int | None,
        since_seconds: float | None,
        timestamps: bool,
        previous: bool,
    ) -> AsyncIterator[bytes]:
        """Yield a container's output, in pieces that end where they end; with `follow`, until the container ends."""
