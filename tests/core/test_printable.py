"""Tests of making the text of others safe to print."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.core.printable import json_text, printable

HOSTILE = "\x1b[2J\x07\x00\x7f\x9b\ud800\u202e ok\tü\n😀"


def test_what_a_terminal_obeys_is_visible() -> None:
    """Escapes, bells, C1 controls, changes of direction and half surrogates are shown as escapes; the rest stays."""
    assert printable(HOSTILE) == "\\x1b[2J\\x07\\x00\\x7f\\x9b\\ud800\\u202e ok\tü\n😀"


def test_json_is_the_same_document() -> None:
    """JSON stays valid, UTF-8, without a control character, and says the same."""
    text = json_text({"reason": HOSTILE})
    assert json.loads(text.encode("utf-8")) == {"reason": HOSTILE}
    assert not {"\x1b", "\x07", "\x7f", "\x9b", "\u202e"} & set(text)


@given(st.text(st.characters(codec=None, categories=None)))
def test_any_text_is_encoded(text: str) -> None:
    """Whatever the text, the result can be encoded, and holds no control character."""
    shown = printable(text)
    shown.encode("utf-8")
    assert all(letter in "\t\n" or ord(letter) >= 32 for letter in shown)
