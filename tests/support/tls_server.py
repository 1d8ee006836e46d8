"""A TLS server for tests that stands for a webhook or an aggregated API server, and records what it is asked."""

import contextlib
import datetime
import ipaddress
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: Any


Handler = Callable[[Asked], tuple[int, Any]]


class Server:
    """What listens: `port`, the certificate to trust, and what was asked so far."""

    def __init__(self, port: int, bundle: bytes) -> None:
        self.port, self.bundle = port, bundle
        self.asked: list[Asked] = []


def _pair(names: list[str], address: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(item) for item in names]
    alternatives.append(x509.IPAddress(ipaddress.ip_address(address)))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


@contextlib.contextmanager
def tls_server(address: str, names: list[str], handler: Handler) -> Iterator[Server]:
    """Serve `handler` (request in, status and JSON body out) on a free port of `address` until the block ends."""
    certificate, key = _pair(names, address)

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(
                method=self.command,
                path=self.path,
                headers=list(self.headers.items()),
                body=json.loads(raw) if raw else None,
            )
            server.asked.append(asked)
            status, body = handler(asked)
            content = json.dumps(body).encode()
            self.send_response(status)
            self._send(
                {"Content-Type": "application/json", "Content-Length": str(len(content)), "X-Served-By": "the-test"},
                content,
            )

        def _send(self, headers: Mapping[str, str], content: bytes) -> None:
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pair.pem")
        file.touch(mode=0o600)
        file.write_bytes(certificate + key)
        context.load_cert_chain(file)
    http = ThreadingHTTPServer((address, 0), Request)
    http.daemon_threads = True
    http.socket = context.wrap_socket(http.socket, server_side=True)
    server = Server(http.server_address[1], certificate)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)
