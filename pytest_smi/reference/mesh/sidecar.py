"""The program of the sidecar container: gets the pod's identity and configuration from the control plane
and runs its data plane."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import Any

import uvloop

from pytest_smi.reference.mesh.composition import data_plane
from pytest_smi.reference.mesh.identity import client_context, server_context, write_private
from pytest_smi.reference.mesh.proxy.config_client import ConfigClient
from pytest_smi.reference.mesh.readiness import Ready

READY_PORT = 15020
_RETRY_SECONDS = 0.1
_RETRY_MOST_SECONDS = 2.0
_FIRST_CONFIG_SECONDS = 60.0

_log = logging.getLogger("smi-proxy")


class Sidecar:
    """One pod's sidecar."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._tmp = Path(environment.get("TMPDIR", "/tmp"))  # noqa: S108  # the container's own folder
        pod_ip = environment["SANDBOX_POD_IP"]
        self._app_ip = environment.get("SANDBOX_APP_IP", pod_ip)
        self.plane = data_plane(pod_ip, self._app_ip)
        self._authority = environment["SMI_MESH_AUTHORITY"].encode("ascii")
        folder = Path(environment["SERVICEACCOUNT_DIR"])
        host, _, port = environment["SMI_CONTROL_PLANE"].rpartition(":")
        self._client = ConfigClient(
            host=host,
            port=int(port),
            authority=self._authority,
            pod=((folder / "namespace").read_text().strip(), environment.get("POD_NAME") or environment["HOSTNAME"]),
            token_file=folder / "token",
            on_identity=self._on_identity,
            on_config=self._on_config,
            export=self.plane.recorder.export,
        )
        self._known: set[str] = set()
        self.configured = asyncio.Event()
        self.ready = False
        self._ready_servers: list[asyncio.Server] = []

    async def _on_identity(self, chain: bytes, key: bytes) -> None:
        chain_file = write_private(self._tmp / "svid.pem", chain)
        key_file = write_private(self._tmp / "svid.key", key)
        server = server_context(chain_file, key_file, authority=self._authority)
        await self.plane.replace_identity(server, client_context(chain_file, key_file, authority=self._authority))

    def _on_config(self, changed: dict[str, Any], removed: list[str], whole: bool) -> None:
        if whole:  # the first of a stream has everything: what it does not name is gone
            removed = [*removed, *(self._known - changed.keys())]
        self._known = (self._known | changed.keys()) - set(removed)
        self.plane.state.apply(changed, removed)
        self.configured.set()

    async def _follow(self) -> None:
        pause = _RETRY_SECONDS
        while True:
            try:
                await self._client.follow()
            except TimeoutError:
                pause = _RETRY_SECONDS  # the certificate is due for renewal, or the control plane is slow
            except OSError as error:
                _log.warning("configuration stream: %s; trying again in %.1f s", error, pause)
            # The old configuration and identity stay in force until the stream is back.
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY_MOST_SECONDS)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. TimeoutError: no configuration came within a minute."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        follower = loop.create_task(self._follow())
        try:
            waiting = [loop.create_task(self.configured.wait()), loop.create_task(stopped.wait())]
            done, _ = await asyncio.wait(waiting, timeout=_FIRST_CONFIG_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise TimeoutError(
                    "the control plane sent no configuration within a minute: is it running, "
                    "and is this pod known to it?"
                )
            if self.configured.is_set():
                await self.plane.start()
                await self._listen_ready()
                self.ready = True
                await stopped.wait()
            await self.plane.stop()
        finally:
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower

    async def _listen_ready(self) -> None:
        # Probes of the node go to the application's address; people look at the pod's.
        for address in {self._app_ip, self.plane.pod_ip}:
            self._ready_servers.append(await asyncio.get_running_loop().create_server(Ready, address, READY_PORT))


def main(argv: list[str] | None = None) -> int:
    """Run the sidecar; the exit status."""
    argparse.ArgumentParser(prog="smi-proxy", description="The sidecar of the SMI reference mesh.").parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(dict(os.environ)))
    except (KeyError, TimeoutError) as error:
        _log.error("cannot run: %s", error if isinstance(error, TimeoutError) else f"the environment lacks {error}")
        return 1
    return 0


async def _run(environment: dict[str, str]) -> None:
    await Sidecar(environment).run()


if __name__ == "__main__":
    raise SystemExit(main())
