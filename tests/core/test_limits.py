"""The record of limits: scaling, overriding, and what weakens a run."""

import pytest

from pytest_smi.core.limits import Limits


def test_factor_scales_patience_and_nothing_else() -> None:
    """`--smi-timeout` buys time; it never changes how many probes or what errors are accepted."""
    doubled = Limits().scaled(2)

    assert doubled.settle_deadline == 2 * Limits().settle_deadline
    assert doubled.request_timeout == 2 * Limits().request_timeout
    assert doubled.hold_probes == Limits().hold_probes
    assert doubled.share_alpha == Limits().share_alpha
    assert doubled.weaker_than(Limits()) == []


def test_fewer_probes_and_looser_errors_weaken() -> None:
    """Each weaker limit is named with both values."""
    weak = Limits(hold_probes=1, share_beta=0.5)

    assert [text.split()[0] for text in weak.weaker_than(Limits())] == ["hold_probes", "share_beta"]


def test_unknown_limit_is_refused() -> None:
    """The known names are listed."""
    with pytest.raises(ValueError, match=r"unknown limit patience; known are .*settle_deadline"):
        Limits().overridden({"patience": 1})


def test_fewer_trials_and_wider_bands_weaken() -> None:
    """What is counted without a share in question has limits too; the one that bounds a search
    from above weakens upwards."""
    weak = Limits(count_trials=10, weight_zero_trials=10, rare_trials=50_000, settle_alpha=0.1)

    assert [text.split()[0] for text in weak.weaker_than(Limits())] == [
        "count_trials",
        "weight_zero_trials",
        "settle_alpha",
        "rare_trials",
    ]
