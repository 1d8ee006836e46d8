"""How the sample application gets onto nodes of a cluster: its image, who may pull it, and where its pods may run.
Pure but for one file.

The pull secret is a file, not the name of a Secret: copying one out of a namespace would need permission to read
Secrets there, while a file needs permission to create one in the run's own namespaces only.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_smi.core.files import read_regular
from pytest_smi.core.nearest import did_you_mean
from pytest_smi.errors import UsageProblem

_LARGEST_SECRET = 1024 * 1024
PULL_SECRET = "smi-pull"  # noqa: S105 - the name of an object
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_KEY = r"[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toleration:
    """A taint that pods may ignore; without a value every value of the key is tolerated."""

    key: str
    effect: str
    value: str | None = None

    def manifest(self) -> dict[str, str]:
        """Return it as it stands in a pod."""
        if self.value is None:
            return {"key": self.key, "operator": "Exists", "effect": self.effect}
        return {"key": self.key, "operator": "Equal", "value": self.value, "effect": self.effect}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where pods of the sample application run, and with whose permission their image is pulled."""

    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    pull_secret: Path | None = None
    """A file in the format of Docker's config.json."""

    def pod_fields(self) -> dict[str, Any]:
        """Return the fields of a pod's spec that say so; nothing when nothing was asked for."""
        fields: dict[str, Any] = {}
        if self.node_selector:
            fields["nodeSelector"] = dict(self.node_selector)
        if self.tolerations:
            fields["tolerations"] = [toleration.manifest() for toleration in self.tolerations]
        if self.pull_secret:
            fields["imagePullSecrets"] = [{"name": PULL_SECRET}]
        return fields

    def to_matrix(self) -> dict[str, Any]:
        """Return what the matrix tells of it: where pods ran, and nothing of credentials."""
        fields = self.pod_fields()
        return {key: fields[key] for key in ("nodeSelector", "tolerations") if key in fields}

    def to_wire(self) -> dict[str, Any]:
        """Return built-in types: the path of the pull secret, never what is in it."""
        return {**asdict(self), "pull_secret": str(self.pull_secret) if self.pull_secret else None}

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Placement:
        """Read what `to_wire` wrote."""
        return cls(
            node_selector=data["node_selector"],
            tolerations=tuple(Toleration(**item) for item in data["tolerations"]),
            pull_secret=Path(data["pull_secret"]) if data["pull_secret"] else None,
        )


def read_placement(
    node_selector: Sequence[str], tolerations: Sequence[Toleration], pull_secret: Path | None, *, image: str
) -> Placement:
    """Return what the options say, after a look at the file; raises UsageProblem for what cannot be used."""
    try:
        selector = selector_of(node_selector)
    except ValueError as error:
        raise UsageProblem(f"--smi-node-selector: {error}") from None
    if pull_secret:
        read_pull_secret(pull_secret, image)
    return Placement(node_selector=selector, tolerations=tuple(tolerations), pull_secret=pull_secret)


def read_pull_secret(path: Path, image: str) -> str:
    """Return what `pull_secret_data` makes of a file; raises UsageProblem."""
    try:
        text = read_regular(path, _LARGEST_SECRET).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageProblem(f"--smi-pull-secret: {path} cannot be read: {reason}", hint="name a readable file") from None
    return pull_secret_data(text, image, str(path))


def selector_of(texts: Sequence[str]) -> dict[str, str]:
    """Read `KEY=VALUE` texts; raises ValueError for another form and for a key that is given twice."""
    pairs: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not re.fullmatch(_KEY, key) or not re.fullmatch(_VALUE, value):
            raise ValueError(f"a node selector is written KEY=VALUE, such as kubernetes.io/arch=arm64; found {text!r}")
        if key in pairs:
            raise ValueError(f"the node selector {key!r} is given twice")
        pairs[key] = value
    return pairs


def toleration_of(text: str) -> Toleration:
    """Read `KEY[=VALUE]:EFFECT`; raises ValueError for another form."""
    taint, _, effect = text.rpartition(":")
    key, separator, value = taint.partition("=")
    if effect not in EFFECTS or not re.fullmatch(_KEY, key) or not re.fullmatch(_VALUE, value):
        raise ValueError(
            f"a toleration is written KEY[=VALUE]:EFFECT with the effect one of {', '.join(EFFECTS)}; found {text!r}"
            + did_you_mean(effect, EFFECTS)
        )
    return Toleration(key=key, effect=effect, value=value if separator else None)


def registry_of(image: str) -> str:
    """Return the registry that an image reference names; Docker Hub's when it names none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def pull_secret_data(text: str, image: str, origin: str) -> str:
    """Return the base64 of a `.dockerconfigjson` with the one entry that the image needs:
    no other credential enters the cluster.

    `text` is a file in the format of Docker's config.json. Raises UsageProblem, which never quotes what is in it.
    """
    try:
        document = json.loads(text)
        entries = dict(document["auths"])
    except (ValueError, KeyError, TypeError):
        raise UsageProblem(
            f"--smi-pull-secret: {origin} is not a Docker config file with 'auths'",
            hint="log in with 'docker login' and name ~/.docker/config.json, or make one with 'kubectl create secret "
            "docker-registry'",
        ) from None
    registry = registry_of(image)
    chosen = {
        host: entry for host, entry in entries.items() if _host(host) == registry and isinstance(entry, dict) and entry
    }
    if not chosen:
        raise UsageProblem(
            f"--smi-pull-secret: {origin} has no credentials for {registry}, the registry of {image}",
            hint="a file that names a credential helper (credsStore) holds none: log in without it, "
            "or make the file with kubectl",
        )
    return base64.b64encode(json.dumps({"auths": chosen}).encode()).decode()


def _host(entry: str) -> str:
    host = entry.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return "docker.io" if host in ("index.docker.io", "registry-1.docker.io") else host
