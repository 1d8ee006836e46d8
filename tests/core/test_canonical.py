"""Tests of canonical JSON."""

from typing import Any

import pytest

from pytest_smi.core.canonical import canonical_bytes, compact_bytes, parse_json


def test_same_facts_give_same_bytes() -> None:
    """The order in which keys were put in does not matter; integers stay integers; text stays UTF-8;
    a newline ends it."""
    first, second = {"b": 1, "a": "é", "c": 2**60}, {"c": 2**60, "a": "é", "b": 1}
    assert (
        canonical_bytes(first)
        == canonical_bytes(second)
        == '{\n  "a": "é",\n  "b": 1,\n  "c": 1152921504606846976\n}\n'.encode()
    )
    assert compact_bytes(first) == '{"a":"é","b":1,"c":1152921504606846976}'.encode()


@pytest.mark.parametrize(
    "value", [{1: "a"}, {"a": [{None: 1}]}, {"a": float("nan")}, {"a": float("inf")}, {"a": {1, 2}}]
)
def test_what_is_not_json_is_refused(value: object) -> None:
    """Keys that are not strings, NaN, infinities and other types are errors, not guesses."""
    with pytest.raises((TypeError, ValueError)):
        canonical_bytes(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"\xff",
        b"{",
        b"",
        b'{"a":1} x',
        b"[" * 100_000,
        b'["\\ud800"]',
        b'{"\\uDFFF":1}',
        b"[1e999]",
        b"[-1e999]",
        b"9" * 5000,
    ],
)
def test_reading_is_strict(data: bytes) -> None:
    """Duplicate keys, NaN, broken UTF-8, truncation, trailing data, absurd nesting and absurd numbers,
    and halves of surrogate pairs."""
    with pytest.raises(ValueError):
        parse_json(data)


def test_whole_surrogate_pairs_and_escaped_backslashes_are_text() -> None:
    """Only halves are refused."""
    assert parse_json(rb'["\ud83d\ude00", "\\ud800"]') == ["😀", "\\ud800"]


def test_round_trip() -> None:
    """What is written is read back."""
    value: dict[str, Any] = {"a": [1, 2.5, None, True, "x"], "b": {}}
    assert parse_json(canonical_bytes(value)) == value == parse_json(compact_bytes(value))
