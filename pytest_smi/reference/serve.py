"""Composes a cluster (zygote, store, API server, node) and the reference mesh into one process
that lives as long as its starter.

Law: nothing is printed on standard output but one JSON line; nothing of a cluster, process or file,
is left when `serve` returns.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smi.reference.fault_table import MESH, mesh_faults
from pytest_smi.reference.node import cluster_faults
from pytest_smi.reference.node.images import BadImage, Images, image_from_spec, parse_image_argument
from pytest_smi.reference.node.lifetime import Lifetime
from pytest_smi.reference.node.zygote_client import ZygoteClient, ZygoteGone

if TYPE_CHECKING:
    from pytest_smi.reference.kube.server import ApiServer
    from pytest_smi.reference.mesh.personas import Persona
    from pytest_smi.reference.node.node import EmbeddedNode

KUBERNETES_VERSION = "v1.32.0"
LONGEST_STATE_DIR = 75
"""Bytes; the rest of the 108 that a Unix socket's path may have is for pod, container and file."""
START_TIMEOUT = 60.0
"""Seconds for the whole start, mesh included."""
STOP_TIMEOUT = 10.0
"""Seconds for an orderly end; then the zygote kills what is left."""


class ServeError(Exception):
    """The cluster cannot start; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What `serve` was asked for; `images` are REF=SPEC arguments."""

    fault: str | None
    cluster_fault: str | None
    mesh: bool
    images: tuple[str, ...]
    state_dir: Path
    persona: str | None = None


def serve(options: ServeOptions) -> int:
    """Run a cluster until its time is over; the exit status."""
    try:
        if sys.platform != "linux":
            raise ServeError(
                "the reference mesh needs Linux", "run it on Linux, or point --mesh and --kubeconfig at a real cluster"
            )
        _check_faults(options)
        persona = _persona(options)
        images = _images(options, persona)
        _make_state_dir(options.state_dir)
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


def _check_faults(options: ServeOptions) -> None:
    known: Mapping[str, Any] = mesh_faults() if options.fault else {}
    if options.fault and options.fault not in known:
        raise ServeError(
            f"--fault takes the name of a fault of the mesh, found {options.fault!r}",
            f"choose one of: {', '.join(sorted(known))}",
        )
    if options.fault and not options.mesh:
        raise ServeError("--fault needs the mesh, found --no-mesh", "leave one of them out")
    if options.cluster_fault and options.cluster_fault not in cluster_faults.CLUSTER_FAULTS:
        names = ", ".join(sorted(cluster_faults.CLUSTER_FAULTS))
        raise ServeError(
            f"--cluster-fault takes the name of a fault of the cluster, found {options.cluster_fault!r}",
            f"choose one of: {names}",
        )


def _persona(options: ServeOptions) -> Persona | None:
    if options.persona is None:
        return None
    if not options.mesh:
        raise ServeError("--persona needs the mesh, found --no-mesh", "leave one of them out")
    from pytest_smi.reference.mesh.personas import PersonaError, find_persona

    try:
        return find_persona(options.persona)
    except PersonaError as error:
        raise ServeError(str(error), "`python -m pytest_smi.reference personas` tells what each of them is") from error


def _images(options: ServeOptions, persona: Persona | None) -> Images:
    images = Images()
    try:
        if options.mesh and importlib.util.find_spec(f"{MESH}.images") is not None:
            from pytest_smi.reference.mesh.images import IMAGES, images_of

            for reference, spec in {**IMAGES, **(images_of(persona) if persona else {})}.items():
                images.add(image_from_spec(reference, spec))
        for argument in options.images:
            images.add(image_from_spec(*parse_image_argument(argument)))
    except BadImage as error:
        raise ServeError(str(error), "see contract 3 in docs/contracts.md for the record of an image") from error
    return images


def _make_state_dir(folder: Path) -> None:
    if len(os.fsencode(folder.absolute())) > LONGEST_STATE_DIR:
        raise ServeError(
            f"--state-dir must have a path of at most {LONGEST_STATE_DIR} bytes (Unix sockets lie in it), "
            f"found {folder.absolute()}",
            "choose a shorter path, for example a new folder in /tmp",
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ServeError(
                f"--state-dir must be empty or new, found files in {folder}", "give each cluster a folder of its own"
            )
        folder.chmod(0o700)
    except OSError as error:
        raise ServeError(f"--state-dir must be a writable folder: {error}", "choose another folder") from error


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
    if options.fault:
        from pytest_smi.reference.mesh.faults import known, specialize
        from pytest_smi.reference.mesh.metrics.install import Installation

        # Some faults are mistakes of the installation, not of a program.
        installation = specialize(Installation, known([options.fault]))()
        objects = manifests.with_fault(installation.objects(objects), options.fault)
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
