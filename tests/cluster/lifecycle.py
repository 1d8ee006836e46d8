"""From nothing to a Ready node with DNS, and back to nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from string import Template

from tests.cluster import (
    api,
    binaries,
    certificates,
    cgroups,
    component_config,
    components,
    containerd,
    host_settings,
    kubeconfigs,
    namespaces,
    network,
    node,
    node_images,
    packages,
)
from tests.cluster.layout import CLUSTER_DNS, CLUSTER_DOMAIN, MANIFESTS, NODE_NAME, Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step
from tests.cluster.waiting import until

_DNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"


def up(layout: Layout) -> None:
    """Bring the node up, from whatever state it is in; returns when it is Ready and resolves names.

    Raises ClusterProblem.
    """
    _check_machine(layout)
    with _alone(layout):
        packages.install()
        programs = binaries.build(layout.cache)
        archives = node_images.archives(programs)
        if namespaces.first_process(layout) is None:
            _clear(layout)
            with step("namespaces, network and certificates"):
                _prepare(layout)
        for name in components.NAMES:
            if namespaces.find(layout, name) is None:
                with step(f"{name}: starting"):
                    node.start(name, layout)
                    node.wait_ready(name, layout)
            if name == "containerd" and not (layout.node / "images").exists():
                with step("images: importing"):
                    for archive in archives:
                        containerd.import_image(archive, layout)
                    (layout.node / "images").touch()
        if not api.condition(layout, _DNS, "Available"):
            with step("cluster DNS"):
                _start_dns(layout, programs)


def down(layout: Layout) -> None:
    """Stop the node and remove all of it but the cache; does what is left to do after a crash,
    and nothing when there is no node."""
    _check_machine(layout)
    with _alone(layout), step("node: stopping and removing"):
        _clear(layout)


def _check_machine(layout: Layout) -> None:
    """Raise ClusterProblem when another folder's node runs: devices,
    control groups and mount points have fixed names."""
    if os.geteuid() != 0:
        raise ClusterProblem("a node needs namespaces, mounts and network devices of its own: run this as root")
    others = [each for each in namespaces.strangers() if each != str(layout.node)]
    if others:
        raise ClusterProblem(
            f"another node runs already, in {others[0]}: stop that one first (its folder goes into SMI_CLUSTER_DIR)"
        )


@contextlib.contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Hold a lock, so that two that bring the node up or down at the same time do so one after the other."""
    layout.folder.mkdir(parents=True, exist_ok=True)
    with (layout.folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare(layout: Layout) -> None:
    network.check_free()
    for folder in (layout.config / "cni", layout.logs, layout.run, layout.state / "etcd"):
        folder.mkdir(parents=True, mode=0o700)
    certificates.write_all(layout.keys)
    for name, content in component_config.config_files(layout).items():
        (layout.config / name).write_text(content)
    for name in components.WITH_KUBECONFIG:
        kubeconfigs.write(layout.config / f"{name}.kubeconfig", layout.keys, name)
    host_settings.note(layout.node / "host-settings.json")
    cgroups.create()
    namespaces.create(layout)
    network.connect(layout)
    kubeconfigs.write(layout.kubeconfig, layout.keys, "admin")


def _start_dns(layout: Layout, programs: binaries.Binaries) -> None:
    text = Template((MANIFESTS / "coredns.yaml").read_text())
    answer = api.get(layout, _DNS)
    if answer is None or answer.status_code == 404:  # never again: a mesh may have changed the Corefile since
        manifest = text.substitute(IMAGE=node_images.coredns_image(), CLUSTER_DNS=CLUSTER_DNS, DOMAIN=CLUSTER_DOMAIN)
        api.apply(layout, programs, manifest)
    until(lambda: api.condition(layout, _DNS, "Available"), seconds=90, what=f"CoreDNS on {NODE_NAME}")


def _clear(layout: Layout) -> None:
    namespaces.destroy(layout)
    network.disconnect()
    cgroups.remove()
    host_settings.put_back(layout.node / "host-settings.json")
    if layout.node.exists():
        shutil.rmtree(layout.node)
    for folder in layout.bound_folders():
        # The empty places where the node's own folders were bound; what has something in it is somebody else's.
        with contextlib.suppress(OSError):
            folder.rmdir()
