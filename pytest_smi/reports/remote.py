"""Reports by URL: fetched over HTTPS into a temporary folder, where they are read like any other.

Fetched are the files that a report names: matrix, catalogue, envelopes, key, and the evidence and sources that these
refer to. What else lies at the URL is not seen. Nothing that is fetched is believed before it is verified; it only
decides which further names, of a fixed form, are asked for. Sizes and times are bounded. Redirects stay on HTTPS, and
on the host that the user named or hosts that the user allows. No credentials are sent, and a URL that carries some is
refused, so that none can leak through a redirect or a message.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smi.core.canonical import parse_json
from pytest_smi.errors import ReportError, SmiError, VerificationError
from pytest_smi.reports.layout import (
    BUNDLES_FILE,
    CATALOGUE_FILE,
    ENVELOPES_FILE,
    EVIDENCE_FOLDER,
    EVIDENCE_NAME,
    KEY_FILE,
    MATRIX_FILE,
    SOURCES_FOLDER,
)
from pytest_smi.reports.load import load_matrix
from pytest_smi.reports.remote_client import BY_HAND, STANDARD, FetchLimits, client_for, explained
from pytest_smi.reports.url import Url, is_url, redirected, url_of
from pytest_smi.signing.dsse import Envelope
from pytest_smi.signing.statement import Statement

if TYPE_CHECKING:
    import httpx

    from pytest_smi.matrix.matrix import Matrix
    from pytest_smi.signing.keys import PublicKey

__all__ = ["load_report", "opened"]

_EVIDENCE = re.compile(rf"{EVIDENCE_FOLDER}/{EVIDENCE_NAME}")
_SOURCE = re.compile(rf"{SOURCES_FOLDER}/[0-9a-f]{{32}}(?=/{re.escape(ENVELOPES_FILE)}$)")
_ABSENT = (403, 404, 410)
"""Answers for a file that is not there; object stores answer 403 where a listing is not allowed."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


@contextmanager
def opened(
    location: Path | str, *, whole: bool = True, allowed: Sequence[str] = (), limits: FetchLimits = STANDARD
) -> Iterator[Path]:
    """Give the path of a report folder or matrix: `location` itself, or a temporary copy of what lies at that URL.

    `whole`: fetch all of the report, which verification needs, not its matrix alone. `allowed`: hosts that redirects
    may lead to, beside the URL's own. Raises `UsageProblem` for a URL that cannot be one of a report, and
    `ReportError` when it cannot be fetched.
    """
    if isinstance(location, Path) or not is_url(location):
        yield Path(location)
        return
    url = url_of(location)
    with tempfile.TemporaryDirectory(prefix="smi-report-") as name:
        folder = Path(name)
        try:
            with client_for(url, limits) as client:
                fetched = _Fetch(client, url, folder, allowed, limits)
                if url.file and url.file != MATRIX_FILE:
                    fetched.get(url.file)
                else:
                    _report(fetched, "", whole=whole)
            yield folder / url.file if url.file else folder
        except SmiError as error:
            # The user knows the URL, not where its copy lay for a moment.
            error.message = error.message.replace(f"{folder}/", url.base).replace(str(folder), url.base.rstrip("/"))
            raise


def load_report(
    location: Path | str, keys: "Sequence[PublicKey]" = (), threshold: int = 1, allowed: Sequence[str] = ()
) -> "Matrix":
    """Return the matrix of a report, by path or URL: verified when there are keys.

    Raises as `opened` and `load.load_matrix`.
    """
    with opened(location, whole=bool(keys), allowed=allowed) as path:
        return load_matrix(path, keys, threshold)


def _report(fetched: "_Fetch", prefix: str, *, whole: bool) -> None:
    """Fetch a report, and the sources of a merged one."""
    matrix = fetched.get(f"{prefix}{MATRIX_FILE}")
    if not whole:
        return
    envelopes = fetched.optional(f"{prefix}{ENVELOPES_FILE}")
    fetched.optional(f"{prefix}{BUNDLES_FILE}")
    fetched.optional(f"{prefix}{KEY_FILE}")
    # Reports of older releases have none.
    fetched.optional(f"{prefix}{CATALOGUE_FILE}")
    sources = [] if prefix else _sources(envelopes)
    for source in sources:
        _report(fetched, f"{source}/", whole=True)
    # The evidence of a merged report lies in its sources.
    for path in [] if sources else _evidence(matrix):
        fetched.optional(f"{prefix}{path}")


def _evidence(matrix: bytes) -> list[str]:
    """Return the names of evidence that a matrix refers to, as far as they have the form of such names."""
    found: dict[str, None] = {}
    with suppress(ValueError, LookupError, TypeError, AttributeError):
        for run in parse_json(matrix)["runs"]:
            for entry in run["results"]:
                path = (entry.get("evidence") or {}).get("path")
                if isinstance(path, str) and _EVIDENCE.fullmatch(path):
                    found[path] = None
    return list(found)


def _sources(envelopes: bytes) -> list[str]:
    """Return the folders of the sources that a statement of merging names,
    as far as they have the form of such names."""
    found: dict[str, None] = {}
    with suppress(VerificationError):
        for line in envelopes.splitlines():
            for name in Statement.from_bytes(Envelope.from_bytes(line).payload).subjects:
                if source := _SOURCE.match(name):
                    found[source[0]] = None
    return list(found)


class _Fetch:
    """The files of one report: fetched one by one into `folder`, within the limits."""

    def __init__(
        self, client: "httpx.Client", url: Url, folder: Path, allowed: Sequence[str], limits: FetchLimits
    ) -> None:
        self._client, self._url, self._folder, self._allowed, self._limits = client, url, folder, allowed, limits
        self._left, self._files = limits.report, limits.files
        self._until = time.monotonic() + limits.whole

    def get(self, name: str) -> bytes:
        """Fetch a file that must be there."""
        data = self._fetch(name)
        if data is None:
            raise ReportError(
                f"{self._url.base}{name} is not there", "Give the URL of a report folder, or of the matrix.json in one."
            )
        return data

    def optional(self, name: str) -> bytes:
        """Fetch a file that may be missing; whoever verifies the report decides what that means."""
        return self._fetch(name) or b""

    def _fetch(self, name: str) -> bytes | None:
        self._files -= 1
        if self._files < 0:
            raise ReportError(
                f"a report by URL must have at most {self._limits.files} files; {self._url.base} has more", BY_HAND
            )
        data = self._follow(f"{self._url.base}{name}")
        if data is not None:
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return data

    def _follow(self, address: str) -> bytes | None:
        for _ in range(_MOST_REDIRECTS + 1):
            with explained(address), self._client.stream("GET", address) as response:
                if response.status_code in _REDIRECTS:
                    address = redirected(address, response.headers.get("location", ""), self._url, self._allowed)
                    continue
                if response.status_code in _ABSENT:
                    return None
                if response.status_code != 200:
                    raise ReportError(
                        f"{address} must be answered with status 200; it was {response.status_code}", "Try again later."
                    )
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise ReportError(
                        f"{address} must be sent as it is; it was sent compressed",
                        "Let its server send files as they are.",
                    )
                return self._body(address, response.iter_raw)
        raise ReportError(
            f"{address} must be reached by at most {_MOST_REDIRECTS} redirects; there are more", "Give the last URL."
        )

    def _body(self, address: str, pieces: "Callable[[], Iterator[bytes]]") -> bytes:
        data = bytearray()
        for piece in pieces():
            data += piece
            if len(data) > self._limits.file:
                raise ReportError(
                    f"a file of a report must have at most {self._limits.file} bytes; {address} has more", BY_HAND
                )
            if len(data) > self._left:
                raise ReportError(
                    f"a report by URL must have at most {self._limits.report} bytes; {self._url.base} has more",
                    BY_HAND,
                )
            if time.monotonic() > self._until:
                raise ReportError(
                    f"a report by URL must be fetched within {self._limits.whole:g} s; {address} took longer", BY_HAND
                )
        self._left -= len(data)
        return bytes(data)
