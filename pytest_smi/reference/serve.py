"""Composes a cluster (zygote, store, API server, node) and the reference mesh into one process
that lives as long as its starter.

Law: nothing is printed on standard output but one JSON line; nothing of a cluster, process or file,
is left when `serve` returns.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smi.reference.node import cluster_faults
from pytest_smi.reference.node.images import Images
from pytest_smi.reference.node.lifetime import Lifetime
from pytest_smi.reference.node.zygote_client import ZygoteClient, ZygoteGone
from pytest_smi.reference.serve_options import (
    ServeError,
    ServeOptions,
    check_faults,
    images_for,
    make_state_dir,
    persona_of,
)

if TYPE_CHECKING:
    from pytest_smi.reference.kube.server import ApiServer
    from pytest_smi.reference.node.node import EmbeddedNode

KUBERNETES_VERSION = "v1.32.0"
START_TIMEOUT = 60.0
"""Seconds for the whole start, mesh included."""
STOP_TIMEOUT = 10.0
"""Seconds for an orderly end; then the zygote kills what is left."""


def serve(options: ServeOptions) -> int:
    """Run a cluster until its time is over; the exit status."""
    try:
        if sys.platform != "linux":
            raise ServeError(
                "the reference mesh needs Linux", "run it on Linux, or point --mesh and --kubeconfig at a real cluster"
            )
        check_faults(options)
        persona = persona_of(options)
        images = images_for(options, persona)
        make_state_dir(options.state_dir)
    except ServeError as error:
        return _fail(error)
    zygote = ZygoteClient(packages=images.packages, preload=images.preload, state_dir=options.state_dir)
    try:
        # Imported while the zygote imports what it needs.
        import uvloop

        return uvloop.run(_run(options, images, zygote))
    except ServeError as error:
        return _fail(error)
    except Exception as error:
        traceback.print_exc()
        return _fail(
            ServeError(
                f"the cluster failed: {type(error).__name__}: {error}",
                "this is a defect; the lines on standard error say where",
            )
        )
    finally:
        zygote.close()
        shutil.rmtree(options.state_dir, ignore_errors=True)


def _fail(error: ServeError) -> int:
    _say({"error": str(error), "hint": error.hint})
    return 1


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def progress(text: str) -> None:
    """A line for people."""
    sys.stderr.write(f"reference cluster: {text}\n")
    sys.stderr.flush()


async def _run(options: ServeOptions, images: Images, zygote: ZygoteClient) -> int:
    from pytest_smi.reference.kube.server import ApiServer
    from pytest_smi.reference.kube.store import Store
    from pytest_smi.reference.node.addresses import AddressesExhausted
    from pytest_smi.reference.node.node import EmbeddedNode

    lifetime = Lifetime()
    lifetime.start()
    loop = asyncio.get_running_loop()
    store = Store()
    state_dir = options.state_dir.absolute()
    faults = cluster_faults.ClusterFaults(options.cluster_fault)
    try:
        node = EmbeddedNode(store=store, zygote=zygote, images=images, state_dir=state_dir, faults=faults)
    except AddressesExhausted as error:
        raise ServeError(str(error), "end reference clusters that still run") from error
    api = ApiServer(
        store,
        state_dir=state_dir,
        pod_access=node.pod_access,
        resolve_service=node.resolve_service,
        allocate_cluster_ip=node.allocate_cluster_ip,
    )
    over = loop.create_task(lifetime.ended.wait())
    try:
        start = loop.create_task(_start(options, api, node))
        await asyncio.wait({start, over}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
            return 0
        await start
        _say({"kubeconfig": str(api.kubeconfig_path), "version": KUBERNETES_VERSION, "pid": os.getpid()})
        node.ready()
        await over
    finally:
        over.cancel()
        # Pods first: their controllers and probes speak with an API server that is still there.
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await node.stop()
                await api.stop()
        except TimeoutError:
            progress(f"did not stop in {STOP_TIMEOUT:g} s; what is left is killed")
    return 0


async def _start(options: ServeOptions, api: ApiServer, node: EmbeddedNode) -> None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(START_TIMEOUT):
            await api.start()
            await node.start(api, version=KUBERNETES_VERSION)
            progress(f"API server at {api.url} after {time.monotonic() - began:.2f} s")
            await _install_mesh(options, api)
    except TimeoutError:
        hint = "see the lines above; the machine may be overloaded"
        raise ServeError(f"the cluster was not ready after {START_TIMEOUT:g} s", hint) from None
    except (OSError, ZygoteGone) as error:
        raise ServeError(f"the cluster cannot start: {error}", "see the lines above") from error
    progress(f"ready after {time.monotonic() - began:.2f} s")


async def _install_mesh(options: ServeOptions, api: ApiServer) -> None:
    from pytest_smi.reference.node import manifests

    folder = Path(__file__).parent / "mesh" / "manifests"
    files = sorted(folder.glob("*.yaml"))
    if not options.mesh:
        files = [file for file in files if file.name.startswith("00-crds")]
    objects = [obj for file in files for obj in manifests.load(file)]
    if options.faults:
        from pytest_smi.reference.mesh.faults import known, specialize
        from pytest_smi.reference.mesh.metrics.discovery import Installation

        # Some faults are mistakes of the installation, not of a program.
        installation = specialize(Installation, known(options.faults))()
        objects = manifests.with_faults(installation.objects(objects), options.faults)
    if options.persona:
        from pytest_smi.reference.mesh.personas import find_persona
        from pytest_smi.reference.mesh.personas.install import objects_of

        objects = objects_of(find_persona(options.persona), objects)
    try:
        await manifests.install(api, objects)
    except manifests.InstallError as error:
        raise ServeError(
            f"the reference mesh could not be installed: {error}", "this is a defect of the reference mesh"
        ) from error
