"""Probes per second through one exec session: without a mesh in the path, and through two sidecars with mutual TLS;
aim: 1,000."""

import time
from collections.abc import Sequence

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster
from pytest_smi.doctor.preflight import inspect
from pytest_smi.profiles.load import load_profile
from pytest_smi.scenario.scenario import Context, Scenario, allowed, match
from pytest_smi.testbed.observe import observe, plan_batch
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.target import MeshTarget
from pytest_smi.testbed.testbed import Testbed

AIM = 1000.0
REQUESTS = 2000


def rate(arguments: Sequence[str]) -> float:
    """Fresh-connection HTTP requests a second, all of them echoed and found in the journal."""
    profile = load_profile("reference")
    cluster = EmbeddedCluster(list(arguments))
    try:
        connection = Connection(cluster.kubeconfig)
        found = inspect(connection, profile)
        target = MeshTarget(
            name="reference",
            profile=profile,
            versions=found.versions,
            limits=profile.limits,
            image=SAMPLE_APP_IMAGE,
            run="benchmark",
        )
        testbed = Testbed(connection, target)
        scene = Scenario(Context(testbed, "bench"))
        server, client = scene.server(), scene.client()
        if "access" in found.versions:
            scene.grant(server, match("all", ".*"), sources=[client])
        call = client.get(server, "/")
        scene.expect(allowed(call), hold=False)
        best = 0.0
        for _ in range(3):
            started = time.perf_counter()
            (seen,) = observe(testbed, [server], [plan_batch(call, REQUESTS, profile.limits)])
            elapsed = time.perf_counter() - started
            if not seen.all(Outcome.DELIVERED):
                raise SystemExit(f"requests were lost: {seen.outcomes}")
            best = max(best, REQUESTS / elapsed)
        testbed.close()
        return best
    finally:
        cluster.stop()


def main() -> None:
    plain, meshed = rate(["--no-mesh"]), rate([])
    print(f"probes: {plain:.0f}/s without a mesh, {meshed:.0f}/s through the mesh ({plain / meshed:.1f} times less)")
    print(f"probes through the mesh: {meshed / AIM:.2f} of the aim of {AIM:.0f}/s")


if __name__ == "__main__":
    main()
