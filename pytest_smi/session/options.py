"""The command line: register the options, and freeze them into one record.

Help texts start with a capital letter and, being phrases, end without a full stop.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smi.core.terms import APIS, LEVELS_OF
from pytest_smi.session import exploration_options
from pytest_smi.session import option_values as values
from pytest_smi.session.option_values import MeshChoice

if TYPE_CHECKING:
    import pytest

    from pytest_smi.explore.budget import Budget
    from pytest_smi.smi.negotiation import Wanted
    from pytest_smi.testbed.placement import Toleration


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for."""

    meshes: tuple[MeshChoice, ...]
    kubeconfig: Path | None
    apis: tuple[str, ...]
    level: str
    report: Path
    replace_report: bool
    """Whether an older report in that folder may be written over."""
    fail_on: str
    """`must`, or `should`: whether a requirement of level SHOULD that failed fails the run."""
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
    explore: Budget | None = None
    """How long to search for counterexamples after the assertions; None: not at all."""
    seed: int | None = None
    replay: Path | None = None
    """A folder `counterexamples/N` to play again, in place of the assertions."""

    def accepts_level(self, level: str) -> bool:
        """Return whether requirements of this level were asked for."""
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
        type=values.mesh_choice,
        help="Mesh to test, on the cluster of that kubeconfig context; may be repeated. "
        "'reference' needs no cluster, 'auto' looks what is installed. With '-n auto' (pytest-xdist) a run has as many "
        "workers as the mesh's profile (workers.most) and the nodes carry, and says why",
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
        "--kubeconfig",
        metavar="FILE",
        dest="smi_kubeconfig",
        type=Path,
        help="Kubeconfig of the cluster (default: as kubectl)",
    )
    group.addoption(
        "--smi-api",
        metavar="API[,API]",
        dest="smi_api",
        type=values.api_names,
        default=APIS,
        help="APIs to test: access, specs, split, metrics (default: all)",
    )
    group.addoption(
        "--smi-version",
        action="append",
        default=[],
        metavar="API=VERSION[,…]",
        dest="smi_version",
        type=values.version_choice,
        help="Version of an API to test, such as split=v1alpha2 (default: the newest claimed and served); "
        "'all' runs each of them",
    )
    group.addoption(
        "--smi-level",
        metavar="LEVEL",
        dest="smi_level",
        type=values.level,
        default="all",
        help="Requirements to test: must, should (must and should) or all, which also observes ambiguous ones "
        "(default: all)",
    )
    group.addoption(
        "--smi-report",
        metavar="DIR",
        dest="smi_report",
        type=Path,
        default=Path("smi-report"),
        help="Report folder (default: smi-report)",
    )
    group.addoption(
        "--smi-report-replace",
        action="store_true",
        dest="smi_report_replace",
        help="Write over an older report in that folder; without, it is moved aside to DIR.1, DIR.2, …",
    )
    group.addoption(
        "--smi-fail-on",
        metavar="LEVEL",
        dest="smi_fail_on",
        type=values.failing_level,
        default="must",
        help="Requirements whose failure fails the run: must, or should for must and should (default: must)",
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
        type=values.location,
        help="Report folder or matrix.json of an earlier run, or its https URL: what failed there may fail again "
        "without failing this run",
    )
    group.addoption(
        "--smi-keep", action="store_true", dest="smi_keep", help="Keep namespaces and workloads for inspection"
    )
    group.addoption(
        "--smi-fault",
        metavar="NAME[,NAME...]",
        dest="smi_fault",
        help="Simulate faults of the reference mesh; 'pytest-smi faults' lists them",
    )
    group.addoption(
        "--smi-image",
        metavar="REF",
        dest="smi_image",
        default="",
        help="Image of the sample application, where your cluster pulls it",
    )
    group.addoption(
        "--smi-pull-secret",
        metavar="FILE",
        dest="smi_pull_secret",
        type=Path,
        help="Docker config file with credentials for that image's registry; only that one entry goes into the run's "
        "namespaces",
    )
    group.addoption(
        "--smi-node-selector",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="smi_node_selector",
        type=values.node_selector,
        help="Nodes that may run the sample application; may be repeated",
    )
    group.addoption(
        "--smi-toleration",
        action="append",
        default=[],
        metavar="KEY[=VALUE]:EFFECT",
        dest="smi_toleration",
        type=values.toleration,
        help="Taint that the sample application tolerates; may be repeated",
    )
    group.addoption(
        "--smi-timeout",
        metavar="FACTOR",
        dest="smi_timeout",
        type=values.factor,
        default=1.0,
        help="Multiply every deadline, for slow clusters (default: 1)",
    )
    group.addoption(
        "--smi-progress",
        metavar="SECONDS",
        dest="smi_progress",
        type=values.seconds,
        default=60.0,
        help="Without a terminal: tell the progress this often, 0 for never (default: 60)",
    )
    exploration_options.add(group)
    known = [name for option in group.options for name in option.names()]
    if meant := values.options_meant(sys.argv[1:], known):
        parser.extra_info["pytest-smi"] = meant


def from_config(config: pytest.Config) -> Options:
    """Freeze the parsed options."""
    get = config.getoption
    return Options(
        meshes=tuple(get("smi_mesh")),
        kubeconfig=get("smi_kubeconfig"),
        apis=tuple(get("smi_api")),
        level=get("smi_level"),
        report=get("smi_report"),
        replace_report=get("smi_report_replace"),
        fail_on=get("smi_fail_on"),
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
        explore=get("smi_explore"),
        seed=get("smi_seed"),
        replay=get("smi_replay"),
    )
