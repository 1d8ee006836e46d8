"""The catalogue: records of assertions and the bundled list."""

from collections.abc import Callable

import pytest

from pytest_smi.core.catalogue import assertion, assertion_of, load, requirement_order
from pytest_smi.core.terms import Level


def stated(text: str) -> Callable[[], None]:
    def test_something() -> None: ...

    test_something.__doc__ = text
    return test_something


def test_record_takes_its_statement_from_the_docstring() -> None:
    """The function is the requirement's only description."""
    marked = assertion("TS-05", level="MUST", source="x", needs=["access"])(stated("A pattern\n    is a regex."))
    record = assertion_of(marked)

    assert record is not None
    assert (record.statement, record.api, record.needs) == ("A pattern is a regex.", "specs", ("specs", "access"))


@pytest.mark.parametrize(("requirement", "level"), [("XX-1", "MUST"), ("TA-x", "MUST"), ("TA-01", "must")])
def test_bad_record_is_refused(requirement: str, level: str) -> None:
    """Unknown prefixes, numbers and levels are mistakes of the author."""
    with pytest.raises(ValueError, match=r"found|level"):
        assertion(requirement, level=level, source="x")(stated("Text."))


def test_statement_is_required() -> None:
    """A requirement without words cannot be reported."""
    with pytest.raises(ValueError, match="docstring"):
        assertion("TA-01", level="MUST", source="x")(stated(""))


def test_first_version_is_part_of_the_record() -> None:
    """A requirement that older versions do not state is not held against them."""
    record = assertion_of(
        assertion("TA-48", level="MUST", source="x", since={"access": "v1alpha3"})(stated("A route has ports."))
    )

    assert record is not None
    assert record.to_json()["since"] == {"access": "v1alpha3"}


def test_bundled_suite_is_complete_and_unique() -> None:
    """Every assertion has a requirement of its own, a level and a clause; the order is that of the specification."""
    records = load()

    assert len({record.requirement for record in records}) == len(records)
    assert all(record.level in tuple(Level) and record.source for record in records)
    assert [r.requirement for r in records] == sorted((r.requirement for r in records), key=requirement_order)
