"""Profiles of meshes: the public names, and reading a file. What a profile is: `record.py`; how its document is read:
`form.py`.

Finding one by the name of its mesh is the job of `registry.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pytest_smi.core.files import read_regular
from pytest_smi.core.nearest import unknown
from pytest_smi.errors import ProfileError
from pytest_smi.profiles.form import parse_profile, profile_document, profile_schema
from pytest_smi.profiles.preconditions import (
    ContainerArgument,
    Manual,
    ObjectField,
    ObjectReference,
    Precondition,
    PreferredVersion,
    WorkloadReference,
)
from pytest_smi.profiles.record import (
    Addressing,
    Injection,
    KubernetesFacts,
    MeshFacts,
    Noted,
    Profile,
    ServiceFacts,
    SplitFacts,
    State,
    VersionSource,
    WorkerFacts,
)
from pytest_smi.profiles.terms import FAMILIES, FEATURES

__all__ = [
    "FAMILIES",
    "FEATURES",
    "Addressing",
    "ContainerArgument",
    "Injection",
    "KubernetesFacts",
    "Manual",
    "MeshFacts",
    "Noted",
    "ObjectField",
    "ObjectReference",
    "Precondition",
    "PreferredVersion",
    "Profile",
    "ServiceFacts",
    "SplitFacts",
    "State",
    "VersionSource",
    "WorkerFacts",
    "WorkloadReference",
    "known_profiles",
    "load_profile",
    "parse_profile",
    "profile_document",
    "profile_schema",
    "read_profile",
]


_LARGEST = 1 << 20
"""Bytes of a profile file: hundreds of times the largest that ships."""


def known_profiles() -> dict[str, Path]:
    """Return the profiles that ship with the package, by mesh name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def load_profile(name: str) -> Profile:
    """Load the shipped profile of mesh `name`; raises ProfileError with the nearest name."""
    known = known_profiles()
    if name not in known:
        raise ProfileError(unknown("mesh", name, known, where="pytest-smi profiles"))
    return read_profile(known[name])


def read_profile(path: Path) -> Profile:
    """Read a profile file; raises ProfileError when it cannot be read or has bad fields."""
    try:
        document = yaml.load(read_regular(path, _LARGEST).decode("utf-8"), _Loader)  # noqa: S506  a SafeLoader
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ProfileError(
            f"the profile {path} cannot be read: {_why(error)}", hint="a profile is a YAML mapping"
        ) from error
    return parse_profile(document, origin=str(path))


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # YAML tells in several lines what it met and where.
    return " ".join(str(error).split())


class _Loader(yaml.SafeLoader):
    """YAML without Python objects, and without two values of one name, of which others would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping whose names are all different."""
        names = [
            key.value
            for key, _ in node.value
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge"
        ]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"the name {twice!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)
