"""Tests of merging reports and of verifying what was merged."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pytest_smi.cli import main
from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError, UsageProblem, VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.merge import Merged, merge_reports
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.dsse import Envelope
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.statement import Statement
from tests.support.reports import SIGNER, SUITE, a_catalogue, a_report

LAB = Signer(ec.generate_private_key(ec.SECP256R1()))
MERGER = Signer(ed25519.Ed25519PrivateKey.generate())
KEYS = [SIGNER.public_key, LAB.public_key, MERGER.public_key]


def merge(reports: list[Path], out: Path, **changes: Any) -> Merged:
    """Merge with all keys."""
    fields: dict[str, Any] = {"keys": KEYS, "signer": MERGER, "suite": SUITE, "merged_at": "2026-02-01T00:00:00Z"}
    return merge_reports(reports, out, **{**fields, **changes})


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """Three reports of two signers."""
    return [
        a_report(tmp_path / "a", nonce="n1", finished="2026-01-01T00:00:00Z", statuses={"TA-01": Status.FAILED}),
        a_report(tmp_path / "b", nonce="n2", finished="2026-01-03T00:00:00Z"),
        a_report(tmp_path / "c", LAB, nonce="n3", mesh="linkerd", version="2.18"),
    ]


@pytest.fixture
def merged(sources: list[Path], tmp_path: Path) -> Path:
    """The three in one."""
    assert merge(sources, tmp_path / "merged") == Merged(sources=3, runs=3, catalogues=1)
    return tmp_path / "merged"


class TestMerged:
    """What a merged report is."""

    def test_verifies_as_a_whole(self, merged: Path) -> None:
        """It has every run, names its sources and their signers, and its evidence is where it says."""
        verified = verify_report(merged, KEYS)
        assert [(run.mesh.name, run.nonce) for run in verified.matrix.runs] == [
            ("linkerd", "n3"),
            ("reference", "n1"),
            ("reference", "n2"),
        ]
        assert verified.signers == (MERGER.fingerprint,)
        assert {source.signers for source in verified.sources} == {(SIGNER.fingerprint,), (LAB.fingerprint,)}
        paths = [entry.evidence.path for run in verified.matrix.runs for entry in run.results if entry.evidence]
        assert len(paths) == 12
        assert all((merged / path).is_file() for path in paths)

    def test_matrix_is_canonical(self, merged: Path) -> None:
        """Written piece by piece, it has the very bytes that a matrix of these runs has."""
        data = (merged / "matrix.json").read_bytes()
        assert Matrix.from_bytes(data).to_bytes() == data
        assert verify_report(merged, KEYS).matrix == Matrix.from_bytes(data)

    def test_each_source_verifies_by_itself(self, merged: Path) -> None:
        """Whole, and with its own signer's key alone."""
        signers = [SIGNER, SIGNER, LAB]
        for nonce, signer in zip(("n1", "n2", "n3"), signers, strict=True):
            (source,) = (one for one in verify_report(merged, KEYS).sources if one.runs == (nonce,))
            assert verify_report(merged / "sources" / source.id, [signer.public_key]).matrix.runs[0].nonce == nonce

    def test_merging_again_flattens(self, merged: Path, tmp_path: Path) -> None:
        """A merged report that is merged with another gives its sources."""
        other = a_report(tmp_path / "d", nonce="n4")
        assert merge([merged, other / "matrix.json"], tmp_path / "again").sources == 4
        assert len(verify_report(tmp_path / "again", KEYS).matrix.runs) == 4

    def test_same_whatever_the_order(self, sources: list[Path], merged: Path, tmp_path: Path) -> None:
        """The order of the command line does not show."""
        merge(sources[::-1], tmp_path / "other")
        assert (tmp_path / "other" / "matrix.json").read_bytes() == (merged / "matrix.json").read_bytes()

    def test_newest_run_is_judged(self, merged: Path) -> None:
        """`merged` verifies at level must although an old run failed."""
        with pytest.raises(SystemExit) as caught:
            main(["verify", str(merged), *keys_of(merged.parent, SIGNER, LAB, MERGER), "--require-level", "must"])
        assert caught.value.code == 0


def keys_of(folder: Path, *signers: Signer) -> list[str]:
    """Options that name the public keys of these signers."""
    arguments = []
    for number, signer in enumerate(signers):
        (folder / f"key{number}.pem").write_bytes(signer.public_pem)
        arguments += ["--key", str(folder / f"key{number}.pem")]
    return arguments


class TestRefused:
    """What is not merged, and leaves nothing behind."""

    def refused(self, reports: list[Path], out: Path, kind: type[Exception], words: str, **changes: Any) -> None:
        """The merge is refused with these words, and nothing is there."""
        with pytest.raises(kind, match=words):
            merge(reports, out, **changes)
        assert not out.exists()
        assert not list(out.parent.glob(".*merging*"))

    def test_source_that_does_not_verify(self, sources: list[Path], tmp_path: Path) -> None:
        """A changed source, or one of a signer who is not trusted, is named."""
        (sources[1] / "evidence" / "TA-01.json").write_text("{}")
        self.refused(sources, tmp_path / "out", VerificationError, "/b: step 9")
        self.refused([sources[2]], tmp_path / "out", VerificationError, "/c: step 4", keys=[SIGNER.public_key])

    def test_same_report_or_run_twice(self, sources: list[Path], tmp_path: Path) -> None:
        """A report given twice, and a run that two signers vouch for."""
        self.refused([sources[0], sources[0]], tmp_path / "out", ReportError, "given twice")
        again = a_report(tmp_path / "d", LAB, nonce="n1")
        self.refused([sources[0], again], tmp_path / "out", ReportError, "nonce of its own")

    def test_emulation_beside_real_runs(self, sources: list[Path], tmp_path: Path) -> None:
        """Only when told; emulations among themselves are."""
        emulated = [a_report(tmp_path / name, nonce=name, emulated="osm") for name in ("d", "e")]
        self.refused([sources[0], emulated[0]], tmp_path / "out", ReportError, "is an emulation")
        assert merge(emulated, tmp_path / "emulations").runs == 2
        assert merge([sources[0], emulated[0]], tmp_path / "out", allow_mixed=True).runs == 2

    def test_other_catalogue(self, sources: list[Path], tmp_path: Path) -> None:
        """Runs of two catalogues only when told, and then the report says so."""
        other = a_report(tmp_path / "d", nonce="n4", catalogue=a_catalogue(digest="e" * 64))
        self.refused([sources[0], other], tmp_path / "out", ReportError, "have 2")
        assert merge([sources[0], other], tmp_path / "out", allow_mixed=True).catalogues == 2
        statement = Statement.from_bytes(
            Envelope.from_bytes((tmp_path / "out" / "matrix.intoto.jsonl").read_bytes()).payload
        )
        assert statement.predicate["mixed"] is True
        verify_report(tmp_path / "out", KEYS)

    def test_place_that_is_taken(self, sources: list[Path], tmp_path: Path) -> None:
        """A folder with something in it is left alone."""
        with pytest.raises(UsageProblem, match="new or empty"):
            merge(sources, sources[0])
        assert verify_report(sources[0], KEYS)

    def test_nothing_to_merge(self, tmp_path: Path) -> None:
        """No report gives no merged report."""
        self.refused([], tmp_path / "out", ReportError, "at least one run")


def first_source(merged: Path) -> Path:
    """The folder of the first source."""
    return min((merged / "sources").iterdir())


def exchanged(merged: Path) -> None:
    """Exchange a source for another one, properly signed."""
    name = first_source(merged)
    shutil.rmtree(name)
    a_report(name, nonce="n9")
    (name / "matrix.schema.json").unlink()


def drop_run(merged: Path) -> None:
    """Take a run out of the merged matrix."""
    document = json.loads((merged / "matrix.json").read_text())
    document["runs"].pop()
    (merged / "matrix.json").write_text(json.dumps(document, sort_keys=True, indent=2) + "\n")


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "source missing": (lambda merged: shutil.rmtree(first_source(merged)), "step 9"),
    "source extra": (lambda merged: shutil.copytree(first_source(merged), merged / "sources" / ("0" * 32)), "step 9"),
    "source exchanged": (exchanged, "step 9"),
    "source's evidence": (lambda merged: (first_source(merged) / "evidence/TA-01.json").write_text("{}"), "step 9"),
    "source's matrix": (lambda merged: (first_source(merged) / "matrix.json").write_text("{}"), "step 7"),
    "file in a source": (lambda merged: (first_source(merged) / "notes.txt").write_text(""), "step 12"),
    "file beside": (lambda merged: (merged / "notes.txt").write_text(""), "step 12"),
    "evidence folder": (lambda merged: (merged / "evidence").mkdir(), "step 12"),
    "merged matrix": (drop_run, "step 7"),
    "merging unsigned": (lambda merged: (merged / "matrix.intoto.jsonl").write_text("\n"), "step 2"),
}


@pytest.mark.parametrize("name", list(SPOILED))
def test_spoiled_merge_is_refused(name: str, merged: Path) -> None:
    """A merged report fails closed as any other."""
    spoil, step = SPOILED[name]
    spoil(merged)
    with pytest.raises(VerificationError, match=step):
        verify_report(merged, KEYS)


def test_all_keys_are_needed(merged: Path) -> None:
    """The merger's key alone does not vouch for the sources, nor theirs for the merging."""
    for keys in ([MERGER.public_key], [SIGNER.public_key, LAB.public_key]):
        with pytest.raises(VerificationError, match="step 4"):
            verify_report(merged, keys)


def test_lying_merger(sources: list[Path], tmp_path: Path) -> None:
    """A trusted merger who signs another matrix than what follows from the sources is refused."""
    out = tmp_path / "merged"
    merge(sources, out)
    text = (out / "matrix.json").read_text().replace('"status": "failed"', '"status": "passed"')
    (out / "matrix.json").write_text(text)
    statement = Statement.from_bytes(Envelope.from_bytes((out / "matrix.intoto.jsonl").read_bytes()).payload)
    from pytest_smi.core.canonical import sha256_hex

    statement.subjects["matrix.json"] = sha256_hex(text.encode())
    (out / "matrix.intoto.jsonl").write_bytes(MERGER.sign(statement.to_bytes()).to_bytes() + b"\n")
    with pytest.raises(VerificationError, match="step 11"):
        verify_report(out, KEYS)


def test_command(sources: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`pytest-smi merge` says what it merged; the key of the merging is the user's own when none is given."""
    with pytest.raises(SystemExit) as caught:
        main(["merge", *map(str, sources), *keys_of(tmp_path, SIGNER, LAB), "--out", str(tmp_path / "all")])
    assert caught.value.code == 0
    assert "3 run(s) of 3 report(s)" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(
            [
                "verify",
                str(tmp_path / "all"),
                *keys_of(tmp_path, SIGNER, LAB),
                "--key",
                str(tmp_path / "all" / "signing-key.pub.pem"),
            ]
        )
    assert caught.value.code == 0
