"""The programs of the node that are built here: Kubernetes, CoreDNS and the pause program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.cluster import go_build
from tests.cluster.layout import GO

KUBERNETES_NAMES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl")
RESOLVER = "resolver"
"""CoreDNS as a component of the node itself, told apart by its name."""
_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Where the programs are; beside `kubernetes` is a link for each of KUBERNETES_NAMES,
    beside `coredns` one named RESOLVER."""

    kubernetes: Path
    coredns: Path
    pause: Path

    def path(self, name: str) -> Path:
        """Return the path of RESOLVER or one of KUBERNETES_NAMES."""
        return (self.coredns if name == RESOLVER else self.kubernetes).with_name(name)


def kubernetes_version() -> str:
    """Return the pinned version, such as `v1.34.4`."""
    return go_build.pinned(GO / "kubernetes", "k8s.io/kubernetes")


def coredns_version() -> str:
    """Return the pinned version, such as `v1.12.4`."""
    return go_build.pinned(GO / "coredns", "github.com/coredns/coredns")


def version_flags(version: str) -> tuple[str, ...]:
    """Return the linker's flags that make Kubernetes and its clients tell `version`;
    built as a module they would tell v0.0.0."""
    major, minor, _ = version.removeprefix("v").split(".", 2)
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return tuple(f"-X {package}.{name}={value}" for package in _STAMPED for name, value in values.items())


def build(cache: Path) -> Binaries:
    """Return the programs, building those that `cache` has not; raises ClusterProblem."""
    programs = Binaries(
        kubernetes=go_build.build(GO / "kubernetes", cache, "kubernetes", version_flags(kubernetes_version())),
        coredns=go_build.build(GO / "coredns", cache, "coredns"),
        pause=go_build.build(GO / "pause", cache, "pause"),
    )
    for name in (*KUBERNETES_NAMES, RESOLVER):
        link = programs.path(name)
        if not link.is_symlink():
            link.symlink_to((programs.coredns if name == RESOLVER else programs.kubernetes).name)
    return programs
