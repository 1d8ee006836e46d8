"""What became of a request: the record, and which outcome an error of the operating system stands for. Pure."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from sample_app.errors import LocalFault, ProbeFailure, ProtocolError

OUTCOMES = {
    "answer": "an HTTP response, or the TCP or UDP echo",
    "refused": "nothing listens there",
    "reset": "the peer reset the connection or the stream",
    "closed": "the peer closed the connection before any byte of an answer",
    "timeout": "no connection, or no whole answer, in time",
    "dns": "the name did not resolve: says nothing about the peer",
    "unreachable": "no route, or a packet filter said no",
    "protocol": "the peer answered with something else",
}
"""Every outcome and its meaning."""

_BY_ERRNO = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNABORTED: "reset",
    errno.ENOTCONN: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTDOWN: "unreachable",
    errno.ENETDOWN: "unreachable",
    errno.EPERM: "unreachable",
    errno.EACCES: "unreachable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good end: the status (HTTP), the pod that answered, and whether it is our echo of this very nonce."""

    status: int | None
    pod: str | None
    echo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of request `i`: `ms` milliseconds long, begun `t` seconds after the prober."""

    i: int
    outcome: str
    ms: float
    t: float
    answer: Answer | None = None
    error: str | None = None
    reconnected: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the record as contract 1 has it."""
        answer = self.answer
        record: dict[str, object] = {
            "i": self.i,
            "outcome": self.outcome,
            "status": answer.status if answer else None,
            "pod": answer.pod if answer else None,
            "echo": answer.echo if answer else False,
            "ms": round(self.ms, 3),
            "t": round(self.t, 4),
        }
        if self.error is not None:
            record["error"] = self.error
        if self.reconnected:
            record["reconnected"] = True
        return record


def classify(failure: BaseException, timeout: float) -> tuple[str, str]:
    """Outcome and text for what a request raised. Raises LocalFault where the prober, not the peer, is the cause."""
    if isinstance(failure, ProbeFailure):
        return failure.outcome, str(failure)
    if isinstance(failure, ProtocolError):
        return "protocol", str(failure)
    if isinstance(failure, TimeoutError):  # before OSError: it is one
        return "timeout", f"no whole answer within {timeout:g} s"
    if isinstance(failure, OSError):
        outcome = _BY_ERRNO.get(failure.errno or 0)
        if outcome is not None:
            return outcome, failure.strerror or outcome
        raise LocalFault(f"the prober could not send: {failure}") from failure
    raise failure
