"""Tests of which URLs are accepted for a report, and where redirects may lead."""

import pytest

from pytest_smi.errors import ReportError, UsageProblem
from pytest_smi.reports.url import is_url, redirected, url_of


@pytest.mark.parametrize(
    ("text", "base", "file"),
    [
        ("https://mesh.example", "https://mesh.example/", ""),
        ("https://mesh.example/smi-report", "https://mesh.example/smi-report/", ""),
        ("https://mesh.example:8443/a/smi-report/", "https://mesh.example:8443/a/smi-report/", ""),
        ("https://mesh.example/a/matrix.json", "https://mesh.example/a/", "matrix.json"),
        ("https://mesh.example/v1.2.4.json", "https://mesh.example/", "v1.2.4.json"),
        ("http://127.0.0.1:8000/r", "http://127.0.0.1:8000/r/", ""),
        ("http://[::1]:8000/r", "http://[::1]:8000/r/", ""),
        ("http://localhost/r", "http://localhost/r/", ""),
    ],
)
def test_folder_and_file(text: str, base: str, file: str) -> None:
    """A URL that ends in a JSON file names that file; any other names a folder."""
    assert is_url(text)
    assert (url_of(text).base, url_of(text).file) == (base, file)


@pytest.mark.parametrize(
    "text",
    [
        "http://mesh.example/r",
        "ftp://mesh.example/r",
        "file:///etc/passwd",
        "https:///r",
        "https://mesh.example:port/r",
        "https://mesh.example/a b",
        "https://mesh.example/\x1b[31m",
        "https://user:hunter2@mesh.example/r",
        "https://mesh.example/r?token=hunter2",
        "https://mesh.example/r#hunter2",
        "https://mesh.example/" + "r" * 2000,
    ],
)
def test_refused_and_nothing_secret_repeated(text: str) -> None:
    """Plain http elsewhere, other schemes, credentials and queries are usage errors
    that do not repeat what may be secret."""
    with pytest.raises(UsageProblem) as caught:
        url_of(text)
    assert "hunter2" not in str(caught.value)


class TestRedirects:
    """From https://mesh.example/r/matrix.json."""

    START = url_of("https://mesh.example/r")
    FROM = "https://mesh.example/r/matrix.json"

    @pytest.mark.parametrize(
        ("location", "target"),
        [
            ("/s/matrix.json", "https://mesh.example/s/matrix.json"),
            ("https://mesh.example/s", "https://mesh.example/s"),
            ("https://MESH.example/s", "https://MESH.example/s"),
            ("https://files.example/s?signature=x", "https://files.example/s?signature=x"),
        ],
    )
    def test_allowed(self, location: str, target: str) -> None:
        """The same host, and a host that was allowed."""
        assert redirected(self.FROM, location, self.START, ["files.example"]) == target

    @pytest.mark.parametrize(
        ("location", "words"),
        [
            ("http://mesh.example/s", "stay on https"),
            ("file:///etc/passwd", "without credentials|https"),
            ("https://evil.example/s", "stay on mesh.example"),
            ("https://mesh.example.evil.example/s", "stay on mesh.example"),
            ("https://user:pw@mesh.example/s", "without credentials"),
            ("http://127.0.0.1/s", "stay on https"),
        ],
    )
    def test_refused(self, location: str, words: str) -> None:
        """Plain http, another host, and credentials."""
        with pytest.raises(ReportError, match=words):
            redirected(self.FROM, location, self.START)

    def test_loopback_over_http(self) -> None:
        """From http on this machine to http on this machine, never to http elsewhere."""
        start = url_of("http://127.0.0.1:8000/r")
        assert redirected("http://127.0.0.1:8000/r/", "http://127.0.0.1:9000/s", start) == "http://127.0.0.1:9000/s"
        with pytest.raises(ReportError, match="stay on https"):
            redirected("http://127.0.0.1:8000/r/", "http://mesh.example/s", start, ["mesh.example"])
