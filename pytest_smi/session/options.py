"""The command line: register the options, and freeze them into one record.

Help texts start with a capital letter and, being phrases, end without a full stop.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_smi.core.nearest import did_you_mean
from pytest_smi.core.terms import APIS, LEVELS_OF

if TYPE_CHECKING:
    import pytest

    from pytest_smi.smi.negotiation import Wanted
    from pytest_smi.testbed.placement import Toleration

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshChoice:
    """One `--mesh NAME[@CONTEXT]`."""

    name: str
    context: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.context}" if self.context else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for."""

    meshes: tuple[MeshChoice, ...]
    kubeconfig: Path | None
    apis: tuple[str, ...]
    level: str
    report: Path
    signing_key: Path | None
    keep: bool
    fault: str | None
    timeout: float
    baseline: Path | str | None = None
    """A path, or a URL as a string."""
    versions: tuple[Wanted, ...] = ()
    """Each `--smi-version`."""
    profiles: tuple[Path, ...] = ()
    """Profile files of `--mesh-profile`."""
    image: str = ""
    """Image of the sample application; empty: the one of this release."""
    node_selector: tuple[str, ...] = ()
    """`KEY=VALUE` each."""
    tolerations: tuple[Toleration, ...] = ()
    pull_secret: Path | None = None

    def accepts_level(self, level: str) -> bool:
        """Whether requirements of this level were asked for."""
        return level in LEVELS_OF[self.level]


def register(parser: pytest.Parser) -> None:
    """Add the option group `smi`; cheap, since it happens in every pytest run of the environment."""
    group = parser.getgroup("smi", "service mesh conformance (pytest-smi)")
    group.addoption(
        "--mesh",
        action="append",
        default=[],
        metavar="NAME[@CONTEXT]",
        dest="smi_mesh",
        type=_mesh,
        help="Mesh to test, on the cluster of that kubeconfig context; may be repeated. "
        "'reference' needs no cluster, 'auto' looks what is installed",
    )
    group.addoption(
        "--mesh-profile",
        action="append",
        default=[],
        metavar="FILE",
        dest="smi_mesh_profile",
        type=Path,
        help="Profile (YAML) of a further mesh, or in place of a shipped one; may be repeated",
    )
    group.addoption(
        "--kubeconfig", metavar="FILE", dest="smi_kubeconfig", type=Path, help="Kubeconfig of the cluster (default: as kubectl)"
    )
    group.addoption(
        "--smi-api",
        metavar="API[,API]",
        dest="smi_api",
        type=_apis,
        default=APIS,
        help="APIs to test: access, specs, split, metrics (default: all)",
    )
    group.addoption(
        "--smi-version",
        action="append",
        default=[],
        metavar="API=VERSION[,…]",
        dest="smi_version",
        type=_versions,
        help="Version of an API to test, such as split=v1alpha2 (default: the newest claimed and served); 'all' runs each of them",
    )
    group.addoption(
        "--smi-level",
        metavar="LEVEL",
        dest="smi_level",
        type=_level,
        default="all",
        help="Requirements to test: must, should (must and should) or all, which also observes ambiguous ones (default: all)",
    )
    group.addoption(
        "--smi-report", metavar="DIR", dest="smi_report", type=Path, default=Path("smi-report"), help="Report folder (default: smi-report)"
    )
    group.addoption(
        "--smi-signing-key",
        metavar="FILE",
        dest="smi_signing_key",
        type=Path,
        help="PEM private key that signs the matrix (default: $SMI_SIGNING_KEY, else a key of your own, made once)",
    )
    group.addoption(
        "--smi-baseline",
        metavar="MATRIX",
        dest="smi_baseline",
        type=_location,
        help="Report folder or matrix.json of an earlier run, or its https URL: what failed there may fail again without failing this run",
    )
    group.addoption("--smi-keep", action="store_true", dest="smi_keep", help="Leave namespaces and workloads for inspection")
    group.addoption(
        "--smi-fault",
        metavar="NAME",
        dest="smi_fault",
        help="Make the reference mesh wrong in a named way; 'pytest-smi faults' lists them",
    )
    group.addoption(
        "--smi-image", metavar="REF", dest="smi_image", default="", help="Image of the sample application, where your cluster pulls it"
    )
    group.addoption(
        "--smi-pull-secret",
        metavar="FILE",
        dest="smi_pull_secret",
        type=Path,
        help="Docker config file with credentials for that image's registry; only that one entry goes into the run's namespaces",
    )
    group.addoption(
        "--smi-node-selector",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="smi_node_selector",
        type=_selector,
        help="Nodes that may run the sample application; may be repeated",
    )
    group.addoption(
        "--smi-toleration",
        action="append",
        default=[],
        metavar="KEY[=VALUE]:EFFECT",
        dest="smi_toleration",
        type=_toleration,
        help="Taint that the sample application tolerates; may be repeated",
    )
    group.addoption(
        "--smi-timeout",
        metavar="FACTOR",
        dest="smi_timeout",
        type=_factor,
        default=1.0,
        help="Multiply every deadline, for slow clusters (default: 1)",
    )


def from_config(config: pytest.Config) -> Options:
    """Freeze the parsed options."""
    get = config.getoption
    return Options(
        meshes=tuple(get("smi_mesh")),
        kubeconfig=get("smi_kubeconfig"),
        apis=tuple(get("smi_api")),
        level=get("smi_level"),
        report=get("smi_report"),
        signing_key=get("smi_signing_key"),
        keep=get("smi_keep"),
        fault=get("smi_fault"),
        timeout=get("smi_timeout"),
        baseline=get("smi_baseline"),
        versions=tuple(get("smi_version")),
        profiles=tuple(get("smi_mesh_profile")),
        image=get("smi_image"),
        node_selector=tuple(get("smi_node_selector")),
        tolerations=tuple(get("smi_toleration")),
        pull_secret=get("smi_pull_secret"),
    )


def _location(text: str) -> Path | str:
    return text if "://" in text else Path(text)


def _mesh(text: str) -> MeshChoice:
    name, _, context = text.partition("@")
    if not name:
        raise argparse.ArgumentTypeError(f"a mesh is written NAME or NAME@CONTEXT, found {text!r}")
    return MeshChoice(name=name, context=context or None)


def _apis(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = [name for name in names if name not in APIS]
    if unknown:
        meant = did_you_mean(unknown[0], APIS)
        raise argparse.ArgumentTypeError(f"unknown API {', '.join(map(repr, unknown))}; known are {', '.join(APIS)}{meant}")
    return names


def _versions(text: str) -> Wanted:
    from pytest_smi.smi.negotiation import read_choice

    return _checked(read_choice, text)


def _selector(text: str) -> str:
    from pytest_smi.testbed.placement import selector_of

    _checked(selector_of, [text])
    return text


def _toleration(text: str) -> Toleration:
    from pytest_smi.testbed.placement import toleration_of

    return _checked(toleration_of, text)


def _checked(read: Callable[[A], T], value: A) -> T:
    """Read a value of an option; a ValueError becomes the usage error that argparse shows."""
    try:
        return read(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _level(text: str) -> str:
    if text not in LEVELS_OF:
        raise argparse.ArgumentTypeError(f"unknown level {text!r}; known are {', '.join(LEVELS_OF)}{did_you_mean(text, LEVELS_OF)}")
    return text


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1000:
        raise argparse.ArgumentTypeError(f"the factor is a number above 0, such as 2 or 0.5; found {text!r}")
    return factor
