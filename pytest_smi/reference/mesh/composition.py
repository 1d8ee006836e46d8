"""Puts the parts of the mesh together, with the variants of the deciding classes that the switches ask for."""

from __future__ import annotations

from pytest_smi.reference.mesh.access_config import AccessCompiler
from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.kube_client import KubeClient
from pytest_smi.reference.mesh.personas.record import Persona
from pytest_smi.reference.mesh.proxy.sidecar_process import DataPlane
from pytest_smi.reference.mesh.root_services import RootServices
from pytest_smi.reference.mesh.snapshot import Compiler
from pytest_smi.reference.mesh.split_config import SplitCompiler


def access_compiler(switches: frozenset[str]) -> AccessCompiler:
    """Return what makes grants of TrafficTargets."""
    return specialize(AccessCompiler, switches)(specialize(GrantCompiler, switches)())


def compiler(switches: frozenset[str], persona: Persona | None = None) -> Compiler:
    """Return what makes the configuration of sidecars of the cluster's objects."""
    splits = specialize(SplitCompiler, switches)()
    return specialize(Compiler, switches)(access_compiler(switches), splits, switches=switches, persona=persona)


def root_services(client: KubeClient, switches: frozenset[str]) -> RootServices:
    """Return what looks after the Services that are roots of splits."""
    return specialize(RootServices, switches)(client)


def data_plane(pod_ip: str, app_ip: str) -> DataPlane:
    """Return a sidecar's data plane; it learns the switches from its configuration."""
    return DataPlane(pod_ip, app_ip, specialize)
