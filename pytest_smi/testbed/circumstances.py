"""What the cluster shows beside a verdict that is not passed, in sentences: the mesh's own pods, proxies of the
scenario's pods, events on its SMI objects. Pure.

Only what is out of the ordinary makes a sentence; none of them ever changes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_smi.cluster.pods import container_statuses, readiness, selected_by, why_not_ready
from pytest_smi.core.redaction import without_credentials
from pytest_smi.profiles.load import WorkloadReference

Object = Mapping[str, Any]
MOST_SENTENCES = 12
_LONGEST = 300
_MOST_EVENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at the cluster brought, as the API server tells it."""

    workloads: Mapping[WorkloadReference, Object | None] = field(default_factory=dict)
    """The mesh's own; None: there is none of that name."""
    mesh_pods: Sequence[Object] = ()
    """Pods of the namespaces that these are in."""
    expected: Mapping[str, bool] = field(default_factory=dict)
    """`namespace/name` of each pod of the scenario, and whether it joined the mesh."""
    pods: Sequence[Object] | None = None
    """Pods of the scenario's namespaces; None: not read in full."""
    events: Sequence[Object] = ()
    """About SMI objects of the scenario."""
    unread: Sequence[str] = ()
    """What could not be read, and why."""


def sentences(look: Look, *, proxy: str, began: float) -> list[str]:
    """Return what is known, the mesh first; empty when all is as it should be.

    `proxy`: name of the mesh's sidecar container, if it has any. `began`: when the run began by the cluster's clock,
    in seconds since 1970; 0: unknown.
    """
    found = [*_mesh(look, began), *_scenario(look, proxy), *_events(look)]
    told = list(dict.fromkeys(_short(sentence) for sentence in found))
    more = len(told) - MOST_SENTENCES
    return told if more <= 0 else [*told[:MOST_SENTENCES], f"and {more} more"]


def summary(look: Look) -> dict[str, Any]:
    """Return the look for the evidence, bounded: what was read, whatever it says."""
    pods = [*look.mesh_pods, *(look.pods or ())]
    return {
        "workloads": {_name(reference): _available(reference, body) for reference, body in look.workloads.items()},
        "pods": [_pod(pod) for pod in pods[:50]],
        "events": [_event(event) for event in look.events[-20:]],
        "unread": list(look.unread),
    }


def _mesh(look: Look, began: float) -> Iterator[str]:
    for reference, body in look.workloads.items():
        name = _name(reference)
        if body is None:
            yield f"{name} is not there"
            continue
        pods = selected_by(body, [pod for pod in look.mesh_pods if _namespace(pod) == reference.namespace])
        available, wanted = readiness(reference.kind, body)
        if wanted == 0:
            yield f"{name} has no pods: it is scaled to 0 or no node takes it"
        elif available < wanted:
            why = why_not_ready(pods, ())
            yield f"{name}: {available} of {wanted} pod(s) are available{f': {why}' if why else ''}"
        for pod in pods:
            yield from _since(pod, name, began)


def _since(pod: Object, workload: str, began: float) -> Iterator[str]:
    """Yield what happened to a pod of the mesh since the run began; times have whole seconds, so later means a
    second."""
    name, born = _pod_name(pod), _seconds((pod.get("metadata") or {}).get("creationTimestamp"))
    if not began:
        return
    if born > began + 1:
        yield f"{workload}: pod {name} was created {born - began:.0f} s after the run began"
        return
    for status in container_statuses(pod):
        started = _seconds(((status.get("state") or {}).get("running") or {}).get("startedAt"))
        if started > began + 1 and int(status.get("restartCount") or 0):
            yield (
                f"{workload}: container {status.get('name')} of pod {name} was restarted {started - began:.0f} s after "
                f"the run began{_ended(status)}"
            )


def _scenario(look: Look, proxy: str) -> Iterator[str]:
    if look.pods is None:
        return
    there = {f"{_namespace(pod)}/{_pod_name(pod)}": pod for pod in look.pods}
    for key, joined in look.expected.items():
        pod = there.get(key)
        if pod is None:
            yield f"pod {key} is gone"
            continue
        status = next((one for one in container_statuses(pod) if one.get("name") == proxy), None)
        if proxy and joined and status is None:
            yield f"pod {key} has no container {proxy}: the mesh did not inject its proxy"
        if status is not None and not status.get("ready"):
            yield f"the proxy of pod {key} is not ready{_waits(status)}"
        elif why := why_not_ready([pod], ()):
            yield f"pod {key} is not Ready: {why}"
        if status is not None and int(status.get("restartCount") or 0):
            yield f"the proxy of pod {key} was restarted {status['restartCount']} time(s){_ended(status)}"


def _events(look: Look) -> Iterator[str]:
    warnings = [_event(event) for event in look.events if event.get("type") == "Warning"]
    yield from warnings[-_MOST_EVENTS:]


def _event(event: Object) -> str:
    about = event.get("involvedObject") or {}
    name = f"{about.get('kind')} {about.get('namespace', '')}/{about.get('name')}"
    return _short(f"{event.get('type')} on {name}: {event.get('reason', '')}: {event.get('message', '')}")


def _waits(status: Object) -> str:
    waiting = (status.get("state") or {}).get("waiting") or {}
    told = f"{waiting.get('reason') or ''} {waiting.get('message') or ''}".strip()
    return f": {told}" if told else ""


def _ended(status: Object) -> str:
    ended = (status.get("lastState") or {}).get("terminated") or {}
    if not ended:
        return ""
    return f" ({ended.get('reason') or 'ended'}, exit status {ended.get('exitCode')})"


def _available(reference: WorkloadReference, body: Object | None) -> str:
    if body is None:
        return "not there"
    available, wanted = readiness(reference.kind, body)
    return f"{available} of {wanted} available"


def _pod(pod: Object) -> dict[str, Any]:
    statuses = container_statuses(pod)
    return {
        "pod": f"{_namespace(pod)}/{_pod_name(pod)}",
        "created": (pod.get("metadata") or {}).get("creationTimestamp"),
        "phase": (pod.get("status") or {}).get("phase"),
        "notReady": [status.get("name") for status in statuses if not status.get("ready")],
        "restarts": {
            str(status.get("name")): status["restartCount"] for status in statuses if status.get("restartCount")
        },
    }


def _name(reference: WorkloadReference) -> str:
    return f"{reference.kind}/{reference.name} in {reference.namespace}"


def _namespace(pod: Object) -> str:
    return str((pod.get("metadata") or {}).get("namespace", ""))


def _pod_name(pod: Object) -> str:
    return str((pod.get("metadata") or {}).get("name", ""))


def _seconds(timestamp: object) -> float:
    try:
        return datetime.fromisoformat(str(timestamp)).timestamp()
    except ValueError:
        return 0.0


def _short(text: str) -> str:
    plain = " ".join(without_credentials(text).split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
