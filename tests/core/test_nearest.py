"""Tests of the one place that guesses what a user may have meant."""

from pytest_smi.core.nearest import did_you_mean, unknown


def test_names_the_nearest_at_most_two() -> None:
    """Near names are named, the nearest first; nothing is said when none is near."""
    known = ["linkerd", "osm", "fsm", "traefik-mesh"]
    assert did_you_mean("linkerdd", known) == " (did you mean 'linkerd'?)"
    assert did_you_mean("osm", ["osmm", "oosm", "ossm"]).count("'") == 4
    assert did_you_mean("zzz", known) == ""
    assert did_you_mean("", known) == ""


def test_case_does_not_hide_what_was_meant() -> None:
    """The known name is shown as it is written."""
    assert did_you_mean("ta-05", ["TA-05", "SP-40"]) == " (did you mean 'TA-05'?)"


def test_a_refusal_lists_few_names_and_says_where_many_are() -> None:
    """Either way with the nearest."""
    few, many = ["must", "should", "all"], [f"mesh-{number}" for number in range(20)]

    assert unknown("level", "mst", few, where="x", of="y") == (
        "unknown level 'mst' of y (did you mean 'must'?); known are must, should, all"
    )
    assert unknown("mesh", "zzz", many, where="pytest-smi profiles") == (
        "unknown mesh 'zzz'; pytest-smi profiles lists all"
    )
