"""The oracle and the reference mesh's own policy are written independently:
they may differ only where the oracle says `open`."""

import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

import pytest

from pytest_smi.oracle import Verdict, Workload, decide, read_objects, shares
from pytest_smi.oracle.subjects import bound
from pytest_smi.reference.mesh.bindings import identities_of, select
from pytest_smi.reference.mesh.smi import pod_identity
from pytest_smi.reference.mesh.smi_parse import parse_binding
from tests.oracle.random_worlds import random_call, random_request, random_world
from tests.oracle.reference_policy import ReferenceMesh

REQUESTS, CALLS = 4, 2


def compare(seed: int, worlds: int, faults: frozenset[str] = frozenset()) -> Counter[str]:
    """Ask both about random worlds, and count the oracle's answers;
    a difference fails with the seed's objects and the request."""
    chance = random.Random(seed)
    counted: Counter[str] = Counter()
    for _ in range(worlds):
        items = random_world(chance)
        world, mesh = read_objects(items), ReferenceMesh(items, faults)
        for _ in range(REQUESTS):
            request = random_request(chance, items)
            decision = decide(world, request)
            counted[decision.verdict] += 1
            if decision.verdict is not Verdict.OPEN:
                allowed = mesh.allows(request)
                assert allowed is (decision.verdict is Verdict.ALLOWED), told(items, request, decision.verdict, allowed)
        for _ in range(CALLS):
            call, port = random_call(chance, ("HTTP", "HTTP", "HTTP", "TCP")), chance.choice((80, 81))
            found = shares(world, ("t1", "app"), (port, "TCP"), call)
            counted[
                "shares open"
                if found.decided is None
                else "shares plain"
                if found.decided[:1] and not found.decided[0][0]
                else "shares"
            ] += 1
            if found.decided is not None:
                given = mesh.shares(("t1", "app"), port, call)
                assert sorted(given) == sorted(found.decided), told(items, (call, port), found.decided, given)
    return counted


def told(items: list[dict[str, Any]], asked: object, oracle: object, mesh: object) -> str:
    """A difference, with everything that is needed to see who is wrong."""
    listed = "\n".join(map(str, items))
    return f"the oracle says {oracle}, the reference {mesh}, of {asked} with\n{listed}"


def test_few_worlds() -> None:
    """Thousands of worlds; each kind of answer is among them, so that the comparison is about something."""
    counted = compare(seed=20, worlds=2000)

    assert (
        min(counted[name] for name in ("allowed", "denied", "open", "shares", "shares plain", "shares open")) > 100
    ), counted


def test_bindings_by_labels() -> None:
    """Of every pod, by every combination of schemes; the pods of random worlds have no labels."""
    some: list[dict[str, str]] = [{}, {"app": "x"}, {"app": "x", "b": "y"}]
    selectors = [None, {}, *({"matchLabels": labels} for labels in some)]
    lists = [None, ["cluster.local/ns/t1/sa/a"], ["cluster.local/ns/t2/sa/a"]]
    pods = product(("t1", "t2"), ("a", "b"), [*some, {"app": "z", "b": "y"}])
    said = Counter[bool | None]()
    for (namespace, account, labels), selector, one, spiffe in product(pods, selectors, (None, "a"), lists):
        schemes = {"podLabelSelector": selector, "serviceAccount": one, "spiffeIdentities": spiffe}
        item = {
            "apiVersion": "access.smi-spec.io/v1alpha4",
            "kind": "IdentityBinding",
            "metadata": {"name": "binding", "namespace": "t1"},
            "spec": {"schemes": {name: scheme for name, scheme in schemes.items() if scheme is not None}},
        }
        workload = Workload(namespace=namespace, account=account, labels=tuple(labels.items()))
        oracle = bound(read_objects([item]).bindings["t1", "binding"], workload).value
        meant = set(identities_of(select(parse_binding(item), {(namespace, "pod"): labels})))
        said[oracle] += 1
        if oracle is not None:
            assert bool(meant & {(namespace, account), pod_identity(namespace, "pod")}) is oracle, (item, workload)
    assert min(said[answer] for answer in (True, False, None)) > 10, said


FAULTS = [
    "access-name-only",
    "access-cross-product",
    "access-any-identity",
    "access-missing-route-opens",
    "access-tcp-ports-ignored",
    "access-http-grant-opens-tcp",
    "access-last-target-wins",
    "access-first-source-only",
    "specs-path-search",
    "specs-anchor-first-branch-only",
    "specs-method-ignored",
    "specs-last-header-only",
    "specs-header-name-case-sensitive",
    "specs-missing-header-passes",
    "split-weights-ignored",
    "split-portless-keeps-share",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_difference_is_seen(fault: str) -> None:
    """A mesh that is wrong in a known way differs from the oracle where the oracle is sure: the comparison can fail."""
    with pytest.raises(AssertionError, match="the oracle says"):
        compare(seed=7, worlds=4000, faults=frozenset({fault}))


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("SMI_ORACLE_WORLDS"), reason="set SMI_ORACLE_WORLDS=100000: less than a minute on two idle cores"
)
def test_many_worlds() -> None:
    """As many as the environment asks for, on every core, from a seed that it may choose."""
    cores, first = os.cpu_count() or 1, int(os.environ.get("SMI_ORACLE_SEED", "1"))
    each = -(-int(os.environ["SMI_ORACLE_WORLDS"]) // cores)
    with ProcessPoolExecutor(cores) as pool:
        counted = sum(pool.map(compare, range(first, first + cores), [each] * cores), Counter[str]())

    print(dict(counted))
    assert counted["allowed"] > each / 100, counted
