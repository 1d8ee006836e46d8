"""Text of others, made safe to print: what a terminal would obey, or no encoding can hold, becomes visible. Pure."""

import json
import re
from typing import Any

__all__ = ["json_text", "printable"]

_NOT_PRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, controls of writing direction, and halves of surrogate pairs."""


def printable(text: str) -> str:
    """Return the text with each character that is not to be printed as its escape, such as `\\x1b`."""
    return _NOT_PRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def json_text(document: Any) -> str:
    """Return a document as indented JSON that is printable and of which each encoding
    of Unicode holds every character."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # What is left of these stands in strings, where an escape means the same.
    return _NOT_PRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
