"""The two programs that the suite keeps open in pods: the prober of a client and the journal of a server."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.sessions import ExecSession
from pytest_smi.core.interrupts import result_of
from pytest_smi.errors import HarnessError
from pytest_smi.testbed.probing.observation import Arrival
from pytest_smi.testbed.probing.plan import ProbeBatch

CONTAINER = "app"


class _Session:
    """Request/answer bookkeeping over one ExecSession."""

    program = ""

    def __init__(self, connection: Connection, namespace: str, pod: str, *, deadline: float) -> None:
        self.pod, self.namespace, self._deadline = pod, namespace, deadline
        self._ids = itertools.count(1)
        self._waiting: dict[str, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._ended = ""
        self._ready: Future[dict[str, Any]] = Future()
        self._session = ExecSession(
            connection,
            namespace=namespace,
            pod=pod,
            container=CONTAINER,
            command=["sample-app", self.program],
            on_line=self._line,
            on_end=self._end,
        )

    def await_ready(self) -> None:
        """Wait until the program has reported; raises HarnessError."""
        self.result(self._ready, self._deadline)

    def ask(self, message: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """Send a message under a fresh id and return the future of its answer."""
        identifier = str(next(self._ids))
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._ended:
                raise HarnessError(f"{self._session.name} has ended: {self._ended}")
            self._waiting[identifier] = future
        self._session.send({**message, "id": identifier})
        return future

    def result(self, future: Future[dict[str, Any]], patience: float) -> dict[str, Any]:
        """Wait for an answer; raises HarnessError when it does not come in `patience` seconds."""
        try:
            return result_of(future, patience)
        except TimeoutError:
            raise HarnessError(f"{self._session.name} did not answer within {patience:.0f} s") from None

    @property
    def ended(self) -> bool:
        """Whether the program or its stream is gone."""
        return bool(self._ended)

    def close(self) -> None:
        """End the program."""
        self._session.close()

    def _identify(self, message: Mapping[str, Any]) -> str | None:
        raise NotImplementedError

    def _line(self, message: dict[str, Any]) -> None:
        if message.get("ready"):
            self._ready.set_result(message)
            return
        identifier = self._identify(message)
        with self._lock:
            future = self._waiting.pop(identifier, None) if identifier is not None else None
        if future is not None:
            future.set_result(message)

    def _end(self, reason: str) -> None:
        with self._lock:
            self._ended = reason or "ended"
            waiting, self._waiting = list(self._waiting.values()), {}
        if not self._ready.done():
            waiting.append(self._ready)
        for future in waiting:
            future.set_exception(HarnessError(f"{self._session.name} ended: {reason}"))


class Prober(_Session):
    """The prober in a client's pod."""

    program = "prober"

    def start(self, batch: ProbeBatch) -> Future[dict[str, Any]]:
        """Send a batch; the future is for `finish`."""
        return self.ask(batch.to_json())

    def finish(self, batch: ProbeBatch, future: Future[dict[str, Any]]) -> list[dict[str, Any]]:
        """Wait for a batch's results."""
        per_request = max(batch.timeout, batch.interval)
        requests = batch.repeat * len(batch.call.requests)
        patience = self._deadline + requests * batch.interval + per_request * (requests / max(1, batch.concurrency) + 1)
        answer = self.result(future, patience)
        if answer.get("error"):
            raise HarnessError(f"the prober in {self.namespace}/{self.pod} refused a plan: {answer['error']}")
        results: list[dict[str, Any]] = answer["results"]
        return results

    def addresses(self, host: str) -> list[str]:
        """Return the addresses of a name as the pod sees it; none when it does not resolve."""
        answer = self.result(self.ask({"op": "resolve", "host": host}), self._deadline)
        found: list[str] = answer.get("addresses") or []
        return found

    def resolve(self, host: str) -> list[str]:
        """Return the addresses of a name; raises HarnessError when it has none."""
        found = self.addresses(host)
        if not found:
            raise HarnessError(
                f"{host} does not resolve in {self.namespace}/{self.pod}", hint="is cluster DNS healthy?"
            )
        return found

    def _identify(self, message: Mapping[str, Any]) -> str | None:
        return message.get("id")


class Journal(_Session):
    """The journal of a server's pod; entries are kept by nonce."""

    program = "journal"

    def __init__(self, connection: Connection, namespace: str, pod: str, *, deadline: float) -> None:
        self.arrivals: dict[str, list[Arrival]] = {}
        super().__init__(connection, namespace, pod, deadline=deadline)

    def fence(self) -> Future[dict[str, Any]]:
        """Ask for a sync; when it is answered every earlier arrival is in `arrivals`."""
        return self.ask({"op": "sync"})

    def await_fence(self, future: Future[dict[str, Any]]) -> None:
        """Wait for a fence; raises HarnessError."""
        self.result(future, self._deadline)

    def check_alive(self, port: int) -> None:
        """Prove, from inside the pod, that the server answers on `port`; raises HarnessError."""
        started = time.monotonic()
        answer = self.result(self.ask({"op": "loopback", "port": port}), self._deadline)
        if not answer.get("ok"):
            waited = time.monotonic() - started
            raise HarnessError(
                f"the server in {self.namespace}/{self.pod} does not answer itself on port {port} ({waited:.1f} s)"
            )

    def _identify(self, message: Mapping[str, Any]) -> str | None:
        return message.get("sync") or message.get("loopback")

    def _line(self, message: dict[str, Any]) -> None:
        if "entry" in message:
            arrival = Arrival.from_journal(message["entry"])
            self.arrivals.setdefault(arrival.nonce, []).append(arrival)
            return
        if "closed" in message:
            self._end(f"the server has ended: {message['closed']}")
            return
        super()._line(message)
