"""Faults become classes: nothing on leaves a class as it is, and several that are on work together."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Deviation, Fault, Overrides


class Greeter:
    """A deciding class."""

    def greet(self) -> str:
        """What a healthy one says."""
        return "hello"


class Deaf:
    """Another, that no fault overrides."""


class Loud(Greeter):
    """Asks the one below, and adds to it."""

    def greet(self) -> str:
        """Shout."""
        return super().greet().upper()


class Rude(Greeter):
    """Does not ask."""

    def greet(self) -> str:
        """Grunt."""
        return "what"


TABLE = Overrides(
    (
        Fault(name="loud", description="Shouts.", breaks=("TA-01",), overrides=(Loud,)),
        Deviation(name="rude", description="Is rude.", overrides=(Rude,)),
    )
)


def test_the_healthy_class_stays_itself() -> None:
    """Without switches, with those of other classes, and for a class that nothing overrides."""
    assert TABLE.specialize(Greeter, frozenset()) is Greeter
    assert TABLE.specialize(Greeter, frozenset({"other"})) is Greeter
    assert TABLE.specialize(Deaf, frozenset({"loud", "rude"})) is Deaf


def test_overrides_work_together_in_the_order_of_the_table() -> None:
    """The one that stands earlier asks the one that stands later."""
    said = {
        switches: TABLE.specialize(Greeter, frozenset(switches))().greet()
        for switches in (("loud",), ("rude",), ("loud", "rude"))
    }
    assert said == {("loud",): "HELLO", ("rude",): "what", ("loud", "rude"): "WHAT"}


def test_a_class_is_made_once() -> None:
    """However often it is asked for."""
    both = frozenset({"loud", "rude"})
    assert TABLE.specialize(Greeter, both) is TABLE.specialize(Greeter, both)
