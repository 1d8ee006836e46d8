"""What decides in a sidecar follows the switches of its configuration, and is not made anew without need."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.policy import Policy
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.routes import RouteMatcher


def test_deciders_are_made_anew_only_when_the_switches_change() -> None:
    """A configuration that comes whole again, as after a lost stream, leaves what they remember."""
    state, made = MeshState(specialize), []
    state.decide_with(lambda: made.append(state.variant(RouteMatcher)))
    state.apply({"faults": [], "grants": []}, [])
    assert made == [RouteMatcher]
    state.apply({"faults": ["specs-method-ignored"]}, [])
    state.apply({"faults": ["specs-method-ignored"], "grants": []}, [])
    assert len(made) == 2
    assert issubclass(made[-1], RouteMatcher)
    assert made[-1] is not RouteMatcher
    state.apply({"faults": []}, [])
    assert made[2:] == [RouteMatcher]


def test_policy_is_compiled_with_the_matcher_of_the_moment() -> None:
    """Whatever comes first, grants or switches."""
    route = {"name": "r", "path": None, "methods": ["GET"], "headers": []}
    state = MeshState(specialize)
    state.apply({"grants": [{"sources": [["t1", "a"]], "http": [route], "tcp": None, "udp": None}]}, [])
    before = state.policy.grants[0].http
    state.apply({"faults": ["specs-method-ignored"]}, [])
    after = state.policy.grants[0].http
    assert before is not None
    assert after is not None
    assert (before[0].methods, after[0].methods) == (frozenset({"GET"}), None)


def test_a_state_that_is_told_of_no_variants_is_healthy() -> None:
    """Whatever the configuration says."""
    state = MeshState()
    state.apply({"faults": ["access-unenforced"], "grants": []}, [])
    assert type(state.policy) is Policy
