"""The errors of the sample application, and when each occurs."""

from __future__ import annotations


class SampleAppError(Exception):
    """Base of them all."""


class ProtocolError(SampleAppError):
    """The peer sent bytes that are not the protocol it should speak."""


class PlanError(SampleAppError):
    """A plan line breaks its contract; the text names the field, what was found and what is allowed."""


class ProbeFailure(SampleAppError):
    """A request got no answer, for a reason that only the protocol's own client knows (`outcome`, text)."""

    def __init__(self, outcome: str, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome


class LocalFault(SampleAppError):
    """The prober itself could not send (no descriptor or port left): says nothing about the peer."""


class SettingsError(SampleAppError):
    """An environment variable of the server has no usable value."""
