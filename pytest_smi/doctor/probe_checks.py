"""Judges the one pod that the doctor deploys into the mesh: admitted, scheduled, its images there, joined,
able to find a Service. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.doctor.findings import Finding, ok, problem, warning
from pytest_smi.profiles.load import Profile
from pytest_smi.testbed.agents import CONTAINER

PULL_TROUBLE = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
)
START_TROUBLE = ("CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError")
PROVIDE_IMAGE = (
    "build it with: pytest-smi image | docker build -t NAME -; load it into the nodes (kind load docker-image NAME) "
    "or push it, "
    "then --smi-image=NAME, and --smi-pull-secret=FILE for a private registry"
)
REFUSALS = (
    (
        "podsecurity",
        "pods of the sample application keep to 'restricted'; what the mesh adds does not: "
        "exempt its namespaces (--no-deploy skips this)",
    ),
    ("failed calling webhook", "an admission webhook does not answer: look at the mesh's injector and its Service"),
    (
        "exceeded quota",
        "raise the ResourceQuota that new namespaces get, or take it off for those labelled "
        "app.kubernetes.io/managed-by=pytest-smi",
    ),
    (
        "must specify",
        "the ResourceQuota of new namespaces wants limits on every container, the mesh's included: "
        "add a LimitRange with defaults",
    ),
    (
        "usage per",
        "the LimitRange of new namespaces refuses what the pod asks for: allow 10m CPU and 32Mi to 256Mi memory per "
        "container",
    ),
)
"""Words in a refusal → what to do; the first that fits."""
POLICY = "a policy of the cluster refused it: exempt namespaces labelled app.kubernetes.io/managed-by=pytest-smi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What could be seen of the probe pod when waiting for it ended."""

    pods: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    waited: float
    """Seconds."""
    outsiders: Sequence[Mapping[str, Any]] = ()
    """Pods that were marked to stay out of the mesh."""


def ready(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod takes part in its Service."""
    return any(
        c["type"] == "Ready" and c["status"] == "True" for c in (pod.get("status") or {}).get("conditions") or ()
    )


def settled(seen: Seen) -> bool:
    """Return whether waiting longer would not show more: the pod is Ready, was refused, or cannot start."""
    if not seen.pods:
        return bool(_refusal(seen))
    return any(ready(pod) or _waiting(pod, PULL_TROUBLE + START_TROUBLE) for pod in seen.pods)


def pods(profile: Profile, seen: Seen) -> Iterator[Finding]:
    """Check that the pod came up, and with the mesh's proxy where the mesh has one."""
    if not seen.pods:
        refusal = _refusal(seen)
        if refusal:
            remedy = next((remedy for words, remedy in REFUSALS if words in refusal.lower()), POLICY)
            yield problem("pods", f"the cluster refuses pods of the sample application: {refusal}", remedy)
        else:
            yield problem(
                "pods",
                f"no pod was made within {seen.waited:.0f} s",
                "look at kube-controller-manager: kubectl get events",
            )
        return
    pod = seen.pods[0]
    yield from _images(pod)
    yield _came_up(pod, seen)
    yield from _joined(profile, pod)


def kept_out(profile: Profile, seen: Seen) -> Iterator[Finding]:
    """Check that a pod that is marked to stay out of the mesh has no proxy, if there is one."""
    proxy, opt_out = profile.mesh.proxy_container, profile.keep_out
    told = ", ".join(f"{key}={value}" for key, value in {**opt_out.pod_labels, **opt_out.pod_annotations}.items())
    for pod in seen.outsiders[:1]:
        if proxy in [container["name"] for container in _specs(pod)]:
            yield problem(
                "keeping out",
                f"a pod with {told} joined all the same: it has the container {proxy}",
                "what is said of clients outside the mesh would be wrong: correct keepOut in the profile, "
                "or the injector's rules",
            )
        else:
            yield ok("keeping out", f"a pod with {told} stays out of the mesh")


def resolved(profile: Profile, host: str, addresses: Sequence[str], own: Sequence[str], why: str) -> Finding:
    """Check that a client finds a Service under the name that the mesh gives it.

    `own`: the addresses of the Service under its usual name, empty where the mesh uses that.
    `why`: what the prober said when it found none.
    """
    title = profile.title
    if not addresses:
        remedy = (
            f"the cluster's DNS must know the names that {title} gives to Services: "
            "look at CoreDNS and at what the mesh adds to it"
        )
        return problem("addressing", f"{host} is not known to a pod in the mesh: {why}", remedy)
    if not own:
        return ok("addressing", f"{host} is {', '.join(addresses)} for a pod in the mesh")
    if set(addresses) & set(own):
        return warning(
            "addressing",
            f"{host} is {', '.join(addresses)}, which is the Service itself: {title} does not seem to be in the path",
            f"look whether {title} has a Service of its own for it, and what the cluster's DNS makes of its names",
        )
    return ok(
        "addressing",
        f"{host} is {', '.join(addresses)}, an address of {title} and not the Service's own ({', '.join(own)})",
    )


def _images(pod: Mapping[str, Any]) -> Iterator[Finding]:
    for container in _waiting(pod, PULL_TROUBLE):
        image = _image(pod, container["name"])
        told = container["state"]["waiting"]
        found = f"{image} cannot be pulled: {told['reason']}, {told.get('message') or 'no more is said'}"
        own = container["name"] == CONTAINER
        yield problem(
            "images",
            found,
            PROVIDE_IMAGE
            if own
            else "the mesh brings this image: make it available to the nodes, as the mesh's installation says",
        )
    if not _waiting(pod, PULL_TROUBLE):
        names = [str(container["image"]) for container in _specs(pod)]
        yield ok("images", f"on the node: {', '.join(dict.fromkeys(names))}")


def _came_up(pod: Mapping[str, Any], seen: Seen) -> Finding:
    if ready(pod):
        return ok("pods", f"a pod of the sample application is Ready after {seen.waited:.1f} s")
    name = pod["metadata"]["name"]
    for container in _waiting(pod, START_TROUBLE):
        told = container["state"]["waiting"]
        ended = ((container.get("lastState") or {}).get("terminated") or {}).get("reason", "")
        why = ", ".join(part for part in (told["reason"], told.get("message") or "", ended) if part)
        return problem(
            "pods",
            f"container {container['name']} does not start: {why}",
            "its log says why: repeat with --keep, then kubectl logs",
        )
    if _waiting(pod, PULL_TROUBLE):
        return problem("pods", f"{name} does not start without its image", "see images")
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            why = condition.get("message") or condition.get("reason")
            return problem(
                "pods",
                f"no node takes the pod: {why}",
                "free a node, or name those that may: --smi-node-selector, --smi-toleration",
            )
    lagging = [s["name"] for s in (pod.get("status") or {}).get("containerStatuses") or () if not s.get("ready")]
    return problem(
        "pods",
        f"{name} is not Ready after {seen.waited:.0f} s; not ready: {', '.join(lagging) or 'unknown'}",
        "wait longer with --smi-timeout, or look why: repeat with --keep, then kubectl describe pod",
    )


def _joined(profile: Profile, pod: Mapping[str, Any]) -> Iterator[Finding]:
    proxy = profile.mesh.proxy_container
    names = [container["name"] for container in _specs(pod)]
    if not proxy:
        if profile.mesh.workloads:
            yield ok(
                "injection", f"{profile.title} adds no container to pods; that it is in the path shows in a run only"
            )
        return
    if proxy in names:
        yield ok("injection", f"the pod joined: it has the container {proxy}, {_image(pod, proxy)}")
        return
    injection = profile.join
    given = {
        **injection.namespace_labels,
        **injection.namespace_annotations,
        **injection.pod_labels,
        **injection.pod_annotations,
    }
    told = ", ".join(f"{key}={value}" for key, value in given.items()) or "no mark at all"
    yield problem(
        "injection",
        f"the pod did not join: it has {', '.join(names)} but no container {proxy}",
        f"the mesh must inject it on {told}: look at its MutatingWebhookConfiguration and its injector's log",
    )


def removal(name: str, error: str) -> Finding:
    """Return the namespace of the probe could not be removed."""
    return warning("clean-up", f"namespace {name} is still there: {error}", "pytest-smi clean")


def _refusal(seen: Seen) -> str:
    told = [str(event.get("message", "")) for event in seen.events if event.get("reason") == "FailedCreate"]
    return told[-1].removeprefix("Error creating: ") if told else ""


def _waiting(pod: Mapping[str, Any], reasons: Sequence[str]) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return [c for c in containers if ((c.get("state") or {}).get("waiting") or {}).get("reason") in reasons]


def _specs(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Native sidecars stand among the init containers.
    return [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]


def _image(pod: Mapping[str, Any], container: str) -> str:
    return next((str(spec["image"]) for spec in _specs(pod) if spec["name"] == container), "its image")
