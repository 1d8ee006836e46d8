"""The program of the control plane: watches the cluster, configures sidecars, injects them,
and hosts the metrics API."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from pytest_smi.reference.mesh import webhook
from pytest_smi.reference.mesh.cluster_config import pod_account
from pytest_smi.reference.mesh.composition import compiler, root_services
from pytest_smi.reference.mesh.config_server import ConfigServer
from pytest_smi.reference.mesh.faults import known
from pytest_smi.reference.mesh.identity import MeshAuthority, server_context, write_private
from pytest_smi.reference.mesh.images import IMAGES
from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError
from pytest_smi.reference.mesh.mesh_names_keeper import MeshNames
from pytest_smi.reference.mesh.metrics.api import horizon_seconds, start_metrics_api
from pytest_smi.reference.mesh.metrics.permissions import AccessRequest, subject_access_review
from pytest_smi.reference.mesh.pacing import Pacing
from pytest_smi.reference.mesh.personas import find_persona
from pytest_smi.reference.mesh.personas.joining import joins
from pytest_smi.reference.mesh.personas.record import Sidecar
from pytest_smi.reference.mesh.readiness import Ready
from pytest_smi.reference.mesh.registration import Registration
from pytest_smi.reference.mesh.split_events import EventWriter
from pytest_smi.reference.mesh.watches import CONFIGURING, Watches, resources_of

CONFIG_PORT, WEBHOOK_PORT, METRICS_PORT, READY_PORT = 15010, 9443, 8443, 15021
NAMESPACE, SERVICE = "smi-reference", "control-plane"
METRICS_WINDOW_SECONDS = 10.0
"""A third of the example of the specification: what is sent and read within it takes 2 s on a quiet machine of two
processors, and 6 s beside another whole run."""

_log = logging.getLogger("control-plane")


class ControlPlane:
    """Everything the control plane does, in one event loop."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        names = environment.get("SMI_REFERENCE_FAULTS", "").replace(",", " ").split()
        persona = environment.get("SMI_REFERENCE_PERSONA")
        self._persona = find_persona(persona) if persona else None
        deviations = self._persona.deviations if self._persona else {}
        self._switches = frozenset({*known(names), *deviations})
        self._namespace = self._persona.namespace if self._persona else NAMESPACE
        self._pacing = Pacing.of(self._persona)
        self._host = environment["POD_IP"]
        self._tmp = Path(environment.get("TMPDIR", "/tmp"))  # noqa: S108  # the container's own folder
        self._kube = KubeClient(environment)
        self._watches = Watches(self._kube, self._on_change, resources_of(self._persona))
        self._compiler = compiler(self._switches, self._persona)
        self._names = MeshNames(self._kube, self._namespace, self._persona.domain if self._persona else "")
        self._events = EventWriter(self._kube)
        self._roots = root_services(self._kube, self._switches)
        self._server: ConfigServer | None = None
        self._pending: asyncio.TimerHandle | None = None
        self._first_change = 0.0
        self._synced = False

    def _on_change(self, resource: str) -> None:
        if resource == "services":
            self._names.follow(self._watches.cache["services"])
        if resource not in CONFIGURING or not self._synced:
            return
        loop = asyncio.get_running_loop()
        if self._pending is None:
            self._first_change = loop.time()
        elif self._pacing.slides:
            self._pending.cancel()
        else:
            return
        self._pending = loop.call_at(self._pacing.due(loop.time(), self._first_change), self._publish)

    def _publish(self) -> None:
        self._pending = None
        assert self._server is not None
        snapshot = self._compiler.compile(self._watches.cache)
        self._server.publish(snapshot)
        self._events.follow(snapshot)
        self._roots.follow(self._watches.cache)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. KubeError, aiohttp.ClientError: the cluster does not let us start."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        watching = loop.create_task(self._watches.run())
        try:
            registration = Registration(self._kube, self._namespace)
            authority = await registration.authority()
            tls = self._server_tls(authority)
            self._server = ConfigServer(authority, self._review)
            await self._watches.listed()
            self._synced = True
            self._publish()
            servers = [await self._server.start(self._host, CONFIG_PORT, tls)]
            runner = await webhook.start(
                self._host,
                WEBHOOK_PORT,
                tls,
                image=next(reference for reference in IMAGES if "/proxy:" in reference),
                authority=authority.certificate_pem.decode("ascii"),
                control_plane=f"{SERVICE}.{self._namespace}.svc.cluster.local:{CONFIG_PORT}",
                sidecar=self._persona.sidecar if self._persona else Sidecar(),
                decide=self._joins if self._persona else None,
            )
            metrics = await self._start_metrics(self._server_tls(authority), await registration.front_proxy_authority())
            await registration.announce(authority.certificate_pem)
            servers.append(await loop.create_server(Ready, self._host, READY_PORT))
            gc.freeze()
            _log.info("ready; faults: %s", ", ".join(sorted(self._switches)) or "none")
            await stopped.wait()
            for server in servers:
                server.close()
            await metrics.close()
            await runner.cleanup()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await self._kube.close()

    async def _joins(self, pod: Mapping[str, Any], namespace: str) -> bool:
        """Return whether a pod joins under this persona; the namespace is asked for when the watch has not told it
        yet."""
        assert self._persona is not None
        found = self._watches.cache["namespaces"].get(("", namespace))
        return joins(
            self._persona.join, pod, found or await self._kube.request("GET", f"/api/v1/namespaces/{namespace}")
        )

    def _server_tls(self, authority: MeshAuthority) -> ssl.SSLContext:
        # Sidecars expect the first name wherever the control plane lives.
        places = dict.fromkeys((NAMESPACE, self._namespace))
        hosts = [f"{SERVICE}.{place}.svc{domain}" for place in places for domain in ("", ".cluster.local")]
        key, certificate = authority.issue_server(hosts)
        files = write_private(self._tmp / "server.pem", certificate), write_private(self._tmp / "server.key", key)
        return server_context(*files, authority=None)

    async def _start_metrics(self, tls: ssl.SSLContext, front_proxy: bytes | None) -> Any:
        if front_proxy is not None:
            tls.verify_mode = ssl.CERT_OPTIONAL
            tls.load_verify_locations(cadata=front_proxy.decode("ascii"))
        assert self._server is not None
        server, faults = self._server, self._switches
        reach = horizon_seconds(METRICS_WINDOW_SECONDS, faults=faults)

        async def scrape() -> list[Any]:
            return await server.scrape(time.time() - reach)

        return await start_metrics_api(
            host=self._host,
            port=METRICS_PORT,
            ssl_context=tls,
            scrape=scrape,
            cluster_view=self._watches,
            authorize=self._authorize,
            window_seconds=METRICS_WINDOW_SECONDS,
            faults=faults,
        )

    async def _authorize(self, request: AccessRequest) -> bool:
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        answer = await self._kube.request("POST", path, subject_access_review(request))
        return bool(answer["status"].get("allowed"))

    async def _review(self, token: str, namespace: str, name: str) -> str:
        """Return the service account of the pod that this token belongs to. PermissionError: it belongs to no such
        pod."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        try:
            status = (await self._kube.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body))["status"]
            pod = self._watches.cache["pods"].get((namespace, name))
            pod = pod or await self._kube.request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")
        except (KubeError, aiohttp.ClientError, TimeoutError) as error:
            raise PermissionError(f"the API server could not confirm the pod: {error}") from error
        account = pod_account(pod)
        user = status.get("user") or {}
        if not status.get("authenticated") or user.get("username") != f"system:serviceaccount:{namespace}:{account}":
            raise PermissionError(
                f"the token is not that of service account {namespace}/{account}: a pod gets the identity of its own "
                "only"
            )
        bound = (user.get("extra") or {}).get("authentication.kubernetes.io/pod-name") or ()
        if name not in bound:
            raise PermissionError(f"the token is not bound to the pod {namespace}/{name}: another one may hold it")
        return account


def main(argv: list[str] | None = None) -> int:
    """Run the control plane; the exit status."""
    # Under a persona there may be arguments: they are those of the program that this one stands for, to be looked at
    # only.
    argparse.ArgumentParser(
        prog="smi-control-plane", description="The control plane of the SMI reference mesh."
    ).parse_known_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(ControlPlane(os.environ).run())
    except (KubeError, aiohttp.ClientError, OSError, KeyError, ValueError) as error:
        _log.error("cannot run: %s", f"the environment lacks {error}" if isinstance(error, KeyError) else error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
