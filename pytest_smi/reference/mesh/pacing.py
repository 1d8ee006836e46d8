"""When a change of the cluster is published: at once but for what comes in the same moment,
or batched as a persona's mesh does; pure."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_smi.reference.mesh.personas.record import Persona

AT_ONCE_SECONDS = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """Publish `quiet` seconds after the last change, `longest` seconds after the first at most."""

    quiet: float = AT_ONCE_SECONDS
    longest: float = AT_ONCE_SECONDS

    @classmethod
    def of(cls, persona: Persona | None) -> Pacing:
        """Return the pacing of a persona, in scaled seconds; without one, at once."""
        if persona is None:
            return cls()
        quiet = max(AT_ONCE_SECONDS, persona.pace.quiet * persona.pace.scale)
        return cls(quiet=quiet, longest=max(quiet, persona.pace.longest * persona.pace.scale))

    @property
    def slides(self) -> bool:
        """Whether a further change puts publication off."""
        return self.longest > self.quiet

    def due(self, now: float, first: float) -> float:
        """When to publish, after a change now and a first one at `first`."""
        return min(now + self.quiet, first + self.longest)
