"""A connection to a Kubernetes API server: kubeconfig in, JSON requests and WebSockets out.

Server refusals are answers (status and body), not exceptions; only what kept a request from being answered raises.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pytest_smi.cluster.unreachable import LOG_IN, is_loopback, reason_and_remedy, refusal, without_credentials
from pytest_smi.core.files import read_regular
from pytest_smi.core.interrupts import checkpoint
from pytest_smi.core.redaction import first_line
from pytest_smi.errors import ClusterError, UsageProblem

if TYPE_CHECKING:
    from websocket import WebSocket

_LARGEST_KUBECONFIG = 16 << 20
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said: HTTP status, parsed body (or text), and the Date header's value."""

    status: int
    body: Any
    date: str = ""

    @property
    def ok(self) -> bool:
        """Whether the request was granted."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """The server's own words for a refusal."""
        if isinstance(self.body, dict) and self.body.get("message"):
            return str(self.body["message"])
        return f"HTTP {self.status}: {str(self.body)[:200]}"


def _refuse_endless(kubeconfig: Path | None) -> None:
    """Raise UsageProblem for a kubeconfig that the library would read without end: a pipe, a device, a huge file."""
    named = [kubeconfig] if kubeconfig else map(Path, filter(None, os.environ.get("KUBECONFIG", "").split(os.pathsep)))
    for path in named:
        try:
            read_regular(path, _LARGEST_KUBECONFIG)
        except FileNotFoundError:
            continue  # the library says which of several is missing
        except OSError as error:
            raise UsageProblem(
                f"{path} cannot be used: {error.strerror}", hint="name a readable kubeconfig with --kubeconfig=FILE"
            ) from error


class Connection:
    """One API server; safe for use from several threads. Raises UsageProblem when the kubeconfig cannot be used."""

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None) -> None:
        from kubernetes import client, config

        _refuse_endless(kubeconfig)
        configuration = client.Configuration()
        configuration.retries = False
        try:
            with _logged_errors() as words:
                config.load_kube_config(
                    config_file=str(kubeconfig) if kubeconfig else None,
                    context=context,
                    client_configuration=configuration,
                )
        except Exception as error:  # the loader raises many kinds: missing file, YAML, exec plugin, certificate
            where = kubeconfig or "the default kubeconfig"
            raise UsageProblem(
                f"{where} cannot be used: {first_line(error)}",
                hint="name a readable kubeconfig with --kubeconfig=FILE and one of its contexts with --mesh "
                "NAME@CONTEXT",
            ) from error
        if words:  # the loader logs what an exec plugin said, and goes on without credentials
            raise UsageProblem(
                f"{kubeconfig or 'the default kubeconfig'}: its credential plugin failed: {'; '.join(words)}",
                hint="run the command of the kubeconfig's 'exec' by itself, and log in again",
            )
        self._for_websockets = configuration
        if is_loopback(configuration.host):
            configuration.proxy = None  # a proxy elsewhere cannot reach it
            self._for_websockets = _never_proxied(configuration)
        self._configuration = configuration
        self.insecure: bool = configuration.host.startswith("https:") and not configuration.verify_ssl
        """Whether the kubeconfig turns off the verification of the server's certificate."""
        self._client = client.ApiClient(configuration)
        self._websocket_lock = threading.Lock()
        self.host: str = configuration.host

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        timeout: float = 30.0,
    ) -> Answer:
        """Send one request and return the answer, whatever its status. Raises ClusterError when there was none."""
        from kubernetes.client.exceptions import ApiException

        sent = {"Accept": "application/json", "Content-Type": content_type, **self._authentication(), **(headers or {})}
        url = self._configuration.host + path + (f"?{urlencode(query)}" if query else "")
        checkpoint()
        try:
            with _told_once(self.insecure):
                response = self._client.rest_client.request(
                    method, url, headers=sent, body=body, _request_timeout=timeout
                )
                raw = response.read()
            status, date = response.status, response.getheader("date") or ""
        except ApiException as error:
            if not error.status:
                raise self._unreachable(error) from error
            raw, status, date = (
                (error.body or "").encode() if isinstance(error.body, str) else error.body or b"",
                error.status,
                "",
            )
        except Exception as error:  # urllib3's and ssl's errors share no base class that says "no answer"
            raise self._unreachable(error) from error
        if status == 401:
            why = refusal(sent.get("authorization", ""), datetime.now(UTC))
            raise ClusterError(f"{self.host} refused the credentials of the kubeconfig (401): {why}", hint=LOG_IN)
        try:
            return Answer(status, json.loads(raw), date)
        except ValueError:
            return Answer(status, raw.decode("utf-8", "replace"), date)

    def websocket(self, path: str, query: list[tuple[str, str]], *, timeout: float = 30.0) -> WebSocket:
        """Open a WebSocket to a streaming sub-resource such as `pods/exec`.

        Raises ClusterError with the server's reason.
        """
        from kubernetes.stream.ws_client import create_websocket

        url = (self._configuration.host + path + "?" + urlencode(query)).replace("http", "ws", 1)
        headers = {name.lower(): value for name, value in self._authentication().items()} | {
            "sec-websocket-protocol": "v4.channel.k8s.io"
        }
        try:
            with self._websocket_lock:  # the library toggles a process-wide tracing switch while it connects
                socket: WebSocket = create_websocket(self._for_websockets, url, headers)
        except Exception as error:  # websocket-client has no common base class for refusals and socket errors
            raise ClusterError(f"exec through {path} was refused: {first_line(error)}") from error
        socket.settimeout(timeout)
        return socket

    def close(self) -> None:
        """Close pooled connections."""
        self._client.close()

    def _authentication(self) -> dict[str, str]:
        settings: Any = self._configuration.auth_settings().values()
        # Files of tokens end in a newline, which no header may hold.
        return {item["key"]: _trimmed(item["value"]) for item in settings if item["in"] == "header" and item["value"]}

    def _unreachable(self, error: Exception) -> ClusterError:
        reason, remedy = reason_and_remedy(error)
        through = ""
        if self._configuration.proxy:
            through = f" through the proxy {without_credentials(self._configuration.proxy)}"
            remedy = f"correct HTTPS_PROXY, or add the cluster's host to NO_PROXY; {remedy}"
        return ClusterError(f"the API server {self.host} cannot be reached{through}: {reason}", hint=remedy)


def _never_proxied(configuration: Any) -> Any:
    """Return a configuration whose WebSockets go straight to its host.

    Their library reads the environment by itself, unless a proxy is configured, and then asks for exceptions.
    """
    direct = copy.copy(configuration)
    direct.proxy, direct.no_proxy = "http://unused:1", urlsplit(configuration.host).hostname
    return direct


@contextmanager
def _logged_errors() -> Iterator[list[str]]:
    """Collect what is logged as an error meanwhile, in place of showing it."""
    words: list[str] = []
    handler, root = logging.Handler(logging.ERROR), logging.getLogger()
    handler.emit = lambda record: words.append(" ".join(record.getMessage().split())[:500])  # type: ignore[method-assign]
    root.addHandler(handler)
    try:
        yield words
    finally:
        root.removeHandler(handler)


_warnings_lock = threading.Lock()


@contextmanager
def _told_once(insecure: bool) -> Iterator[None]:
    """Keep the library from warning of a connection without verification at every request: the run says it once."""
    if not insecure:
        yield
        return
    from urllib3.exceptions import InsecureRequestWarning

    with _warnings_lock, warnings.catch_warnings():  # the filters of warnings are of the whole process
        warnings.simplefilter("ignore", InsecureRequestWarning)
        yield


def _trimmed(value: str) -> str:
    scheme, _, rest = value.partition(" ")
    return f"{scheme} {rest.strip()}".strip()
