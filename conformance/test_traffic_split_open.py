"""Traffic Split: what the specification leaves open about backends, weights and roots; the reading of the mesh is
reported. A split made later and in effect shows that the mesh has taken note of the one in question."""

from dataclasses import replace

from pytest_smi.scenario.scenario import (
    MARKED,
    PLAIN,
    Landings,
    Scenario,
    TrafficSplit,
    Workload,
    assertion,
)

TWO = {"8080/TCP": 8080, "9090/TCP": 8081}
"""Two ports of a root; its backends' own Services map them the other way round."""


@assertion("SP-17", level="unspecified", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"})
def test_share_of_a_missing_backend(smi: Scenario) -> None:
    """The share of a backend that does not exist may fail or go to the other backends: the specification asks and does
    not answer."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    stored = _stored(smi, a, v1, smi.split(root, {v1: 50, "missing": 50}))
    smi.observed(_share(smi.landings(a.get(root)), v1) if stored else "the split is refused")


@assertion("SP-18", level="unspecified", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"}, serial=True)
def test_share_of_a_backend_without_endpoints(smi: Scenario) -> None:
    """The share of a backend that has no ready endpoints may fail or go to the other backends: the specification asks
    and does not answer."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    empty = smi.service("empty", [], ports=MARKED, selector={"scene-of-nobody": smi.tag})
    smi.open_to_all(v1, sources=[a])
    smi.control_later_split(a, v1, name="before")
    split = smi.split(root, {v1: 50, empty: 50})
    stopped = _stopped(smi, a, v1, split)
    smi.observed(stopped or _share(smi.landings(a.get(root)), v1))


@assertion("SP-28", level="unspecified", source="split v1alpha4 §Ports", since={"split": "v1alpha2"})
def test_backend_with_some_of_the_ports(smi: Scenario) -> None:
    """A backend that has some of the root's ports and lacks others may be left out on those alone, or on all of
    them."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports={"8080/TCP": 8081, "9090/TCP": 8080}), smi.server("v2", ports=MARKED)
    beside = smi.server("beside", ports=MARKED, under_root=False)
    root = smi.service("app", [v1, v2], ports=TWO)
    smi.open_to_all(v1, v2, beside, sources=[a])
    stored = _stored(smi, a, beside, smi.split(root, {v1: 50, v2: 50}))
    smi.observed(_partial(smi.landings(a.get(root)), v1, v2) if stored else "the split is refused")


@assertion("SP-48", level="unspecified", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"})
def test_backend_that_is_a_root(smi: Scenario) -> None:
    """Splits are not hierarchical: a backend that is the root of another split stands for its own endpoints, or is
    followed all the same."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED, under_root=False, labels={"own": smi.tag})
    root = smi.service("app", [v1], ports=PLAIN)
    middle = smi.service("middle", [v2], ports=PLAIN, selector={"own": smi.tag})
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(middle, {v1: 100}, name="below"))
    stored = _stored(smi, a, v1, smi.split(root, {middle: 100}))
    smi.observed(_hierarchy(smi.landings(a.get(root)), v1, v2) if stored else "the split is refused")


@assertion("SP-49", level="unspecified", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"})
def test_root_among_its_backends(smi: Scenario) -> None:
    """A root among its own backends may be refused, make the split void, be ignored, or stand for its endpoints: the
    specification says that it cannot be, and then only warns."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    stored = _stored(smi, a, v1, smi.split(root, {root: 50, v1: 50}))
    smi.observed(_own_root(smi.landings(a.get(root)), v1) if stored else "the split is refused")


@assertion("SP-50", level="unspecified", source="split v1alpha4 §Specification, silent", since={"split": "v1alpha2"})
def test_two_splits_of_one_root(smi: Scenario) -> None:
    """Of two splits of one root one may win, or both may count: the specification does not say."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}, name="former"))
    stored = _stored(smi, a, v1, smi.split(root, {v2: 100}, name="latter"))
    smi.observed(_both(smi.landings(a.get(root)), v1, v2) if stored else "the second split is refused")


@assertion(
    "SP-56",
    level="unspecified",
    source="split v1alpha4 §Specification, silent",
    since={"split": "v1alpha2"},
    serial=True,
)
def test_weights_that_are_all_zero(smi: Scenario) -> None:
    """When all weights are zero, requests may fail, go to the root's endpoints or to the backends: the specification
    does not say."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    smi.control_later_split(a, v1, name="before")
    stopped = _stopped(smi, a, v1, smi.split(root, {v1: 0}))
    smi.observed(stopped or _whole(smi.landings(a.get(root)), v1))


@assertion("SP-58", level="unspecified", source="split v1alpha4 §Specification, silent", since={"split": "v1alpha2"})
def test_backend_that_is_named_twice(smi: Scenario) -> None:
    """The weights of a backend that is named twice may add up, or one of them counts: the specification does not
    say."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    split = smi.split(root, {v1: 20, v2: 20})
    first, second = split.backends
    stored = _stored(smi, a, v1, replace(split, backends=(first, second, first)))
    smi.observed(
        _twice(smi.landings(a.get(root), times=smi.limits.count_trials), v1) if stored else "the split is refused"
    )


@assertion(
    "SP-59",
    level="unspecified",
    source="split v1alpha4 §Specification, silent",
    since={"split": "v1alpha2"},
    serial=True,
)
def test_split_without_backends(smi: Scenario) -> None:
    """A split whose list of backends is empty may be refused, be no split, or leave the root without anybody behind
    it: the specification does not say."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    smi.control_later_split(a, v1, name="before")
    split = replace(smi.split(root, {v1: 100}), backends=())
    stopped = _stopped(smi, a, v1, split)
    smi.observed(stopped or _whole(smi.landings(a.get(root)), v1))


@assertion("SP-60", level="unspecified", source="split v1alpha4 §Specification, silent", since={"split": "v1alpha2"})
def test_root_that_comes_later(smi: Scenario) -> None:
    """A split whose root does not exist yet may be refused, or take effect when the root comes, or never: the
    specification does not say."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    other = smi.service("other", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    split = replace(smi.split(other, {v1: 100}), service=f"app-{smi.tag}")
    stored = _stored(smi, a, v1, split)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.control_later_split(a, v1, name="after")
    smi.observed(_whole(smi.landings(a.get(root)), v1) if stored else "the split is refused")


def _stored(smi: Scenario, source: Workload, backend: Workload, split: TrafficSplit) -> bool:
    """Apply a split, unless it is refused, and show that the mesh has taken note of it."""
    if smi.apply_unless_refused(split):
        return False
    smi.control_later_split(source, backend)
    return True


def _stopped(smi: Scenario, source: Workload, backend: Workload, split: TrafficSplit) -> str:
    """Apply a split; return what keeps one from asking further: that it is refused, or stops other splits."""
    if smi.apply_unless_refused(split):
        return "the split is refused"
    stopped = smi.stopped(lambda: smi.control_later_split(source, backend), split)
    return "while it stands, no split that is made later takes effect" if stopped else ""


def _share(where: Landings, v1: Workload) -> str:
    if (v1.name, 8080) in where:
        return "its share goes to the root's endpoints" if (v1.name, 8081) in where else "the split is void"
    if None in where:
        return "its share fails" if (v1.name, 8081) in where else "every request fails"
    return "the other backend takes its share"


def _partial(where: Landings, v1: Workload, v2: Workload) -> str:
    if None in where:
        return "requests fail"
    if (v1.name, 8080) in where or (v2.name, 8080) in where:
        return "the split is void"
    return "left out on the ports that it lacks alone" if (v2.name, 8081) in where else "left out on every port"


def _hierarchy(where: Landings, v1: Workload, v2: Workload) -> str:
    if (v2.name, 8080) in where:
        return "the backend stands for its own endpoints"
    if (v1.name, 8081) in where:
        return "the backend's own split is followed"
    return "the split is void" if (v1.name, 8080) in where else "requests fail"


def _own_root(where: Landings, v1: Workload) -> str:
    if None in where:
        return "its share fails"
    if (v1.name, 8080) in where:
        return "the root stands for its endpoints" if (v1.name, 8081) in where else "the split is void"
    return "the root is ignored among the backends"


def _both(where: Landings, v1: Workload, v2: Workload) -> str:
    former, latter = (v1.name, 8081) in where, (v2.name, 8081) in where
    if former and latter:
        return "both count"
    if former:
        return "the split made first counts"
    return "the split made last counts" if latter else "neither counts"


def _twice(where: Landings, v1: Workload) -> str:
    share = where[v1.name, 8081] / max(1, where.total())
    # Two weights of 20 of 60 in all are two thirds; one of two is a half.
    return "its weights add up" if share > 7 / 12 else "one of its weights counts" if share > 1 / 3 else "it gets less"


def _whole(where: Landings, v1: Workload) -> str:
    if None in where:
        return "requests fail"
    return "requests go to the backends" if (v1.name, 8081) in where else "requests go to the root's endpoints"
