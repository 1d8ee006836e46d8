"""Traffic Split: shares of traffic between Services (TrafficSplit): weights and their changes.

The root selects the pods of all versions, so that a split that is not in effect shows. Where the even spread of a plain
Service would come close to the shares in question, it selects the lightest version alone, for the same purpose.
"""

from pytest_smi.scenario.scenario import Scenario, assertion


@assertion("SP-01", level="MUST", source="split v1alpha4 §Specification")
def test_ninety_ten(smi: Scenario) -> None:
    """Weights 90 and 10 send about nine tenths and one tenth of the requests to the two backends."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 90, v2: 10}))
    smi.share(a.get(root), {v1: 90, v2: 10})


@assertion("SP-02", level="MUST", source="split v1alpha4 §Workflow", since={"split": "v1alpha2"})
def test_two_thirds_one_third(smi: Scenario) -> None:
    """Weights need not add up to 100: 1000 and 500 send about a third of the requests to the second backend."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 1000, v2: 500}))
    smi.share(a.get(root), {v1: 1000, v2: 500})


@assertion("SP-03", level="MUST (derived)", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"})
def test_weights_are_relative(smi: Scenario) -> None:
    """Weights are relative to each other: 3 and 1 divide the traffic as 75 and 25 do."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    small, percent = smi.service("small", [v1, v2]), smi.service("percent", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(small, {v1: 3, v2: 1}, name="small"), smi.split(percent, {v1: 75, v2: 25}, name="percent"))
    smi.share(a.get(percent), {v1: 75, v2: 25})
    smi.share(a.get(small), {v1: 75, v2: 25})


@assertion("SP-04", level="MUST", source="split v1alpha4 §Workflow")
def test_weight_zero_gets_nothing(smi: Scenario) -> None:
    """A backend of weight 0 receives not a single request, also beside weights that are no whole percentages."""
    a = smi.client("a")
    v1, v2, v3 = smi.server("v1", under_root=False), smi.server("v2", under_root=False), smi.server("v3")
    root = smi.service("app", [v1, v2, v3])
    smi.open_to_all(v1, v2, v3, sources=[a])
    smi.apply(smi.split(root, {v1: 2, v2: 1, v3: 0}))  # last, where meshes put what rounding leaves
    smi.only(a.get(root), [v1, v2], trials=smi.limits.weight_zero_trials)


@assertion("SP-05", level="MUST", source="split v1alpha4 §Workflow")
def test_single_backend_gets_all(smi: Scenario) -> None:
    """A single backend receives everything, also at weight 1."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 1}))
    smi.only(a.get(root), [v1])


@assertion("SP-06", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_three_backends(smi: Scenario) -> None:
    """Three backends each receive their own share."""
    a = smi.client("a")
    v1, v2, v3 = smi.server("v1", under_root=False), smi.server("v2", under_root=False), smi.server("v3")
    root = smi.service("app", [v1, v2, v3])
    smi.open_to_all(v1, v2, v3, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 30, v3: 20}))
    smi.share(a.get(root), {v1: 50, v2: 30, v3: 20})


@assertion("SP-08", level="MUST (derived)", source="split v1alpha4 §Tradeoffs", since={"split": "v1alpha2"})
def test_smallest_share_is_not_rounded_away(smi: Scenario) -> None:
    """A weight that is not zero receives something, however small its share: 1 beside 300."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v2: 1, v1: 300}))  # first, since what rounding leaves is often the last one's
    smi.control_reaches(a.get(root), [v1])
    smi.at_least_once(a.get(root), v2)


@assertion("SP-12", level="MUST", source="split v1alpha4 §Workflow")
def test_weights_change_live(smi: Scenario) -> None:
    """Changing the weights of a split that carries traffic takes effect, again and again."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100, v2: 0}))
    smi.control_reaches(a.get(root), [v1])
    with smi.load(a.get(root)):
        smi.apply(smi.split(root, {v1: 50, v2: 50}))
        smi.share(a.get(root), {v1: 50, v2: 50})
        smi.apply(smi.split(root, {v1: 0, v2: 100}))
        smi.mostly(a.get(root), [v2])


@assertion("SP-13", level="MUST", source="split v1alpha4 §Workflow")
def test_backends_come_and_go_live(smi: Scenario) -> None:
    """A backend that is added to a live split receives traffic, and one that is removed receives none any more."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_reaches(a.get(root), [v1])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.each(a.get(root), [v1, v2])
    smi.apply(smi.split(root, {v2: 100}))
    smi.only(a.get(root), [v2])


@assertion("SP-14", level="MUST (derived)", source="split v1alpha4 §Workflow")
def test_deleted_split_leaves_a_plain_service(smi: Scenario) -> None:
    """When the split is deleted the root is a plain Service again: all its endpoints are reached, and nothing fails."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    split = smi.split(root, {v1: 100})
    smi.apply(split)
    smi.control_reaches(a.get(root), [v1])
    smi.delete(split)
    smi.each(a.get(root), [v1, v2])


@assertion("SP-15", level="MUST", source="split v1alpha4 §Workflow")
def test_backend_may_come_later(smi: Scenario) -> None:
    """A split applies although one backend, of weight 0, does not exist yet,
    and that backend's pods get nothing when they come."""
    a = smi.client("a")
    v1, rest = smi.server("v1", under_root=False), smi.server("rest")
    root = smi.service("app", [v1, rest])
    smi.open_to_all(v1, rest, sources=[a])
    smi.apply(smi.split(root, {v1: 100, "v2": 0}))
    smi.only(a.get(root), [v1])
    v2 = smi.server("v2", service=False)
    smi.open_to_all(v1, rest, v2, sources=[a])
    smi.only(a.get(root), [v1], settle=False)  # counting begins when the first v2 pod is Ready
    smi.give_service(v2)
    smi.rarely(a.get(root), v2)  # weight 0 of a backend that exists is the matter of SP-04


@assertion("SP-16", level="MUST", source="split v1alpha4 §Workflow")
def test_late_backend_gets_its_share(smi: Scenario) -> None:
    """A backend that did not exist when the split was made receives its share once it exists
    and its weight is raised."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2", service=False)
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100, v2: 0}))
    smi.control_reaches(a.get(root), [v1])  # the mesh knows the split; v2's Service is not there
    smi.give_service(v2)
    smi.apply(smi.split(root, {v1: 50, v2: 50}))  # what unequal weights mean is the matter of SP-02
    smi.share(a.get(root), {v1: 50, v2: 50})


@assertion("SP-19", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_endpoints_of_no_backend_get_nothing(smi: Scenario) -> None:
    """While a split applies, endpoints of the root that belong to none of its backends receive nothing."""
    a = smi.client("a")
    v1, v2, v3 = smi.server("v1"), smi.server("v2"), smi.server("v3")
    root = smi.service("app", [v1, v2, v3])
    smi.open_to_all(v1, v2, v3, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.only(a.get(root), [v1, v2], trials=smi.limits.weight_zero_trials)


@assertion("SP-52", level="MUST", source="split v1alpha4 §Workflow")
def test_each_client_sees_the_shares(smi: Scenario) -> None:
    """Each client by itself sees the shares of the split, alone and while others call."""
    clients = [smi.client("a"), smi.client("b"), smi.client("c")]
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=clients)
    smi.apply(smi.split(root, {v1: 90, v2: 10}))
    for client in clients:
        smi.share(client.get(root), {v1: 90, v2: 10})
    smi.share_each([client.get(root) for client in clients], {v1: 90, v2: 10}, settle=False)
