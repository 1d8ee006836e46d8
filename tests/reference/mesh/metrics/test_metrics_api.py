"""The server over real TLS: who is believed, what is refused, and that an answer arrives whole."""

import asyncio
import datetime
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pytest_smi.reference.mesh.metrics.api import horizon_seconds, start_metrics_api
from pytest_smi.reference.mesh.metrics.permissions import AccessRequest
from pytest_smi.reference.mesh.metrics.samples import RETENTION_SECONDS
from tests.reference.mesh.metrics.world import ROOT, World, counts

ALICE = {"X-Remote-User": "alice", "X-Remote-Group": "system:authenticated"}
Use = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One self-signed certificate with its key: server, client and both authorities at once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "metrics")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "all.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return pem


class Server:
    """What a test can set before it asks."""

    def __init__(self, certificate: Path) -> None:
        self.certificate = certificate
        self.world = World()
        self.world.deployment("t1", "a", labels={"app": "a"})
        self.world.deployment("t1", "b", labels={"app": "b"})
        self.world.send(("t1", "a-0"), ("t1", "b-0"), 12, failures=2)
        self.asked: list[AccessRequest] = []
        self.allowed = True
        self.broken: Exception | None = None

    async def authorize(self, request: AccessRequest) -> bool:
        """Notes the request and says what the test wants."""
        self.asked.append(request)
        return self.allowed

    async def scrape(self) -> list[Any]:
        """The world's rows, or the error that the test wants."""
        if self.broken:
            raise self.broken
        return self.world.rows()

    def use(self, use: Use, *, client_certificate: bool = True, faults: frozenset[str] = frozenset()) -> None:
        """Run `use` with a client of the running server."""
        asyncio.run(asyncio.wait_for(self._use(use, client_certificate, faults), 10))

    async def _use(self, use: Use, client_certificate: bool, faults: frozenset[str]) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        context.load_verify_locations(self.certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        server = await start_metrics_api(
            host="127.0.0.1",
            port=0,
            ssl_context=context,
            scrape=self.scrape,
            cluster_view=self.world,
            authorize=self.authorize,
            clock=lambda: self.world.now,
            window_seconds=4.0,
            faults=faults,
        )
        mine = ssl.create_default_context(cafile=str(self.certificate))
        if client_certificate:
            mine.load_cert_chain(self.certificate)
        try:
            async with httpx.AsyncClient(
                base_url=f"https://localhost:{server.port}", verify=mine, trust_env=False, timeout=5
            ) as client:
                await use(client)
        finally:
            await server.close()


@pytest.fixture
def server(certificate: Path) -> Server:
    """A server yet to be started."""
    return Server(certificate)


def test_an_answer_comes_over_tls(server: Server) -> None:
    """With and without a trailing slash, as JSON, counted from the rows of the sidecars."""

    async def use(client: httpx.AsyncClient) -> None:
        for slash in ("", "/"):
            reply = await client.get(f"{ROOT}/namespaces/t1/deployments/b{slash}", headers=ALICE)
            assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
            assert counts(reply.json()) == (10, 2)
            assert "date" in reply.headers

    server.use(use)


def test_selectors_come_as_parameters(server: Server) -> None:
    """labelSelector and fieldSelector restrict a list; what cannot be read is 400."""

    async def use(client: httpx.AsyncClient) -> None:
        for parameters in ({"labelSelector": "app=b"}, {"fieldSelector": "metadata.name=b"}):
            body = (await client.get(f"{ROOT}/namespaces/t1/deployments", headers=ALICE, params=parameters)).json()
            assert [item["resource"]["name"] for item in body["items"]] == ["b"]
        bad = await client.get(f"{ROOT}/pods", headers=ALICE, params={"labelSelector": "a b"})
        assert (bad.status_code, bad.json()["reason"]) == (400, "BadRequest")

    server.use(use)


def test_discovery_and_health_need_no_permission(server: Server) -> None:
    """The aggregator reads them before it knows any user."""

    async def use(client: httpx.AsyncClient) -> None:
        kinds = {
            path: (await client.get(path)).json().get("kind")
            for path in ("/apis", "/apis/metrics.smi-spec.io", ROOT, ROOT + "/")
        }
        assert list(kinds.values()) == ["APIGroupList", "APIGroup", "APIResourceList", "APIResourceList"]
        assert (await client.get("/healthz")).status_code == 200

    server.allowed = False
    server.use(use, client_certificate=False)
    assert server.asked == []


def test_who_may_not_gets_403_in_the_words_of_kubernetes(server: Server) -> None:
    """User, verb, resource, group and namespace stand in the message, and the right question was asked."""

    async def use(client: httpx.AsyncClient) -> None:
        reply = await client.get(f"{ROOT}/namespaces/t1/pods/b-0/edges", headers=ALICE)
        assert (reply.status_code, reply.json()["reason"]) == (403, "Forbidden")
        assert reply.json()["message"] == (
            'pods.metrics.smi-spec.io "b-0" is forbidden: User "alice" cannot get resource "pods/edges" '
            'in API group "metrics.smi-spec.io" in the namespace "t1"'
        )

    server.allowed = False
    server.use(use)
    assert server.asked == [
        AccessRequest(
            user="alice",
            groups=("system:authenticated",),
            verb="get",
            resource="pods",
            subresource="edges",
            namespace="t1",
            name="b-0",
        )
    ]


@pytest.mark.parametrize(("headers", "client_certificate"), [({}, True), (ALICE, False)])
def test_nobody_is_believed_without_the_api_servers_certificate(
    server: Server, headers: dict[str, str], client_certificate: bool
) -> None:
    """No user, or a user in the headers of a stranger: 401."""

    async def use(client: httpx.AsyncClient) -> None:
        reply = await client.get(f"{ROOT}/pods", headers=headers)
        assert (reply.status_code, reply.json()["kind"]) == (401, "Status")

    server.use(use, client_certificate=client_certificate)
    assert server.asked == []


def test_only_get_and_list_are_there(server: Server) -> None:
    """Writing and watching are 405, unknown paths 404, each with a Status."""

    async def use(client: httpx.AsyncClient) -> None:
        replies = [
            await client.post(f"{ROOT}/pods", headers=ALICE),
            await client.delete(f"{ROOT}/namespaces/t1/pods/b-0", headers=ALICE),
            await client.get(f"{ROOT}/pods", headers=ALICE, params={"watch": "true"}),
            await client.get("/version", headers=ALICE),
            await client.get(f"{ROOT}/ingresses", headers=ALICE),
        ]
        assert [reply.status_code for reply in replies] == [405, 405, 405, 404, 404]
        assert {reply.json()["kind"] for reply in replies} == {"Status"}

    server.use(use)


@pytest.mark.parametrize(("error", "code"), [(ConnectionError("sidecar gone"), 503), (TimeoutError(), 504)])
def test_samples_that_cannot_be_had_are_a_status(server: Server, error: Exception, code: int) -> None:
    """The client learns that it may try again, not the details."""

    async def use(client: httpx.AsyncClient) -> None:
        reply = await client.get(f"{ROOT}/pods", headers=ALICE)
        assert (reply.status_code, reply.json()["code"]) == (code, code)
        assert "sidecar gone" not in reply.text

    server.broken = error
    server.use(use)


def test_a_taken_port_is_an_error(server: Server) -> None:
    """Starting twice on one port raises OSError, and the first goes on."""

    async def use(client: httpx.AsyncClient) -> None:
        with pytest.raises(OSError, match="address already in use"):
            await start_metrics_api(
                host="127.0.0.1",
                port=client.base_url.port or 0,
                ssl_context=None,
                scrape=server.scrape,
                cluster_view=server.world,
                authorize=server.authorize,
            )
        assert (await client.get("/healthz")).status_code == 200

    server.use(use)


def test_a_scrape_reaches_behind_the_window_only_for_faults() -> None:
    """The common case moves no more rows than the window needs."""
    assert horizon_seconds(4.0) == 5.0
    assert horizon_seconds(4.0, faults=frozenset({"metrics-numbers-stay"})) == RETENTION_SECONDS
