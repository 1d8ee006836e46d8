"""Traffic Split: which port of a backend answers for a port of the root, and what a backend without one means for the
others."""

from pytest_smi.scenario.scenario import MARKED, PLAIN, Scenario, assertion


@assertion("SP-23", level="MUST", source="split v1alpha4 §Ports")
def test_ports_are_matched_by_number(smi: Scenario) -> None:
    """A port of the root is matched by the backend's port of the same number, in whatever order the backend lists its
    ports."""
    a = smi.client("a")
    v1 = smi.server("v1", ports={"9090/TCP": 8080, "8080/TCP": 8081})
    root = smi.service("app", [v1], ports={"8080/TCP": 8080, "9090/TCP": 8081})
    smi.open_to_all(v1, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.on_ports(a.get(root, port=8080), {v1: 8081})


@assertion("SP-27", level="MUST (derived)", source="split v1alpha4 §Ports", since={"split": "v1alpha2"})
def test_other_backends_keep_their_proportions(smi: Scenario) -> None:
    """When a backend that lacks the root's port is left out, the weights of the others keep their proportions:
    80 and 20 divide the traffic as they would without it."""
    a = smi.client("a")
    v1 = smi.server("v1", ports={"1024/TCP": 8080})
    v2, v3 = smi.server("v2", ports=PLAIN, under_root=False), smi.server("v3", ports=PLAIN)
    root = smi.service("app", [v1, v2, v3], ports=PLAIN)
    smi.open_to_all(v1, v2, v3, sources=[a])
    smi.apply(smi.split(root, {v2: 80, v3: 20, v1: 100}))
    smi.share(a.get(root), {v2: 80, v3: 20})


@assertion("SP-29", level="MUST (derived)", source="split v1alpha4 §Ports")
def test_names_of_ports_do_not_decide(smi: Scenario) -> None:
    """A backend's port of the root's number receives traffic although the two ports have different names."""
    a = smi.client("a")
    v1 = smi.server("v1", ports=PLAIN, port_names={"8080/TCP": "http-backend"}, under_root=False)
    v2 = smi.server("v2", ports=PLAIN, port_names={"8080/TCP": "http-root"})
    root = smi.service("app", [v1, v2], ports=PLAIN, port_names={"8080/TCP": "http-root"})
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.only(a.get(root), [v1])


@assertion("SP-30", level="MUST (derived)", source="split v1alpha4 §Ports")
def test_further_ports_do_no_harm(smi: Scenario) -> None:
    """A backend that has the root's port, and others that the root does not have, takes part in the split."""
    a = smi.client("a")
    v1 = smi.server("v1", ports={"8080/TCP": 8080, "7000/TCP": 8081}, under_root=False)
    v2 = smi.server("v2", ports=PLAIN)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.only(a.get(root), [v1])


@assertion("SP-32", level="SHOULD", source="split v1alpha4 §Ports")
def test_no_warning_of_a_right_split(smi: Scenario) -> None:
    """A split whose backends all have the root's port, whatever their target ports are, raises no Warning event that
    names one of them."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports={"1024/TCP": 8080})
    root, other = smi.service("app", [v1], ports=PLAIN), smi.service("other", [v1], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    right = smi.split(root, {v1: 100})
    smi.apply(right)
    smi.control_port(a.get(root), 8081)
    wrong = smi.split(other, {v1: 50, v2: 50}, name="wrong")
    smi.apply(wrong)
    smi.no_warning(right, [v1.name], by=(wrong, v2.name))


@assertion("SP-72", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_replicas_do_not_weigh(smi: Scenario) -> None:
    """Weights are between Services: backends of different numbers of pods divide the traffic by their weights."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2", replicas=3)
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.share(a.get(root), {v1: 50, v2: 50})
