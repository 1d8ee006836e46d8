"""The HTTP client that fetches reports, and what its failures mean to the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smi.core.redaction import first_line
from pytest_smi.errors import ReportError
from pytest_smi.reports.url import Url

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bounds of fetching one report, in bytes and seconds. `read`: longest silence; `whole`: all of the report."""

    file: int = 64 * 1024 * 1024
    report: int = 512 * 1024 * 1024
    files: int = 20_000
    connect: float = 10.0
    read: float = 20.0
    whole: float = 600.0


STANDARD = FetchLimits()


BY_HAND = "Download the report in another way, and give its folder."


def client_for(url: Url, limits: FetchLimits) -> "httpx.Client":
    """Return a client that follows no redirects by itself, and takes the proxy of the environment for other machines
    alone."""
    # Imported late: most runs and commands read local files only.
    import httpx

    return httpx.Client(
        follow_redirects=False,
        # A proxy of the environment is for other machines than this one.
        trust_env=not url.loopback,
        verify=httpx.create_ssl_context(),
        timeout=httpx.Timeout(limits.read, connect=limits.connect),
        headers={"accept-encoding": "identity", "accept": "*/*", "user-agent": "pytest-smi"},
    )


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Turn what HTTP can fail with into a ReportError that names the address."""
    import httpx

    try:
        yield
    except httpx.TimeoutException:
        raise ReportError(
            f"{address} did not answer in time", "Try again, or look at the network between here and there."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ReportError(
            f"{address} cannot be fetched: {first_line(error)}",
            "Check the URL, and the network between here and there.",
        ) from None
