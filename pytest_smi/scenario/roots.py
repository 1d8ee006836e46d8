"""What requests to a root Service look like before and after each change of its split, as far as the suite can know.

Before any split a root is a plain Service, which spreads requests evenly over the pods that it selects. A client is
taken to be at any of the states since the last one that it was seen to have left behind.
"""

from __future__ import annotations

from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.sampling.settling import State
from pytest_smi.smi.model import TrafficSplit
from pytest_smi.testbed.hosts import SUFFIXES
from pytest_smi.testbed.probing.plan import Call


class Roots:
    """The splits that each root had, one after the other, and what each client has seen of them."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._splits: dict[str, list[TrafficSplit | None]] = {}
        """By the root's key; None is the plain Service."""
        self._root_by_name: dict[tuple[str, str], str] = {}
        """The root of each split, by the split's namespace and name."""
        self._seen: dict[tuple[str, str], int] = {}
        """By client and root: the newest of these states that the client was seen to be in."""

    def applied(self, split: TrafficSplit) -> None:
        """Note that a split was created or replaced, and that a root which it had before has it no longer."""
        root, name = _root_of(split), (split.namespace, split.name)
        former = self._root_by_name.get(name, root)
        if former != root:
            self._splits[former].append(None)
        self._root_by_name[name] = root
        self._splits.setdefault(root, [None]).append(split)

    def deleted(self, split: TrafficSplit) -> None:
        """Note that a split was deleted."""
        self._splits.setdefault(_root_of(split), [None]).append(None)

    def before(self, call: Call) -> list[State]:
        """Return the states that the call may still find in place of the newest; none where no split concerns it."""
        splits = self._splits.get(call.server, [None])
        if call.outside:
            return []  # clients outside the mesh always see the plain Service
        first = self._seen.get((call.source, call.server), 0)
        states = [self._state(call, split) for split in splits[first:-1]]
        return [state for number, state in enumerate(states) if state and state not in states[:number]]

    def arrived(self, call: Call) -> None:
        """Note that the call's client has left all states before the newest behind."""
        self._seen[call.source, call.server] = len(self._splits.get(call.server, [None])) - 1

    def _state(self, call: Call, split: TrafficSplit | None) -> State:
        """Return the shares under a split, without backends that have no such port or no Service yet;
        empty when nothing is known."""
        if split is None:
            return self._deployment.plain_spread(call)
        ports = self._deployment.ports_of(call)
        weights = [(_plain(backend.service), float(backend.weight)) for backend in split.backends]
        known = {(name, ports[name]): weight for name, weight in weights if name in ports and weight}
        total = sum(known.values())
        return {place: weight / total for place, weight in known.items()}


def _plain(service: str) -> str:
    """Return a Service's name without the suffix of its family."""
    name = service.partition(".")[0]
    return next((name.removesuffix(suffix) for suffix in SUFFIXES.values() if suffix and name.endswith(suffix)), name)


def _root_of(split: TrafficSplit) -> str:
    return f"{split.namespace}/{_plain(split.service)}"
