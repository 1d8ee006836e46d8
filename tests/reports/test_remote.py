"""Tests of reading reports by URL, from a real server on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from pytest_smi.cli import main
from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.reports.merge import merge_reports
from pytest_smi.reports.remote import load_report, opened
from pytest_smi.reports.remote_client import FetchLimits
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.signer import Signer
from tests.support.reports import SIGNER, SUITE, a_report
from tests.support.web import Site, make_certificate, redirect, serving

KEYS = [SIGNER.public_key]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server whose folder has the report `r`."""
    a_report(tmp_path / "www" / "r")
    with serving(tmp_path / "www") as running:
        yield running


def run(*arguments: object) -> int:
    """Return the exit status of the command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(str(caught.value.code))


class TestFetched:
    """What is fetched is what the report names."""

    def test_whole_report(self, site: Site, tmp_path: Path) -> None:
        """It verifies like the folder itself; what else lies there is not asked for, and the copy does not stay."""
        (tmp_path / "www" / "r" / "notes.txt").write_text("mine")
        with opened(f"{site.url}/r") as folder:
            assert folder != tmp_path / "www" / "r"
            assert len(verify_report(folder, KEYS).files) == 5
        assert not folder.exists()
        assert "/r/notes.txt" not in [path for path, _ in site.asked]

    def test_matrix_alone(self, site: Site) -> None:
        """A comparison without keys fetches one file, by the URL of the folder or of the file."""
        assert load_report(f"{site.url}/r").runs[0].mesh.name == "reference"
        assert load_report(f"{site.url}/r/matrix.json").runs[0].mesh.name == "reference"
        assert [path for path, _ in site.asked] == ["/r/matrix.json"] * 2

    def test_merged_report(self, tmp_path: Path) -> None:
        """A merged report comes with its sources and their evidence."""
        merger = Signer(ed25519.Ed25519PrivateKey.generate())
        reports = [a_report(tmp_path / name, nonce=name) for name in ("a", "b")]
        merge_reports(
            reports, tmp_path / "www" / "all", keys=KEYS, signer=merger, suite=SUITE, merged_at="2026-01-02T00:00:00Z"
        )
        with serving(tmp_path / "www") as site, opened(f"{site.url}/all") as folder:
            assert len(verify_report(folder, [*KEYS, merger.public_key]).sources) == 2

    def test_no_credentials_are_sent(self, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither a netrc file nor the environment adds any, and no proxy stands between us and this machine."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        load_report(f"{site.url}/r")
        (headers,) = [headers for _, headers in site.asked]
        assert not {"authorization", "cookie", "proxy-authorization"} & set(headers)

    def test_https(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Over TLS with a certificate that this machine trusts; one that it does not trust is an error,
        not a report."""
        a_report(tmp_path / "www" / "r")
        certificate = make_certificate(tmp_path / "server.pem")
        with serving(tmp_path / "www", certificate) as site:
            monkeypatch.delenv("SSL_CERT_FILE", raising=False)
            with pytest.raises(ReportError, match="certificate"):
                load_report(f"{site.url}/r")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert load_report(f"{site.url}/r", KEYS).runs[0].mesh.name == "reference"


class TestRefused:
    """What is not a report, or too much of one."""

    def test_nothing_there(self, site: Site, tmp_path: Path) -> None:
        """Each error names the URL, never the copy."""
        with pytest.raises(ReportError, match=r"/none/matrix\.json is not there"):
            load_report(f"{site.url}/none")
        (tmp_path / "www" / "r" / "evidence" / "TA-01.json").unlink(missing_ok=True)
        (tmp_path / "www" / "r" / "matrix.intoto.jsonl").unlink()
        with pytest.raises(VerificationError, match=f"^{site.url}/r: step 2") as caught:
            load_report(f"{site.url}/r", KEYS)
        assert "smi-report-" not in str(caught.value)

    def test_changed_on_the_way(self, site: Site, tmp_path: Path) -> None:
        """A file that was changed is found by verification."""
        (evidence,) = sorted((tmp_path / "www" / "r" / "evidence").iterdir())[:1]
        evidence.write_text("{}")
        with pytest.raises(VerificationError, match="step 9"):
            load_report(f"{site.url}/r", KEYS)

    @pytest.mark.parametrize("status", [500, 503, 204, 401])
    def test_other_answers(self, site: Site, status: int) -> None:
        """Anything but the file is an error with the status."""

        def answer(handler: SimpleHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        site.answers["/r/matrix.json"] = answer
        with pytest.raises(ReportError, match=str(status)):
            load_report(f"{site.url}/r")

    def test_redirects(self, site: Site, tmp_path: Path) -> None:
        """Within the host they are followed, in a circle they end, and to another host they need leave."""
        site.answers["/old/matrix.json"] = redirect("/r/matrix.json")
        assert load_report(f"{site.url}/old").runs
        site.answers["/round/matrix.json"] = redirect("/round/matrix.json")
        with pytest.raises(ReportError, match="at most 5 redirects"):
            load_report(f"{site.url}/round")
        elsewhere = site.url.replace("127.0.0.1", "localhost")
        site.answers["/moved/matrix.json"] = redirect(f"{elsewhere}/r/matrix.json")
        with pytest.raises(ReportError, match="leads to localhost") as caught:
            load_report(f"{site.url}/moved")
        assert "--allow-host localhost" in caught.value.hint
        assert load_report(f"{site.url}/moved", allowed=["localhost"]).runs
        site.answers["/out/matrix.json"] = redirect("http://mesh.example/matrix.json")
        with pytest.raises(ReportError, match="stay on https"):
            load_report(f"{site.url}/out", allowed=["mesh.example"])

    def test_sizes(self, site: Site) -> None:
        """A file, a report and a number of files beyond the limits."""
        cases = [
            (FetchLimits(file=1000), "a file of a report must have at most 1000 bytes"),
            (FetchLimits(report=9000), "at most 9000 bytes"),
            (FetchLimits(files=3), "at most 3 files"),
        ]
        for limits, words in cases:
            with pytest.raises(ReportError, match=words), opened(f"{site.url}/r", limits=limits):
                pass

    def test_endless_answer(self, site: Site) -> None:
        """An answer without an end stops at the limit of a file."""

        def answer(handler: SimpleHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            handler.close_connection = True
            while True:
                try:
                    handler.wfile.write(b" " * 65536)
                except OSError:
                    return

        site.answers["/r/matrix.json"] = answer
        with (
            pytest.raises(ReportError, match="at most 1000000 bytes"),
            opened(f"{site.url}/r", limits=FetchLimits(file=1_000_000)),
        ):
            pass

    def test_silence(self, site: Site) -> None:
        """A server that says nothing is left after the time for that."""
        over = threading.Event()

        def answer(_handler: SimpleHTTPRequestHandler) -> None:
            over.wait(30)

        site.answers["/r/matrix.json"] = answer
        try:
            with (
                pytest.raises(ReportError, match="did not answer in time"),
                opened(f"{site.url}/r", limits=FetchLimits(read=0.2)),
            ):
                pass
        finally:
            over.set()

    def test_slow_drip(self, site: Site) -> None:
        """A server that never falls silent and never ends is left after the time for the whole."""
        over = threading.Event()

        def answer(handler: SimpleHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            handler.close_connection = True
            while not over.wait(0.01):
                try:
                    handler.wfile.write(b" ")
                except OSError:
                    return

        site.answers["/r/matrix.json"] = answer
        try:
            with (
                pytest.raises(ReportError, match=r"within 0\.3 s"),
                opened(f"{site.url}/r", limits=FetchLimits(whole=0.3)),
            ):
                pass
        finally:
            over.set()

    def test_compressed(self, site: Site) -> None:
        """What is sent compressed although it was not asked for could be of any size."""

        def answer(handler: SimpleHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Encoding", "gzip")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        site.answers["/r/matrix.json"] = answer
        with pytest.raises(ReportError, match="compressed"):
            load_report(f"{site.url}/r")

    def test_nothing_listens(self) -> None:
        """A refused connection is one sentence."""
        with pytest.raises(ReportError, match="cannot be fetched"):
            load_report("http://127.0.0.1:1/r")


class TestBaseline:
    """`--smi-baseline` of a run."""

    def test_by_url(self, pytester: pytest.Pytester, site: Site) -> None:
        """The matrix is fetched from the URL before anything else."""
        arguments = ("--mesh=reference", "--collect-only", "-q", "-k", "TA-01")
        result = pytester.runpytest_subprocess(*arguments, f"--smi-baseline={site.url}/r", timeout=120)
        assert result.ret == pytest.ExitCode.OK
        assert [path for path, _ in site.asked] == ["/r/matrix.json"]

    def test_refused(self, pytester: pytest.Pytester) -> None:
        """Plain http from elsewhere is a usage error."""
        result = pytester.runpytest_subprocess(
            "--mesh=reference", "--collect-only", "--smi-baseline=http://mesh.example/r", timeout=120
        )
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "a report is read over https" in result.stderr.str()


class TestCommands:
    """The commands that take a URL."""

    def test_verify(self, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Verified, by the URL; a bad URL is status 4, one that is not there status 3."""
        key = tmp_path / "www" / "r" / "signing-key.pub.pem"
        assert run("verify", f"{site.url}/r", "--key", key) == 0
        assert capsys.readouterr().out.startswith(f"verified: {site.url}/r\n")
        assert run("verify", f"{site.url}/r/matrix.json", "--key", key) == 0
        assert run("verify", "http://mesh.example/r", "--key", key) == 4
        assert run("verify", f"{site.url}/none", "--key", key) == 3

    def test_diff(self, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A URL against a folder."""
        bad = a_report(tmp_path / "b", nonce="n2", statuses={"TA-01": Status.FAILED})
        assert run("diff", f"{site.url}/r", bad, "--key", bad / "signing-key.pub.pem", "--json") == 1
        assert json.loads(capsys.readouterr().out)["regressed"] is True

    def test_merge_and_render(self, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Both read from the URL and write into a folder of the user's."""
        other = a_report(tmp_path / "b", nonce="n2")
        key, own = other / "signing-key.pub.pem", tmp_path / "own.pem"
        assert run("keygen", "--out", own) == 0
        arguments = ("--key", key, "--signing-key", own, "--out", tmp_path / "all")
        assert run("merge", f"{site.url}/r", other, *arguments) == 0
        assert run("verify", tmp_path / "all", "--key", key, "--key", tmp_path / "own.pub.pem") == 0
        assert run("render", f"{site.url}/r", "--key", key) == 4
        assert run("render", f"{site.url}/r", "--key", key, "--out", tmp_path / "site") == 0
        assert (tmp_path / "site" / "badge.json").exists()
