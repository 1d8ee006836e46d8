"""Profiles of meshes: the public names. What a profile is: `profile_record.py`; how it is read: `profile_read.py`.

Finding one by the name of its mesh is the job of `profile_registry.py`.
"""

from __future__ import annotations

from pathlib import Path

from pytest_smi.errors import ProfileError
from pytest_smi.profiles.read import parse_profile
from pytest_smi.profiles.record import (
    FAMILIES,
    FEATURES,
    KubernetesFacts,
    Marks,
    MeshFacts,
    Noted,
    ObjectReference,
    Precondition,
    Profile,
    ServiceFacts,
    SplitFacts,
    State,
    WorkloadReference,
)

__all__ = [
    "FAMILIES",
    "FEATURES",
    "KubernetesFacts",
    "Marks",
    "MeshFacts",
    "Noted",
    "ObjectReference",
    "Precondition",
    "Profile",
    "ServiceFacts",
    "SplitFacts",
    "State",
    "WorkloadReference",
    "known_profiles",
    "load_profile",
    "parse_profile",
    "read_profile",
]


def known_profiles() -> dict[str, Path]:
    """Return the profiles that ship with the package, by mesh name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def load_profile(name: str) -> Profile:
    """Load the shipped profile of mesh `name`; raises ProfileError that lists the known names."""
    known = known_profiles()
    if name not in known:
        raise ProfileError(f"unknown mesh {name!r}", hint=f"known meshes: {', '.join(known)}")
    return read_profile(known[name])


def read_profile(path: Path) -> Profile:
    """Read a profile file; raises ProfileError when it cannot be read or has bad fields."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProfileError(f"the profile {path} cannot be read: {error}", hint="a profile is a YAML mapping") from error
    return parse_profile(document, origin=str(path))
