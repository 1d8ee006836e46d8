"""Traffic Access Control, identities: who a caller and a destination are, and what does not make them so."""

from dataclasses import replace

from pytest_smi.scenario.scenario import (
    Outcome,
    Request,
    Scenario,
    Workload,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)


@assertion("TA-22", level="MUST", source="access v1alpha3 §TrafficTarget (note)", needs=["specs"])
def test_client_outside_the_mesh_is_denied(smi: Scenario) -> None:
    """Access is enforced at the server: a client outside the mesh is denied through the Service."""
    srv, plain, a, outsider = smi.server(), smi.server("plain", joined=False), smi.client("a"), smi.client("a", "out")
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(srv, "/m")), control(outsider.get(plain, "/m")), denied(outsider.get(srv, "/m")))


@assertion(
    "TA-23",
    level="MUST",
    source="access v1alpha3 §TrafficTarget (note)",
    needs=["specs"],
    features=["peer-address-denied"],
)
def test_client_outside_the_mesh_is_denied_by_pod_address(smi: Scenario) -> None:
    """A client outside the mesh is denied when it connects to the destination's pod directly."""
    srv, plain, a, outsider = smi.server(), smi.server("plain", joined=False), smi.client("a"), smi.client("a", "out")
    smi.grant(srv, match("m", "/m"), sources=[a])
    by_service_name, by_address = Request(path="/m"), Request(path="/m", host_header=f"{srv.pods[0].ip}:8080")
    open_ = control(a.get(srv, "/m")), control(outsider.get(plain.at_pod(), "/m"))
    smi.expect(*open_, denied(outsider.http(srv.at_pod(), by_service_name, by_address)))


@assertion("TA-25", level="MUST (derived)", source="access v1alpha3 §Specification", needs=["specs"])
def test_headers_do_not_confer_identity(smi: Scenario) -> None:
    """A caller does not become a listed source by naming one in its request headers."""
    srv, plain = smi.server(), smi.server("plain", joined=False)
    a, c, outsider = smi.client("a"), smi.client("c"), smi.client("a", "out")
    smi.grant(srv, match("m", "/m"), sources=[a])
    listed = control(a.get(srv, "/m"))
    smi.expect(listed, closed(c.get(srv, "/m")), hold=False)
    # Whoever is let in without pretending shows nothing: a client outside the mesh, where that is not kept out.
    seen = smi.sample(outsider.get(srv, "/m"), times=smi.limits.settle_probes)[0]
    unlisted = [c] if seen.outcomes[Outcome.DELIVERED] else [c, outsider]
    pretences = [Request(path="/m", headers=(header,)) for header in _claims_to_be(a)]
    later = [replace(pretence, path="/later") for pretence in pretences]
    smi.expect(
        listed, control(outsider.get(plain, "/m")), *(denied(client.http(srv, *pretences)) for client in unlisted)
    )
    smi.grant(srv, match("later", "/later"), sources=[c], name="later")
    smi.expect(control(c.http(srv, *later)), hold=False)


@assertion("TA-27", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_source_namespace_counts(smi: Scenario) -> None:
    """A source is a ServiceAccount in a namespace: one of the same name in another namespace is denied."""
    srv, a, c, homonym = smi.server(), smi.client("a"), smi.client("c"), smi.client("a", "t2")
    smi.closed_so_far(a.get(srv, "/m"), homonym.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(srv, "/m")), closed(c.get(srv, "/m")), hold=False)
    smi.expect(control(a.get(srv, "/m")), denied(homonym.get(srv, "/m")))
    smi.grant(srv, match("later", "/later"), sources=[homonym], name="later")
    smi.expect(control(homonym.get(srv, "/later")), hold=False)


@assertion("TA-28", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_destination_namespace_counts(smi: Scenario) -> None:
    """A grant for a destination does not open a ServiceAccount of the same name in another namespace."""
    srv, homonym, a = smi.server("srv", "t1"), smi.server("srv", "t2"), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"), a.get(homonym, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(srv, "/m")), denied(a.get(homonym, "/m")))
    smi.grant(homonym, match("m", "/m"), sources=[a], name="later")
    smi.expect(control(a.get(homonym, "/m")), hold=False)


@assertion("TA-29", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_source_in_another_namespace_is_allowed(smi: Scenario) -> None:
    """A source may be listed from another namespace than the destination's."""
    srv, foreign = smi.server("srv", "t1"), smi.client("a", "t2")
    smi.closed_so_far(foreign.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[foreign])
    smi.expect(allowed(foreign.get(srv, "/m")), hold=False)


@assertion("TA-30", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_destination_is_every_pod_of_the_account(smi: Scenario) -> None:
    """A destination is every pod of its ServiceAccount, whatever Deployment and Service it belongs to."""
    srv, twin, a = smi.server(), smi.server("twin", account="srv"), smi.client("a")
    calls = [a.get(srv, "/m"), a.get(twin, "/m")]
    if smi.has("peer-address-allowed"):
        calls += [a.get(srv.at_pod(), "/m"), a.get(twin.at_pod(), "/m")]
    smi.closed_so_far(*calls)
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(*map(allowed, calls), hold=False)


@assertion("TA-36", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_grant_has_a_direction(smi: Scenario) -> None:
    """That one service may call another does not permit calls in the opposite direction."""
    caller, srv, c = smi.server("caller"), smi.server(), smi.client("c")
    smi.closed_so_far(caller.get(srv, "/m"), srv.get(caller, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[caller], name="forward")
    smi.grant(caller, match("beside", "/beside"), sources=[c], name="beside")
    smi.expect(control(caller.get(srv, "/m")), control(c.get(caller, "/beside")), denied(srv.get(caller, "/m")))
    smi.grant(caller, match("back", "/m"), sources=[srv], name="back")
    smi.expect(control(srv.get(caller, "/m")), hold=False)


@assertion("TA-38", level="MUST (derived)", source="access v1alpha3 §Specification", needs=["specs"])
def test_own_account_is_no_implicit_source(smi: Scenario) -> None:
    """Pods of the destination's own ServiceAccount are denied like any other source that is not listed."""
    srv, twin = smi.server(), smi.server("twin", account="srv")
    a, c = smi.client("a"), smi.client("c")
    smi.closed_so_far(a.get(twin, "/m"), srv.get(twin, "/m"))
    smi.grant(twin, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(twin, "/m")), closed(c.get(twin, "/m")), hold=False)
    own, opened = [srv.get(twin, "/m")], [srv.get(twin, "/own")]
    if smi.has("peer-address-allowed"):
        own.append(srv.get(twin.at_pod(), "/m"))
        opened.append(srv.get(twin.at_pod(), "/own"))
    smi.expect(control(a.get(twin, "/m")), *map(denied, own))
    smi.grant(twin, match("own", "/own"), sources=[srv], name="own")
    smi.expect(*map(control, opened), hold=False)


@assertion("TA-37", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_grants_do_not_chain(smi: Scenario) -> None:
    """That a may call b, and b may call c, does not permit a to call c."""
    middle, end, a, c = smi.server("middle"), smi.server("end"), smi.client("a"), smi.client("c")
    chain, jump = (a.get(middle, "/m"), middle.get(end, "/m")), a.get(end, "/m")
    smi.closed_so_far(*chain, jump)
    smi.grant(middle, match("m", "/m"), sources=[a], name="first")
    smi.grant(end, match("m", "/m"), sources=[middle], name="second")
    smi.expect(*map(control, chain), closed(c.get(end, "/m")), hold=False)
    smi.expect(*map(control, chain), denied(jump))
    smi.grant(end, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(end, "/later")), hold=False)


@assertion("TA-39", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_account_may_be_source_and_destination(smi: Scenario) -> None:
    """A TrafficTarget whose source is its own destination permits that account's pods to call one another."""
    srv, twin = smi.server(), smi.server("twin", account="srv")
    smi.closed_so_far(srv.get(twin, "/m"))
    smi.grant(twin, match("m", "/m"), sources=[srv])
    smi.expect(allowed(srv.get(twin, "/m")))


@assertion("TA-35", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_default_account_is_an_account(smi: Scenario) -> None:
    """The ServiceAccount named `default`, that of pods which name none, may be a source like any other."""
    srv, nameless, c = smi.server(), smi.client("default"), smi.client("c")
    smi.closed_so_far(nameless.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[nameless])
    smi.expect(allowed(nameless.get(srv, "/m")), closed(c.get(srv, "/m")), hold=False)


@assertion("TA-34", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_source_needs_no_service_and_no_labels(smi: Scenario) -> None:
    """A pod is a source by its ServiceAccount, whatever its labels and its owner, and without any Service."""
    srv, bare, c = smi.server(), smi.bare_client("a"), smi.client("c")
    smi.closed_so_far(bare.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[bare])
    smi.expect(allowed(bare.get(srv, "/m")), closed(c.get(srv, "/m")), hold=False)


def _claims_to_be(listed: Workload) -> list[tuple[str, str]]:
    """Headers in which proxies and meshes speak of a caller's identity, each naming `listed`."""
    namespace, account, address = listed.namespace, listed.account, listed.pods[0].ip
    return [
        (
            "x-forwarded-client-cert",
            f"By=spiffe://cluster.local/ns/{namespace}/sa/any;URI=spiffe://cluster.local/ns/{namespace}/sa/{account}",
        ),
        ("x-forwarded-for", address),
        ("forwarded", f"for={address}"),
        ("l5d-client-id", f"{account}.{namespace}.serviceaccount.identity.linkerd.cluster.local"),
    ]
