"""Open Service Mesh with permissive mode and egress off, in the running cluster, and every trace of it removed."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.kubectl import Kubectl
from tests.cluster.osm import manifests, programs, sidecar
from tests.cluster.progress import step

_CONTROLLER, _INJECTOR, _BOOTSTRAP = (f"deployment/osm-{name}" for name in ("controller", "injector", "bootstrap"))
_WEBHOOKS = "validatingwebhookconfigurations,mutatingwebhookconfigurations"


class OpenServiceMesh:
    """See tests.cluster.meshes.Mesh."""

    title = "Open Service Mesh"
    control = ("osm-controller", manifests.NAMESPACE)

    @property
    def version(self) -> str:
        """The pinned versions of control plane and proxy."""
        return (
            f"Open Service Mesh {programs.version()}, permissive mode and egress off, "
            f"proxy Envoy {sidecar.envoy_version()}"
        )

    def archives(self, cache: Path) -> list[Path]:
        """Return the images of the control plane, the proxy and the init container."""
        return [*programs.archives(cache), *sidecar.archives(cache, programs.version())]

    def install(self, kubectl: Kubectl) -> None:
        """osm-bootstrap first: it makes the kinds and the configuration that the others need when they start."""
        version = programs.version()
        with step(f"{self.title}: kinds and configuration"):
            kubectl.apply(manifests.first(version=version))
            kubectl.rolled_out(_BOOTSTRAP, manifests.NAMESPACE)
            kubectl.established(manifests.LABEL)
            # osm-bootstrap leaves a configuration that is there as it is.
            kubectl.apply([manifests.config()])
        with step(f"{self.title}: controller and injector"):
            kubectl.apply(
                manifests.control_plane(version=version, envoy=sidecar.envoy_image(), init=sidecar.init_image(version))
            )
            # Each is ready once its webhook is registered.
            kubectl.rolled_out(_CONTROLLER, manifests.NAMESPACE)
            kubectl.rolled_out(_INJECTOR, manifests.NAMESPACE)

    def remove(self, kubectl: Kubectl) -> None:
        """The programs first: they would register their webhooks again; then these,
        which refuse what nobody answers for."""
        kubectl.delete(_BOOTSTRAP, _CONTROLLER, _INJECTOR, namespace=manifests.NAMESPACE)
        kubectl.delete_labelled(_WEBHOOKS, manifests.LABEL)
        kubectl.delete_labelled("customresourcedefinitions,clusterrolebindings,clusterroles", manifests.LABEL)
        kubectl.delete(f"namespace/{manifests.NAMESPACE}")
