"""What `serve` is asked for, and the refusals of what it cannot do."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smi.reference.fault_table import MESH, mesh_faults
from pytest_smi.reference.node import cluster_faults
from pytest_smi.reference.node.images import BadImage, Images, image_from_spec, parse_image_argument

if TYPE_CHECKING:
    from pytest_smi.reference.mesh.personas import Persona


LONGEST_STATE_DIR = 75
"""Bytes; the rest of the 108 that a Unix socket's path may have is for pod, container and file."""


class ServeError(Exception):
    """The cluster cannot start; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What `serve` was asked for; `images` are REF=SPEC arguments."""

    faults: tuple[str, ...]
    cluster_fault: str | None
    mesh: bool
    images: tuple[str, ...]
    state_dir: Path
    persona: str | None = None


def check_faults(options: ServeOptions) -> None:
    """Raise ServeError for faults that do not exist or exclude each other."""
    known: Mapping[str, Any] = mesh_faults() if options.faults else {}
    for fault in options.faults:
        if fault not in known:
            raise ServeError(
                f"--fault takes names of faults of the mesh, found {fault!r}",
                f"choose of: {', '.join(sorted(known))}",
            )
    if options.faults and not options.mesh:
        raise ServeError("--fault needs the mesh, found --no-mesh", "leave one of them out")
    if options.cluster_fault and options.cluster_fault not in cluster_faults.CLUSTER_FAULTS:
        names = ", ".join(sorted(cluster_faults.CLUSTER_FAULTS))
        raise ServeError(
            f"--cluster-fault takes the name of a fault of the cluster, found {options.cluster_fault!r}",
            f"choose one of: {names}",
        )


def persona_of(options: ServeOptions) -> Persona | None:
    """Return the persona that is asked for; raises ServeError for an unknown one."""
    if options.persona is None:
        return None
    if not options.mesh:
        raise ServeError("--persona needs the mesh, found --no-mesh", "leave one of them out")
    from pytest_smi.reference.mesh.personas import PersonaError, find_persona

    try:
        return find_persona(options.persona)
    except PersonaError as error:
        raise ServeError(str(error), "`python -m pytest_smi.reference personas` tells what each of them is") from error


def images_for(options: ServeOptions, persona: Persona | None) -> Images:
    """Return the images that the node has, those of the persona's control plane included; raises ServeError for a bad
    one."""
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


def make_state_dir(folder: Path) -> None:
    """Make the folder of the state, for its owner alone; raises ServeError when that cannot be."""
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
