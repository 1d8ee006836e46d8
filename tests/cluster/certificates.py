"""Keys and certificates of one node: two authorities, the servers' certificates,
and one client certificate per component."""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.cluster.layout import API_SERVICE, CLUSTER_DOMAIN, NODE, NODE_NAME

_LIFE = datetime.timedelta(days=30)
API_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    f"kubernetes.default.svc.{CLUSTER_DOMAIN}",
)
CLIENTS = {
    "admin": ("admin", "system:masters"),
    "kube-apiserver-kubelet-client": ("kube-apiserver-kubelet-client", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", None),
    "kube-scheduler": ("system:kube-scheduler", None),
    "kube-proxy": ("system:kube-proxy", None),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
}
"""{file name: (user, group)} of the clients that the cluster's authority vouches for."""
FRONT_PROXY = "front-proxy-client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate authority: signs, and is written as NAME.crt and NAME.key."""

    name: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def write_all(folder: Path) -> None:
    """Make `folder` (mode 0700) and write everything to it: two authorities, CLIENTS, the servers, service-accounts;
    keys are 0600."""
    folder.mkdir(mode=0o700, parents=True)
    cluster, front_proxy = (authority(folder, name) for name in ("ca", "front-proxy-ca"))
    for name, (user, group) in CLIENTS.items():
        issue(folder, cluster, name, user=user, group=group, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    issue(folder, front_proxy, FRONT_PROXY, user=FRONT_PROXY, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    server = ExtendedKeyUsageOID.SERVER_AUTH
    issue(
        folder,
        cluster,
        "kube-apiserver",
        user="kube-apiserver",
        usage=server,
        names=API_NAMES,
        addresses=("127.0.0.1", str(NODE.ip), str(API_SERVICE)),
    )
    issue(
        folder,
        cluster,
        "kubelet-server",
        user=f"system:node:{NODE_NAME}",
        usage=server,
        names=(NODE_NAME,),
        addresses=(str(NODE.ip),),
    )
    signing = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "service-accounts.key", signing)
    public = signing.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "service-accounts.pub").write_bytes(public)


def authority(folder: Path, name: str) -> Authority:
    """Make an authority and write its certificate and key to `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{NODE_NAME} {name}")])
    builder = _builder(subject, subject, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    _write(folder, name, key, certificate)
    return Authority(name=name, certificate=certificate, key=key)


def issue(
    folder: Path,
    signer: Authority,
    name: str,
    *,
    user: str,
    group: str | None = None,
    usage: x509.ObjectIdentifier,
    names: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> None:
    """Write NAME.crt and NAME.key to `folder`: of `signer`, for a `user` of a `group` or a server's names
    and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    subject = x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    builder = _builder(subject, signer.certificate.subject, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    alternatives: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False
    )
    _write(folder, name, key, builder.sign(signer.key, hashes.SHA256()))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(folder / f"{name}.key", key)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    # The traditional form: what signs ServiceAccount tokens reads no other of elliptic curves everywhere.
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
