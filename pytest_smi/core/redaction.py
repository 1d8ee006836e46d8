"""The one place that takes credentials out of the words of libraries, before they become a message or a report.

Pure.
"""

import re

__all__ = ["first_line", "without_credentials"]

_GONE = "…"
_PATTERNS = (
    # urllib3 and http.client repeat the whole header, token and all.
    (re.compile(r"Invalid header value .*", re.DOTALL), "a header has a value that HTTP does not allow"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), _GONE),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), _GONE),
    (re.compile(r"\b(Bearer|Basic)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1\2{_GONE}"),
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{_GONE}@"),
    (
        re.compile(
            r"((?:access|refresh|id|auth)?[_-]?token|passw(?:or)?d|(?:client[_-]?)?secret|(?:api|access)[_-]?key|signature)"
            r"([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+",
            re.IGNORECASE,
        ),
        rf"\1\2{_GONE}",
    ),
)
_LONGEST = 300


def without_credentials(text: str) -> str:
    """Return the text without tokens, passwords, private keys and user names in URLs."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def first_line(error: BaseException) -> str:
    """Return what an error of a library says, in one line of bounded length and without credentials."""
    text = without_credentials(str(error)).strip() or type(error).__name__
    return text.splitlines()[0][:_LONGEST]
