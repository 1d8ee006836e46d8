"""URLs of reports: which are accepted, and where a redirect may lead. Pure."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from pytest_smi.errors import ReportError, UsageProblem

__all__ = ["Url", "is_url", "redirected", "url_of"]

_LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """Where a report lies.

    `base`: URL of its folder, with a slash at the end; `file`: the one file that was named, or empty.
    """

    base: str
    file: str
    host: str
    scheme: str

    @property
    def loopback(self) -> bool:
        """Whether it is on this very machine."""
        return _is_loopback(self.host)


def is_url(text: str) -> bool:
    """Return whether a report is named by its URL, not by its path."""
    return "://" in text


def url_of(text: str) -> Url:
    """Read the URL of a report folder or of a JSON file.

    Raises `UsageProblem` for one that is not accepted; never repeats credentials.
    """
    parts = _split(text)
    if parts is None:
        raise UsageProblem(
            "a report is read from https://HOST/PATH; this is not such a URL", "Give the URL of its folder."
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageProblem(
            f"the URL of a report carries no credentials, query or fragment; that on {parts.hostname} does",
            "Give it without them, or download the report and give its folder.",
        )
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise UsageProblem(
            f"a report is read over https, and over http from this machine alone; found {text!r}", "Give an https URL."
        )
    folder, _, last = parts.path.rpartition("/")
    file = last if last.endswith(".json") else ""
    path = f"{folder}/" if file or not last else f"{parts.path}/"
    return Url(base=f"{parts.scheme}://{parts.netloc}{path or '/'}", file=file, host=host, scheme=parts.scheme)


def redirected(address: str, location: str, start: Url, allowed: Sequence[str] = ()) -> str:
    """Return where a redirect of `address` leads. Raises `ReportError` when that is not HTTPS,
    or a host that the user did not name.

    Only a report that was asked for over http, from this machine, may be redirected to http, on this machine.
    """
    target = urljoin(address, location)
    parts = _split(target)
    if parts is None or parts.username is not None or parts.password is not None:
        raise ReportError(
            f"{address} must lead to a URL without credentials; its redirect does not", "Give another URL."
        )
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" and not (start.scheme == "http" and start.loopback and _is_loopback(host)):
        raise ReportError(
            f"a redirect must stay on https; {address} leads to {parts.scheme}://{host}", "Give another URL."
        )
    if host != start.host.lower() and host not in {name.lower() for name in allowed}:
        raise ReportError(
            f"a redirect must stay on {start.host}; {address} leads to {host}",
            f"If you trust that host too, add --allow-host {host}, or give the URL that it leads to.",
        )
    return target


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018, it raises for a port that is none
    except ValueError:
        return None
    good = (
        parts.scheme in ("http", "https")
        and parts.hostname
        and len(text) <= _LONGEST
        and text.isprintable()
        and " " not in text
    )
    return parts if good else None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
