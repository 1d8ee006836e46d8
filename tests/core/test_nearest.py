"""Tests of the one place that guesses what a user may have meant."""

from pytest_smi.core.nearest import did_you_mean


def test_names_the_nearest_at_most_two() -> None:
    """Near names are named, the nearest first; nothing is said when none is near."""
    known = ["linkerd", "osm", "fsm", "traefik-mesh"]
    assert did_you_mean("linkerdd", known) == " (did you mean 'linkerd'?)"
    assert did_you_mean("osm", ["osmm", "oosm", "ossm"]).count("'") == 4
    assert did_you_mean("zzz", known) == ""
    assert did_you_mean("", known) == ""
