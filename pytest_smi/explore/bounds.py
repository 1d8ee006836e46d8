"""What random worlds may say on a mesh: versions, features, and what can be written in them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_smi.smi.model import SmiObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a world may say: the versions that are tested, the features of the mesh, and what can be written."""

    versions: Mapping[str, str]
    features: frozenset[str]
    says: Callable[[SmiObject], bool]
    """Whether the versions have words for an object."""
    splits: bool = True
    """Whether splits are explored."""

    @property
    def access(self) -> bool:
        """Whether the mesh enforces access, so far as it is tested."""
        return {"access", "specs"} <= set(self.versions)

    @property
    def protocols(self) -> frozenset[str]:
        """What ports are asked in."""
        return frozenset({"http"} | ({"tcp", "tcp-server-first"} if "tcp" in self.features else set())) | (
            {"udp"} if "udp" in self.features else set()
        )
