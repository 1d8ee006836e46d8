"""The zygote and its client, with real forks."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pytest_smi.reference.node.images import Executable
from pytest_smi.reference.node.zygote_client import Process, ZygoteClient, ZygoteGone

MODULE = """
import os, subprocess, sys, time
import json as preloaded

def main(argv):
    if argv[0] == "where":
        print(os.getcwd(), os.environ.get("NAME"), sorted(os.environ), os.getsid(0) == os.getpid(), sys.argv)
    elif argv[0] == "raise":
        raise RuntimeError("defect")
    elif argv[0] == "text":
        sys.exit("words")
    elif argv[0] == "sleep":
        time.sleep(60)
    elif argv[0] == "child":
        print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
        time.sleep(60)
    return 7
"""

Start = Callable[..., Awaitable[tuple[Process, int]]]
Scenario = Callable[[ZygoteClient, Start], Awaitable[None]]


@pytest.fixture
def with_zygote(tmp_path: Path, short_folder: Path) -> Callable[[Scenario], None]:
    """Runs a scenario with a zygote that knows the package above."""
    package = tmp_path / "forked_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "program.py").write_text(MODULE)
    (package / "script.py").write_text("import sys\nprint('as', __name__, sys.argv[1:])\n")
    state = short_folder / "z"
    state.mkdir()

    def run(scenario: Scenario) -> None:
        client = ZygoteClient(
            packages={"forked_package": str(package)}, preload=["forked_package.program"], state_dir=state
        )

        async def start(*args: str, module: str = "program", env: dict[str, str] | None = None) -> tuple[Process, int]:
            program = Executable(package="forked_package", path=str(package), module=f"forked_package.{module}")
            read_end, write_end = os.pipe()
            null = os.open(os.devnull, os.O_RDONLY)
            process = await client.start(
                argv=["prog", *args],
                executable=program,
                env=env or {},
                cwd=tmp_path,
                network=None,
                descriptors=(null, write_end, write_end),
            )
            os.close(write_end)
            os.close(null)
            return process, read_end

        async def main() -> None:
            await client.connect()
            async with asyncio.timeout(20):
                await scenario(client, start)

        try:
            asyncio.run(main())
        finally:
            client.close()
        assert not state.exists()

    return run


def text(descriptor: int) -> str:
    """All that a program wrote."""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read().decode()


class TestProgram:
    """What a forked program sees and how it ends."""

    def test_has_only_its_own_environment(self, with_zygote: Callable[[Scenario], None], tmp_path: Path) -> None:
        """Working directory, environment, session and arguments are the container's; the exit status is main's."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            process, out = await start("where", env={"NAME": "value"})
            assert await process.exited == 7
            assert text(out) == f"{tmp_path} value ['NAME'] True ['prog', 'where']\n"

        with_zygote(scenario)

    def test_a_module_without_main_runs_as_main(self, with_zygote: Callable[[Scenario], None]) -> None:
        """A module without main() is run as a script."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            process, out = await start("a", module="script")
            assert await process.exited == 0
            assert text(out) == "as __main__ ['a']\n"

        with_zygote(scenario)

    def test_errors_are_statuses(self, with_zygote: Callable[[Scenario], None]) -> None:
        """An exception is status 1 with its traceback, a text exit is status 1 with the text, no module is status 1."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            for args, module, said in (
                (("raise",), "program", "RuntimeError: defect"),
                (("text",), "program", "words"),
                ((), "gone", "forked_package.gone"),
            ):
                process, out = await start(*args, module=module)
                assert await process.exited == 1
                found = text(out)
                assert said in found
                assert "zygote" not in found

        with_zygote(scenario)

    def test_kill_takes_the_group(self, with_zygote: Callable[[Scenario], None]) -> None:
        """A killed program takes its own children with it; the status is the signal."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            process, out = await start("child", env={"PATH": os.environ["PATH"]})
            stream = os.fdopen(out, "rb")
            child = int(await asyncio.to_thread(stream.readline))
            watched = os.pidfd_open(child)
            process.kill(signal.SIGTERM)
            assert await process.exited == -signal.SIGTERM
            assert stream.read() == b""  # the pipe is closed by the last of them
            stream.close()
            # A process closes its files before it counts as ended: its pidfd tells the end itself.
            ended, _, _ = await asyncio.to_thread(select.select, [watched], [], [], 30)
            os.close(watched)
            assert ended

        with_zygote(scenario)

    def test_a_cancelled_start_leaves_no_process(self, with_zygote: Callable[[Scenario], None]) -> None:
        """Who gives up waiting for a start has no process left over."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            task = asyncio.ensure_future(start("sleep"))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            children = Path(f"/proc/{client.pid}/task/{client.pid}/children")
            process, out = await start("where")
            await process.exited
            os.close(out)
            for _ in range(500):
                if not children.read_text().split():
                    break
                await asyncio.sleep(0.01)
            assert not children.read_text().split()

        with_zygote(scenario)


class TestLoss:
    """The zygote's own end."""

    def test_every_process_counts_as_killed(self, with_zygote: Callable[[Scenario], None]) -> None:
        """When the zygote dies its programs die, are reported as killed, and a further start fails clearly."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            process, out = await start("sleep")
            os.kill(client.pid, signal.SIGKILL)
            assert await process.exited == -signal.SIGKILL
            assert text(out) == ""
            with pytest.raises(ZygoteGone):
                await start("where")
            (Path(client._boot).parent).exists()  # the folder is removed by the next line, as nobody else does now
            import shutil

            shutil.rmtree(client._boot.parent)

        with_zygote(scenario)


class TestRace:
    """Programs that end at once."""

    def test_an_immediate_exit_is_not_lost(self, with_zygote: Callable[[Scenario], None]) -> None:
        """A process whose exit is reported together with its start is handed out, ended."""

        async def scenario(client: ZygoteClient, start: Start) -> None:
            # The start's task runs after both reports were handled, as on a busy machine.
            future: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
            client._starting[99] = future
            client._handle({"started": 4_000_000, "id": 99})
            client._handle({"exited": 4_000_000, "status": 3})
            assert await (await future).exited == 3

        with_zygote(scenario)
