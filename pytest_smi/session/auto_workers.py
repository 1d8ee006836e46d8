"""`-n auto`: as many workers as the profile of the mesh and the nodes carry, with the reason in words.

pytest-xdist asks before anything of a run is set up, so what cannot be read is no error here: the run says it later.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.doctor.capacity import Room
from pytest_smi.doctor.detection import AUTO, detect
from pytest_smi.doctor.nodes import asked_per_pod, read_room
from pytest_smi.errors import SmiError
from pytest_smi.profiles.load import Profile
from pytest_smi.profiles.registry import all_profiles, find_profile
from pytest_smi.session.option_values import MeshChoice
from pytest_smi.session.options import Options, from_config
from pytest_smi.testbed.placement import Placement, read_placement

REASON = pytest.StashKey[str]()
"""What the number of workers is, and why, for the header of the run."""
Carried = tuple[int, str]
"""Workers, and what sets that bound."""


def auto_workers(config: pytest.Config) -> int | None:
    """Return the number of workers, and keep the reason; None where somebody else is to decide."""
    if config.option.numprocesses != "auto" or os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    options = from_config(config)
    bounds = [bound for choice in options.meshes for bound in _bounds(options, choice)]
    number, reason = decide(bounds)
    config.stash[REASON] = reason
    return number


def decide(bounds: Sequence[Carried]) -> Carried:
    """Return the least bound, one at least, and the sentence that tells it. Pure."""
    number, what = min(bounds, key=lambda bound: bound[0], default=(1, "no mesh is known"))
    number = max(1, number)
    return number, f"-n auto: {number} worker{'s' if number > 1 else ''}: {what}"


def _bounds(options: Options, choice: MeshChoice) -> list[Carried]:
    try:
        if choice.name != AUTO:
            profile = find_profile(choice.name, options.profiles)
            if profile.provider == "embedded" and not (choice.context or options.kubeconfig):
                return [_of_profile(profile), of_this_machine(len(os.sched_getaffinity(0)))]
        connection = Connection(options.kubeconfig, choice.context)
    except SmiError:
        return []
    try:
        if choice.name == AUTO:
            profile = detect(connection, all_profiles(options.profiles))
        found = read_room(connection, asked_per_pod(profile.workers), _placement(options))
    except SmiError:
        return []
    finally:
        connection.close()
    return [_of_profile(profile), *of_nodes(found, set(profile.apis) & set(options.apis))]


def _of_profile(profile: Profile) -> Carried:
    return profile.workers.most, f"the profile of {profile.name} has workers.most {profile.workers.most}"


def of_this_machine(processors: int) -> Carried:
    """Return what the embedded cluster carries: its pods compute where the run does. Pure."""
    return processors, f"the embedded cluster is on this machine, which has {processors} processor(s)"


def of_nodes(found: Room | str, apis: Collection[str]) -> list[Carried]:
    """Return what the nodes carry; nothing where that is not known. Pure."""
    if isinstance(found, str):
        return []
    return [
        (
            found.workers(apis),
            f"the nodes have room for {found.pods} more pods, by what those ask for ({found.short_of})",
        )
    ]


def _placement(options: Options) -> Placement:
    return read_placement(options.node_selector, options.tolerations, None, image="")
