"""The evidence of one assertion: what was deployed, applied, sent and seen, with times, and why the verdict fell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Evidence:
    """Collects a timeline; times are seconds since the assertion began, from one injected clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._start = clock, clock()
        self._timeline: list[dict[str, Any]] = []
        self._manifests: list[dict[str, Any]] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the assertion began."""
        return self._clock() - self._start

    def event(self, what: str, **details: Any) -> None:
        """Add an event to the timeline."""
        self._timeline.append({"at": round(self.elapsed, 3), "event": what, **details})

    def manifest(self, manifest: dict[str, Any], verb: str) -> None:
        """Record an SMI or Service object that was applied or deleted."""
        metadata = manifest["metadata"]
        self.event(f"{verb} {manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}")
        if verb == "applied":
            self._manifests.append(manifest)

    def refused(self, manifest: dict[str, Any], words: str) -> None:
        """Record an object that the API server, or a webhook of the mesh, did not take."""
        metadata = manifest["metadata"]
        self.event(
            f"refused {manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}",
            words=words,
            manifest=manifest,
        )

    def include(self, other: Evidence) -> None:
        """Put the evidence of a shared scenario before one's own."""
        self._timeline.append(
            {"at": round(self.elapsed, 3), "event": "judges the shared scenario", "timeline": other._timeline}
        )
        self._manifests.extend(other._manifests)

    def document(self, **header: Any) -> dict[str, Any]:
        """Return the evidence document; `header` names requirement, verdict and limits."""
        return {**header, "manifests": self._manifests, "timeline": self._timeline}
