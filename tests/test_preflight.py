"""Negotiation of API versions."""

from pytest_smi.preflight import negotiate


def test_newest_version_that_all_sides_know_is_chosen() -> None:
    """Claimed by the profile, served by the cluster, known to the suite."""
    chosen, absent = negotiate({"access": ["v1alpha3", "v1alpha2"]}, {"access": ["v1alpha2", "v1alpha3"]})

    assert chosen == {"access": "v1alpha3"}
    assert set(absent) == {"specs", "split", "metrics"}


def test_reason_tells_why_an_api_is_not_tested() -> None:
    """Not claimed, not served, and nothing in common are different reasons."""
    _, absent = negotiate({"access": ["v1alpha3"], "split": ["v1alpha4"]}, {"split": ["v1alpha1"], "specs": ["v1alpha4"]})

    assert absent["specs"] == "the mesh's profile does not claim it"
    assert absent["access"] == "the cluster does not serve access.smi-spec.io"
    assert "none in common" in absent["split"]
