"""The end of a run is protected from the first signal."""

import os
import signal

import pytest

from pytest_smi.core.interrupts import interrupt, noted


def test_a_first_signal_is_noted_and_a_second_one_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block goes on after the first; whoever presses again means it."""
    before = signal.signal(signal.SIGTERM, interrupt)
    done = []
    try:
        with noted() as signals:
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("written")
        assert (signals, done) == ([signal.SIGTERM], ["written"])
        with pytest.raises(KeyboardInterrupt), noted():
            _terminate_twice()
        assert signal.getsignal(signal.SIGTERM) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate_twice() -> None:
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
