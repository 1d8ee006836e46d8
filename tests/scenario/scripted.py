"""A scenario without a cluster: workloads that exist at once, a clock that only pauses move,
and a wire that follows a script.

Only the two ends are made up: the testbed below the scenario, and `observe` and `pause` of its context.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.limits import Limits
from pytest_smi.errors import HarnessError
from pytest_smi.profiles.load import Profile, load_profile
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.scenario import Scenario
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.probing.observation import Arrival, Observation, Outcome, Probe
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from pytest_smi.testbed.target import MeshTarget
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Pod, Workload

Place = tuple[str, int]
"""Where a request arrives: pod and port."""
Script = Callable[[Call, int, float], Place | Outcome]
"""From a call, the number of the request (counted over all calls) and the time,
to where it arrives or what becomes of it."""
VERSIONS = {"access": "v1alpha3", "specs": "v1alpha4", "split": "v1alpha4"}


class Clock:
    """Time that passes only when somebody pauses, or a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class ScriptedObjects:
    """Keeps what is applied; `listed` is what a list of events answers, `refusal` what a dry run of a
    change does."""

    def __init__(self) -> None:
        self.applied: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.listed: list[dict[str, Any]] = []
        self.patched: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self.refusal: Answer | None = None

    def apply(self, manifest: dict[str, Any]) -> None:
        """Keep an object."""
        self.applied[_key(manifest)] = manifest

    def delete(self, manifest: dict[str, Any]) -> None:
        """Forget an object."""
        self.applied.pop(_key(manifest), None)

    def dry_run(self, _manifest: dict[str, Any]) -> Answer:
        """Store whatever is well-formed: that is the mesh's matter."""
        return Answer(status=201, body={})

    def dry_run_patch(self, manifest: dict[str, Any], _patch: Mapping[str, Any]) -> Answer:
        """Answer as told; what is not refused would be changed."""
        return self.refusal or Answer(status=200, body=manifest)

    def patch(self, manifest: dict[str, Any], patch: Mapping[str, Any]) -> None:
        """Keep what is merged into which object."""
        self.patched[_key(manifest)] = patch

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the specs of a kind's objects that are there."""
        return [manifest["spec"] for (found, _, _), manifest in self.applied.items() if found == kind]

    def list(self, _version: str, _plural: str, _namespace: str) -> list[dict[str, Any]]:
        """Answer as told."""
        return self.listed


class ScriptedTestbed:
    """Stands in for the cluster: healthy unless `broken` says what is wrong."""

    def __init__(
        self, limits: Limits, *, versions: Mapping[str, str], idle_before: float, root_selects_backends: bool
    ) -> None:
        profile = _reference()
        splits = replace(profile.splits, idle_before=idle_before, root_selects_backends=root_selects_backends)
        self.target = MeshTarget(
            name="scripted",
            profile=replace(profile, splits=splits),
            versions=versions,
            limits=limits,
            image="none",
            run="scripted",
        )
        self.objects = ScriptedObjects()
        self.failed_controls = 0
        self.clients: tuple[Workload, ...] = ()
        self.shared: dict[str, Any] = {}
        self.workloads: dict[str, Workload] = {}
        """What was deployed, by key."""
        self.broken = ""
        self.unready = ""
        """Key of a workload whose pods are not Ready."""

    def forget_ended(self) -> None:
        """Nothing ends."""

    def namespace(self, alias: str) -> str:
        """Return the alias itself."""
        return alias

    def client(self, account: str, alias: str, *, joined: bool = True) -> Workload:
        """Return a client."""
        return self.deploy(f"cli-{account}", alias, account=account, title=f"cli-{account}", joined=joined)

    def deploy(
        self, name: str, alias: str, *, account: str, title: str, joined: bool = True, replicas: int = 1, **_: object
    ) -> Workload:
        """Return a workload whose pods are Ready."""

        def pods(workload: Workload) -> list[Pod]:
            started = len(workload.former)
            return [Pod(alias, f"{name}-{started + i}", f"10.0.0.{started + i + 1}", account) for i in range(replicas)]

        addresses = Addresses.of(self.target.profile, name, alias)
        self.workloads[f"{alias}/{name}"] = made = Workload(
            name=name,
            namespace=alias,
            account=account,
            host=addresses.of_call("http", outside=False),
            replicas=replicas,
            joined=joined and alias != "out",
            title=title,
            await_pods=pods,
            addresses=addresses,
        )
        return made

    def remove(self, _workload: Workload) -> None:
        """Nothing is there to be removed."""

    def await_gone(self, _workload: Workload) -> None:
        """Nothing is left."""

    def restart(self, workload: Workload) -> None:
        """Give it new pods."""
        workload.renew()

    def journals(self, _servers: object) -> list["ScriptedTestbed"]:
        """Return one journal for all."""
        return [self]

    def check_alive(self, _port: int) -> None:
        """Raise when broken."""
        if self.broken:
            raise HarnessError(self.broken)

    def check_ready(self, workloads: Iterable[Workload]) -> None:
        """Raise when one of those that are asked for is not Ready."""
        if self.unready in [workload.key for workload in workloads]:
            raise HarnessError(f"0 of 1 pod(s) of {self.unready} are Ready")

    def prober(self, _pod: str) -> "ScriptedTestbed":
        """Return one prober for all."""
        return self

    def resolve(self, _host: str) -> None:
        """Every name resolves."""


class Scripted:
    """A scenario and its two ends: `clock`, `testbed`, and a `script` that may be exchanged;
    `sent` and `rounds` count."""

    def __init__(
        self,
        script: Script,
        *,
        limits: Limits | None = None,
        versions: Mapping[str, str] = VERSIONS,
        idle_before: float = 0.0,
        root_selects_backends: bool = False,
        latency: float = 0.0,
    ) -> None:
        self.script, self.latency = script, latency
        self.clock, self.sent, self.rounds = Clock(), 0, 0
        self.calls: set[Call] = set()
        self.testbed = ScriptedTestbed(
            limits or Limits(), versions=versions, idle_before=idle_before, root_selects_backends=root_selects_backends
        )
        context = Context(
            cast(Testbed, self.testbed), "x", clock=self.clock, observe=self.observe, pause=self.clock.pause
        )
        self.smi = Scenario(context)

    def observe(self, servers: Sequence[Workload], batches: Sequence[ProbeBatch]) -> list[Observation]:
        """Send nothing; ask the script."""
        self.rounds += 1
        seen = [Observation(batch=batch, probes=tuple(self._probes_of(batch))) for batch in batches]
        self.clock.now += self.latency
        return seen

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of the evidence with this name."""
        return [event for event in self.smi.evidence.document()["timeline"] if event["event"] == name]

    def _probes_of(self, batch: ProbeBatch) -> Iterator[Probe]:
        self.calls.add(batch.call)
        for number, nonce in enumerate(batch.nonces):
            # The script is asked about one request at a time.
            call = replace(batch.call, requests=batch.call.requests[number % len(batch.call.requests) :][:1])
            fared = self.script(call, self.sent, self.clock.now)
            self.sent += 1
            outcome = fared if isinstance(fared, Outcome) else Outcome.DELIVERED
            pod, port = (call.server, call.port) if isinstance(fared, Outcome) else fared
            yield probe(nonce, outcome, pod=pod, port=port)


def probe(nonce: str, outcome: Outcome, *, pod: str = "srv-1", port: int = 8080) -> Probe:
    """A probe that fared so."""
    arrivals = (
        () if outcome is Outcome.NOT_DELIVERED else (Arrival(nonce=nonce, pod=pod, port=port, protocol="HTTP/1.1"),)
    )
    client_saw = {Outcome.DELIVERED: "answer", Outcome.TIMED_OUT: "timeout"}.get(outcome, "reset")
    return Probe(
        nonce=nonce, client_saw=client_saw, status=None, echo=outcome is Outcome.DELIVERED, arrivals=arrivals, ms=1.0
    )


def lost(nonce: str) -> Probe:
    """A probe that got no answer and arrived nowhere: on a busy node, or denied by silence."""
    return replace(probe(nonce, Outcome.NOT_DELIVERED), client_saw="timeout")


def by_call(outcomes: Mapping[Call, Outcome]) -> Script:
    """Each call always fares alike."""
    return lambda call, _number, _now: outcomes[call]


def in_turn(*places: Place | Outcome) -> Script:
    """Places in turn, whatever the call."""
    return lambda _call, number, _now: places[number % len(places)]


def after(requests: int, before: Script, then: Script) -> Script:
    """One script for so many requests, then another."""
    return lambda call, number, now: (before if number < requests else then)(call, number, now)


@cache
def _reference() -> Profile:
    return load_profile("reference")


def _key(manifest: Mapping[str, Any]) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]
