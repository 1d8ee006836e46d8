"""Traffic Split: what a split reaches and what it leaves alone: ports, names, other Services, protocols, all requests
of a root once each, clients outside."""

from dataclasses import replace

from pytest_smi.scenario.scenario import Outcome, Request, Scenario, assertion, control


@assertion("SP-20", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_each_request_reaches_one_backend(smi: Scenario) -> None:
    """Each request reaches one backend, and that once: a split divides the traffic, it does not mirror it."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports={"8080/TCP": 8081}), smi.server("v2", ports={"8080/TCP": 8081})
    root = smi.service("app", [v1, v2], ports={"8080/TCP": 8080})
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    call = a.send("POST", root)  # which no proxy may repeat by itself
    smi.control_port(call, 8081)
    smi.once(call)


@assertion("SP-21", level="MUST", source="split v1alpha4 §Workflow")
def test_backends_stay_callable(smi: Scenario) -> None:
    """Backends stay reachable by their own names, unsplit, also at weight 0."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100, v2: 0}))
    smi.control_reaches(a.get(root), [v1])
    smi.only(a.get(v2), [v2])
    smi.only(a.get(v1), [v1])


@assertion("SP-76", level="MUST (derived)", source="split v1alpha4 §Workflow")
def test_every_port_of_a_backend_stays_callable(smi: Scenario) -> None:
    """A backend stays reachable by its own name on its every port: those that the root has, and those that the root
    lacks."""
    a, both = smi.client("a"), {"8080/TCP": 8080, "9090/TCP": 8081}
    v1, v2, rest = (smi.server(name, ports=both, under_root=name == "rest") for name in ("v1", "v2", "rest"))
    one, two = smi.service("one", [rest], ports={"8080/TCP": 8080}), smi.service("two", [rest], ports=both)
    smi.open_to_all(v1, v2, rest, sources=[a])
    # Before there is a split every port answers: one that is dead for everybody is no split's doing.
    smi.expect(*(control(a.get(backend, port=port)) for backend in (v1, v2) for port in (8080, 9090)), hold=False)
    smi.apply(smi.split(one, {v1: 100}, name="one"), smi.split(two, {v2: 100}, name="two"))
    for root, backend in ((one, v1), (two, v2)):
        smi.control_reaches(a.get(root), [backend])
        for port in (8080, 9090):
            smi.only(a.get(backend, port=port), [backend])


@assertion("SP-22", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_other_services_are_untouched(smi: Scenario) -> None:
    """A split changes nothing for another Service, even one that selects the same pods as the root."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root, twin = smi.service("app", [v1, v2]), smi.service("twin", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_reaches(a.get(root), [v1])
    smi.share(a.get(twin), {v1: 50, v2: 50})


@assertion("SP-24", level="MUST", source="split v1alpha4 §Ports")
def test_target_port_is_the_backends_own(smi: Scenario) -> None:
    """The port number is the root's, but each backend's own Service says which port of its pods that is."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports={"8080/TCP": 8080}), smi.server("v2", ports={"8080/TCP": 8081})
    root = smi.service("app", [v1, v2], ports={"8080/TCP": 8080})
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.on_ports(a.get(root), {v1: 8080, v2: 8081})


@assertion("SP-25", level="MUST", source="split v1alpha4 §Ports")
def test_every_port_is_split(smi: Scenario) -> None:
    """Every port of the root is split, not its first alone."""
    a = smi.client("a")
    ports = {"8080/TCP": 8080, "9090/TCP": 8081}
    v1, v2 = smi.server("v1", ports=ports, under_root=False), smi.server("v2", ports=ports)
    root = smi.service("app", [v1, v2], ports=ports)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_reaches(a.get(root, port=8080), [v1])
    smi.only(a.get(root, port=9090), [v1])


@assertion("SP-26", level="MUST", source="split v1alpha4 §Ports")
def test_backend_without_the_port_is_left_out(smi: Scenario) -> None:
    """A backend that lacks the root's port number is left out, whatever its port is called, and the others take all."""
    a = smi.client("a")
    v1 = smi.server("v1", ports={"1024/TCP": 8080}, port_names={"1024/TCP": "http"})
    v2 = smi.server("v2", ports={"8080/TCP": 8080}, port_names={"8080/TCP": "http"}, under_root=False)
    root = smi.service("app", [v1, v2], ports={"8080/TCP": 8080}, port_names={"8080/TCP": "http"})
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.only(a.get(root), [v2])


@assertion("SP-31", level="SHOULD", source="split v1alpha4 §Ports")
def test_misconfigured_backend_is_told(smi: Scenario) -> None:
    """A backend that lacks the root's port is told by a Warning event on the split that names the backend."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports={"1024/TCP": 8080}), smi.server("v2", ports={"8080/TCP": 8080})
    root = smi.service("app", [v1, v2], ports={"8080/TCP": 8080})
    smi.open_to_all(v1, v2, sources=[a])  # the port is all that is wrong
    split = smi.split(root, {v1: 50, v2: 50})
    smi.apply(split)
    smi.await_warning(split, v1.name)


@assertion("SP-33", level="MUST", source="split v1alpha4 §Specification")
def test_full_name_is_split(smi: Scenario) -> None:
    """Requests to the root's fully qualified name are split."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.only(replace(a.get(root), host=root.qualified), [v1])


@assertion("SP-34", level="unspecified", source="split v1alpha4 §Specification")
def test_other_spellings_of_the_name(smi: Scenario) -> None:
    """Whether requests under other spellings of the root's name are split, go to its endpoints,
    or are refused is left open."""
    a = smi.client("a")
    ports = {
        "8080/TCP": 8080,
        "80/TCP": 8081,
    }  # some meshes refuse two ports of one Service that lead to the same port of its pods
    v1, v2 = smi.server("v1", ports=ports, under_root=False), smi.server("v2", ports=ports)
    root = smi.service("app", [v1, v2], ports={"8080/TCP": 8080})
    web = smi.service("web", [v1, v2], ports={"80/TCP": 8081})
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}), smi.split(web, {v1: 100}, name="web"))
    call, implicit = a.get(root), a.get(web, port=80)
    smi.control_reaches(call, [v1])
    smi.control_reaches(implicit, [v1])
    spellings = {
        "app": replace(call, host=root.name),
        "app.namespace": replace(call, host=f"{root.name}.{root.namespace}"),
        "app.namespace.svc": replace(call, host=f"{root.name}.{root.namespace}.svc"),
        "trailing dot": replace(call, host=root.qualified + "."),
        "implicit port": implicit,
        "explicit port": implicit.with_host_header(f"{implicit.host}:80"),
    }
    readings = {}
    for spelling, seen in zip(spellings, smi.sample(*spellings.values(), times=smi.limits.sample_trials), strict=True):
        lost = seen.first_not(Outcome.DELIVERED)
        if lost and seen.outcomes[Outcome.DELIVERED] < smi.limits.control_share * len(seen.probes):
            smi.expectations.check_health([seen.batch.call])
            readings[spelling] = "refused"
            continue
        owners = {arrival.pod for probe in seen.probes for arrival in probe.arrivals}
        readings[spelling] = "split" if owners == {pod.name for pod in v1.pods} else "root"
    smi.observed(", ".join(f"{spelling}: {reading}" for spelling, reading in readings.items()))


@assertion("SP-36", level="MUST", source="split v1alpha4 §Specification", features=["unjoined-servers"])
def test_outside_clients_see_the_plain_service(smi: Scenario) -> None:
    """Clients outside the mesh see the ordinary Service: every endpoint of the root,
    that of a backend of weight 0 included."""
    a, outsider = smi.client("a"), smi.client("a", "out")
    v1, v2 = smi.server("v1", joined=False), smi.server("v2", joined=False)  # pods in the mesh may refuse outsiders
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])  # where nothing joins, policy holds for these pods as for all others
    smi.apply(smi.split(root, {v1: 100, v2: 0}))
    smi.control_reaches(a.get(root), [v1])
    smi.each(outsider.get(root), [v1, v2])


@assertion("SP-46", level="MUST", source="split v1alpha4 §Specification")
def test_split_without_matches_takes_every_request(smi: Scenario) -> None:
    """A split without `matches` applies to every request, whatever its method, path and headers are."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}))
    smi.control_reaches(a.get(root), [v1])
    every = (
        Request(path="/below/a/path"),
        Request(method="POST", path="/other"),
        Request(headers=(("x-canary", "yes"), ("user-agent", "Firefox"))),
        Request(method="DELETE", path="/query?x=1"),
    )
    smi.only(a.http(root, *every), [v1])


@assertion("SP-54", level="MUST (derived)", source="split v1alpha4 §Ports", features=["http2"])
def test_http2_is_split(smi: Scenario) -> None:
    """HTTP/2 requests to the root are split like HTTP/1.1."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 90, v2: 10}))
    smi.share(a.get(root, version="2"), {v1: 90, v2: 10})
