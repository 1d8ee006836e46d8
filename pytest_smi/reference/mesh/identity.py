"""Identities of the mesh: its certificate authority, X.509 SVIDs with SPIFFE ids,
and the TLS contexts built from them."""

from __future__ import annotations

import datetime as dt
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytest_smi.reference.mesh.smi import Identity, pod_identity

TRUST_DOMAIN = "cluster.local"
CA_DAYS = 3650
SVID_LIFETIME = dt.timedelta(hours=24)
_SKEW = dt.timedelta(minutes=5)


def spiffe_id(identity: Identity) -> str:
    """Return the SPIFFE id of a service account."""
    namespace, account = identity
    return f"spiffe://{TRUST_DOMAIN}/ns/{quote(namespace)}/sa/{quote(account)}"


def identity_of(uri: str) -> Identity | None:
    """Return the identity in a SPIFFE id; None when it is not of this trust domain and form."""
    parts = uri.removeprefix(f"spiffe://{TRUST_DOMAIN}/").split("/")
    if not uri.startswith(f"spiffe://{TRUST_DOMAIN}/") or len(parts) != 4 or (parts[0], parts[2]) != ("ns", "sa"):
        return None
    return unquote(parts[1]), unquote(parts[3])


def pod_name(namespace: str, pod: str) -> str:
    """Return a pod's DNS name in its SVID. A pod's own name may have dots: below an ending of its own, it can never be
    that of a server, such as the control plane, whose certificate is of the same authority."""
    return f"{pod}{_below(namespace)}"


def _below(namespace: str) -> str:
    return f".{namespace}.pod.{TRUST_DOMAIN}"


def peer_identities(transport: Any) -> tuple[Identity, ...]:
    """Who is at the other end of a TLS transport, from the certificate that the handshake verified: the service account
    by its one URI, then the pod by its DNS name; nobody without the first."""
    tls = transport.get_extra_info("ssl_object")
    names = ((None if tls is None else tls.getpeercert()) or {}).get("subjectAltName", ())
    uris = [text for kind, text in names if kind == "URI"]
    account = identity_of(uris[0]) if len(uris) == 1 else None
    if account is None:
        return ()
    ending = _below(account[0])
    pods = [text.removesuffix(ending) for kind, text in names if kind == "DNS" and text.endswith(ending)]
    return account, *(pod_identity(account[0], pod) for pod in pods)


def peer_identity(transport: Any) -> Identity | None:
    """Return the service account at the other end, see `peer_identities`."""
    return next(iter(peer_identities(transport)), None)


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A private key (PEM, PKCS 8) and the certificate signing request made with it (PEM)."""

    key: bytes
    request: bytes


def new_key_request() -> KeyRequest:
    """Return a fresh P-256 key and a request for it; who the key belongs to is for the authority to say."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return KeyRequest(_key_pem(key), request.public_bytes(serialization.Encoding.PEM))


class MeshAuthority:
    """The mesh's certificate authority (P-256)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate

    @classmethod
    def create(cls) -> MeshAuthority:
        """Return a new authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smi-reference mesh authority")])
        now = dt.datetime.now(dt.UTC)
        usage = _key_usage(signs_certificates=True)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + dt.timedelta(days=CA_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    @classmethod
    def from_pem(cls, key: bytes, certificate: bytes) -> MeshAuthority:
        """Return the authority that `to_pem` gave. ValueError: it is not that."""
        loaded = serialization.load_pem_private_key(key, password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise ValueError(
                "the mesh authority's key must be an elliptic curve key: delete the secret to have a new one made"
            )
        return cls(loaded, x509.load_pem_x509_certificate(certificate))

    def to_pem(self) -> tuple[bytes, bytes]:
        """(key, certificate)."""
        return _key_pem(self._key), self.certificate_pem

    @property
    def certificate_pem(self) -> bytes:
        """The certificate that everybody of the mesh trusts."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue_workload(self, request: bytes, identity: Identity, pod: str) -> bytes:
        """Return an X.509 SVID (PEM) of a pod for the key in a signing request.

        ValueError: the request is none, or not signed by its own key.
        """
        csr = x509.load_pem_x509_csr(request)
        if not csr.is_signature_valid:
            raise ValueError("a signing request must be signed with its own key: make it anew")
        names = x509.SubjectAlternativeName(
            [x509.UniformResourceIdentifier(spiffe_id(identity)), x509.DNSName(pod_name(identity[0], pod))]
        )
        return self._issue(csr.public_key(), names, SVID_LIFETIME)

    def issue_server(self, hosts: Iterable[str]) -> tuple[bytes, bytes]:
        """(key, certificate) for a TLS server with these DNS names."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        return _key_pem(key), self._issue(key.public_key(), names, dt.timedelta(days=365))

    def _issue(self, public_key: Any, names: x509.SubjectAlternativeName, lifetime: dt.timedelta) -> bytes:
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + lifetime)
            .add_extension(names, critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> Path:
    """Write a file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path


def server_context(certificate: Path, key: Path, *, authority: bytes | None) -> ssl.SSLContext:
    """Return TLS for a server; with `authority` (PEM), callers must show a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.num_tickets = 0
    if authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.decode("ascii"))
    return context


def client_context(certificate: Path, key: Path, *, authority: bytes) -> ssl.SSLContext:
    """Return TLS for a caller inside the mesh; the server's identity is checked by its SPIFFE id after the handshake,
    not by a host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(cadata=authority.decode("ascii"))
    return context
