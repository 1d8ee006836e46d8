"""Tests of writing a report, verifying it, and the command `pytest-smi verify`: one folder,
spoiled in every way we know."""

import base64
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pytest_smi.cli import main
from pytest_smi.core.canonical import canonical_bytes, compact_bytes, sha256_hex
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.errors import KeyProblem, ReportError, UsageProblem, VerificationError
from pytest_smi.matrix.build import Built, RunContext, build_matrix
from pytest_smi.matrix.matrix import Mesh, Suite
from pytest_smi.reports.verify import verify_report
from pytest_smi.reports.write import check_writable, claim_folder, write_report
from pytest_smi.signing.dsse import Envelope
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.statement import MATRIX_PREDICATE, TEST_RESULT_PREDICATE, Statement, statements_of

SIGNER = Signer(ec.generate_private_key(ec.SECP256R1()))
OTHER = Signer(ed25519.Ed25519PrivateKey.generate())
IMAGE = "sha256:" + "c" * 64


def built(*names: str, status: Status = Status.PASSED, images: dict[str, str | None] | None = None) -> Built:
    """A matrix of one run with a result and evidence for each name."""
    results = [
        Result(
            id=name,
            requirement=name,
            api=Api.ACCESS,
            version="v1alpha3",
            level=Level.MUST,
            status=status,
            reason="ü",
            source="A3",
            duration=0.25,
            mesh="reference",
            evidence={"seen": name, "status": str(status)},
        )
        for name in names or ("TA-01", "TA-02")
    ]
    context = RunContext(
        mesh=Mesh(name="reference", version="0.1.0", images=images or {"proxy:1": IMAGE, "unknown:1": None}),
        kubernetes="v1.32.0",
        apis={Api.ACCESS: "v1alpha3"},
        required={},
        started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T00:01:00Z",
        nonce="n1",
    )
    return build_matrix(
        Suite(name="pytest-smi", version="0.0.9", digest="a" * 64), "2026-01-01T00:02:00Z", [(context, results)]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report folder as a run leaves it."""
    made = built()
    write_report(tmp_path / "report", made.matrix, made.evidence, SIGNER)
    return tmp_path / "report"


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """The envelopes of a report as JSON."""
    return [json.loads(line) for line in (folder / "matrix.intoto.jsonl").read_bytes().splitlines()]


def put_lines(folder: Path, lines: list[dict[str, Any]]) -> None:
    """Replace the envelopes of a report."""
    (folder / "matrix.intoto.jsonl").write_bytes(b"".join(compact_bytes(line) + b"\n" for line in lines))


def sign_again(
    folder: Path, change: Callable[[Statement, Statement], list[Statement]], *, write_matrix: bool = False
) -> None:
    """Let the right signer sign other statements, over a matrix file that says what the first
    of them says if `write_matrix`."""
    pair = [Statement.from_bytes(base64.b64decode(line["payload"])) for line in lines_of(folder)]
    changed = change(pair[0], pair[1])
    if write_matrix:
        data = canonical_bytes(changed[0].predicate)
        (folder / "matrix.json").write_bytes(data)
        changed = [replace(one, subjects={**one.subjects, "matrix.json": sha256_hex(data)}) for one in changed]
    put_lines(folder, [json.loads(SIGNER.sign(statement.to_bytes()).to_bytes()) for statement in changed])


class TestWritten:
    """What a report consists of."""

    def test_verifies_and_says_what_is_covered(self, folder: Path) -> None:
        """A fresh report verifies; what it vouches for is exactly what was written."""
        verified = verify_report(folder, [SIGNER.public_key])
        assert verified.matrix == built().matrix
        assert sorted(verified.files) == ["evidence/TA-01.json", "evidence/TA-02.json", "matrix.json"]
        assert verified.subjects == {**verified.files, "proxy:1": "c" * 64}
        assert verified.signers == (SIGNER.fingerprint,)
        assert verified.not_covered == ("matrix.schema.json",)

    def test_counterexamples_may_lie_beside_it(self, folder: Path) -> None:
        """They are made from the matrix, which holds them; nobody vouches for the files."""
        (folder / "counterexamples").mkdir()
        assert "counterexamples" in verify_report(folder, [SIGNER.public_key]).not_covered

    def test_files_and_modes(self, folder: Path) -> None:
        """The folder holds these files, readable by all, and nothing of the staging."""
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        assert files == [
            "evidence/TA-01.json",
            "evidence/TA-02.json",
            "matrix.intoto.jsonl",
            "matrix.json",
            "matrix.schema.json",
            "signing-key.pub.pem",
        ]
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in files} == {0o644}
        assert not list(folder.glob(".smi*"))

    def test_two_statements_over_the_same_subjects(self, folder: Path) -> None:
        """Line one is the matrix, line two the derived test result; subjects have a name and a sha256, nothing else."""
        first, second = (json.loads(base64.b64decode(line["payload"])) for line in lines_of(folder))
        assert (first["predicateType"], second["predicateType"]) == (MATRIX_PREDICATE, TEST_RESULT_PREDICATE)
        assert first["predicate"] == json.loads((folder / "matrix.json").read_bytes())
        assert first["subject"] == second["subject"]
        assert all(
            set(subject) == {"name", "digest"} and set(subject["digest"]) == {"sha256"} for subject in first["subject"]
        )
        assert second["predicate"]["result"] == "PASSED"
        assert second["predicate"]["passedTests"] == ["reference@0.1.0/TA-01", "reference@0.1.0/TA-02"]
        assert second["predicate"]["configuration"][0]["digest"] == {"sha256": "a" * 64}

    @pytest.mark.parametrize(
        ("status", "result"), [(Status.FAILED, "FAILED"), (Status.ERRORED, "WARNED"), (Status.OBSERVED, "WARNED")]
    )
    def test_result_is_passed_only_if_conformant(self, status: Status, result: str) -> None:
        """Anything short of conformant is not PASSED for consumers of the derived statement."""
        assert statements_of(built(status=status).matrix, {})[1].predicate["result"] == result

    def test_same_image_reference_with_two_digests(self) -> None:
        """Two images of one reference in two runs become two subjects."""
        first = built().matrix.runs[0]
        second = replace(first, nonce="n2", mesh=replace(first.mesh, images={"proxy:1": "d" * 64}))
        subjects = statements_of(replace(built().matrix, runs=(first, second)), {})[0].subjects
        assert f"proxy:1@sha256:{'c' * 64}" in subjects
        assert f"proxy:1@sha256:{'d' * 64}" in subjects

    def test_image_named_as_a_file_is_refused(self) -> None:
        """An image cannot pose as the matrix."""
        with pytest.raises(ReportError, match="names of their own"):
            statements_of(built(images={"matrix.json": IMAGE}).matrix, {})


class TestWrittenAgain:
    """A folder that already holds a report."""

    def test_old_evidence_goes(self, folder: Path) -> None:
        """Evidence of the run before, and what was derived from it, are removed."""
        (folder / "index.html").write_text("old")
        made = built("TA-02", "TA-09")
        write_report(folder, made.matrix, made.evidence, OTHER)
        verified = verify_report(folder, [OTHER.public_key])
        assert sorted(verified.files) == ["evidence/TA-02.json", "evidence/TA-09.json", "matrix.json"]
        assert verified.not_covered == ("matrix.schema.json",)

    def test_foreign_evidence_is_refused_before_the_run(self, folder: Path) -> None:
        """A file of somebody else's among the evidence is named, not deleted."""
        (folder / "evidence" / "mine.txt").write_text("mine")
        with pytest.raises(ReportError, match=r"evidence/mine\.txt"):
            check_writable(folder)
        assert (folder / "evidence" / "mine.txt").exists()

    @pytest.mark.parametrize("at", range(7))
    def test_interruption_never_leaves_a_half_that_verifies(
        self, folder: Path, at: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Interrupted at any replacement, the folder is the old report, the new one, or refused;
        the next write mends it."""
        real, count = os.replace, 0

        def replace_or_stop(source: Path, target: Path) -> None:
            nonlocal count
            count += 1
            if count > at:
                raise KeyboardInterrupt
            real(source, target)

        made = built("TA-02", "TA-03", status=Status.FAILED)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace_or_stop)
            if at < 6:
                with pytest.raises(KeyboardInterrupt):
                    write_report(folder, made.matrix, made.evidence, SIGNER)
                with pytest.raises(VerificationError):
                    verify_report(folder, [SIGNER.public_key])
            else:
                write_report(folder, made.matrix, made.evidence, SIGNER)
        write_report(folder, made.matrix, made.evidence, SIGNER)
        assert verify_report(folder, [SIGNER.public_key]).matrix == made.matrix
        assert not list(folder.glob(".smi*"))

    def test_evidence_and_matrix_must_agree(self, tmp_path: Path) -> None:
        """Evidence that is missing, extra or another than the matrix refers to is not written at all."""
        made = built()
        for evidence in (
            {},
            {**made.evidence, "evidence/x.json": b""},
            {**made.evidence, "evidence/TA-01.json": b"other"},
        ):
            with pytest.raises(ReportError, match="belong together"):
                write_report(tmp_path / "r", made.matrix, evidence, SIGNER)
        assert not (tmp_path / "r").exists()

    def test_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        """A file in the place of the folder is one clear error with the option to change."""
        (tmp_path / "file").write_text("")
        with pytest.raises(ReportError, match="must be writable") as caught:
            check_writable(tmp_path / "file")
        assert "--smi-report" in caught.value.hint

    def test_second_run_with_the_same_folder(self, tmp_path: Path) -> None:
        """Two runs cannot hold one folder; when the first ends the second may."""
        with (
            claim_folder(tmp_path / "r"),
            pytest.raises(UsageProblem, match="one run at a time"),
            claim_folder(tmp_path / "r"),
        ):
            pass
        with claim_folder(tmp_path / "r"):
            made = built()
            write_report(tmp_path / "r", made.matrix, made.evidence, SIGNER)


def spoil_matrix(folder: Path) -> None:
    """One byte of the matrix."""
    data = (folder / "matrix.json").read_bytes()
    (folder / "matrix.json").write_bytes(data.replace(b'"passed": 2', b'"passed": 3'))


def spoil_payload(folder: Path) -> None:
    """One byte of a signed payload."""
    lines = lines_of(folder)
    lines[0]["payload"] = base64.b64encode(base64.b64decode(lines[0]["payload"]).replace(b"TA-01", b"TA-07")).decode()
    put_lines(folder, lines)


def with_line(number: int, **changes: Any) -> Callable[[Path], None]:
    """Change fields of one envelope."""

    def spoil(folder: Path) -> None:
        lines = lines_of(folder)
        lines[number].update(changes)
        put_lines(folder, lines)

    return spoil


def evidence_is_a_link(folder: Path) -> None:
    """The same bytes, but behind a link."""
    (folder / "evidence" / "TA-01.json").rename(folder / "elsewhere")
    (folder / "evidence" / "TA-01.json").symlink_to(folder / "elsewhere")


def evidence_folder_is_a_link(folder: Path) -> None:
    """The same files, but in a folder behind a link."""
    (folder / "evidence").rename(folder.parent / "elsewhere")
    (folder / "evidence").symlink_to(folder.parent / "elsewhere")


def matrix_is_a_folder(folder: Path) -> None:
    """Something else under the name of the matrix."""
    (folder / "matrix.json").unlink()
    (folder / "matrix.json").mkdir()


def cut(end: int) -> Callable[[Path], None]:
    """Cut the envelopes off."""

    def spoil(folder: Path) -> None:
        path = folder / "matrix.intoto.jsonl"
        path.write_bytes(path.read_bytes()[:end])

    return spoil


def without_second_run_of_evidence(first: Statement, second: Statement) -> list[Statement]:
    """Properly signed, but speaking of one file less."""
    less = {name: digest for name, digest in first.subjects.items() if name != "evidence/TA-01.json"}
    return [replace(first, subjects=less), replace(second, subjects=less)]


def one_run_twice(first: Statement, second: Statement) -> list[Statement]:
    """Properly signed, but with a run in it twice."""
    return [replace(first, predicate={**first.predicate, "runs": first.predicate["runs"] * 2}), second]


def resigned(
    change: Callable[[Statement, Statement], list[Statement]], *, write_matrix: bool = False
) -> Callable[[Path], None]:
    """A report that its signer signed, but that is wrong in itself."""

    def spoil(folder: Path) -> None:
        sign_again(folder, change, write_matrix=write_matrix)

    return spoil


def escaping(first: Statement, second: Statement) -> list[Statement]:
    """Properly signed, but with evidence outside the folder."""
    document = json.loads(json.dumps(first.predicate))
    document["runs"][0]["results"][0]["evidence"]["path"] = "evidence/../../secret.json"
    return [replace(first, predicate=document), second]


def predicates_swapped(first: Statement, second: Statement) -> list[Statement]:
    """Properly signed, but each statement under the other's predicate type."""
    return [replace(first, predicate_type=second.predicate_type), replace(second, predicate_type=first.predicate_type)]


def left_over_bits(folder: Path) -> None:
    """Another spelling of the same base64: bits that belong to no byte."""
    lines = lines_of(folder)
    padded = next(line for line in lines if line["payload"].endswith("="))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = padded["payload"].rstrip("=")
    spelled = text[:-1] + alphabet[alphabet.index(text[-1]) + 1] + "=" * (len(padded["payload"]) - len(text))
    assert base64.b64decode(spelled) == base64.b64decode(padded["payload"])
    padded["payload"] = spelled
    put_lines(folder, lines)


def without_a_result(first: Statement, second: Statement) -> list[Statement]:
    """Properly signed and consistent, but a requirement of its own catalogue has no result."""
    document = json.loads(json.dumps(first.predicate))
    document["runs"][0]["provenance"]["catalogue"] = {
        "digest": "d" * 64,
        "requirements": {"TA-01": "MUST", "TA-77": "MUST"},
    }
    return [replace(first, predicate=document), second]


def spaces(folder: Path) -> None:
    """The same JSON with spaces."""
    text = "".join(json.dumps(line) + "\n" for line in lines_of(folder))
    (folder / "matrix.intoto.jsonl").write_text(text)


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "matrix byte": (spoil_matrix, "step 7"),
    "matrix missing": (lambda folder: (folder / "matrix.json").unlink(), "step 7"),
    "matrix is a folder": (matrix_is_a_folder, "step 7"),
    "evidence changed": (
        lambda folder: (folder / "evidence/TA-01.json").write_text("{}\n"),
        "changed: evidence/TA-01.json",
    ),
    "evidence missing": (lambda folder: (folder / "evidence/TA-01.json").unlink(), "missing: evidence/TA-01.json"),
    "evidence extra": (lambda folder: (folder / "evidence/TA-03.json").write_text("{}"), "extra: evidence/TA-03.json"),
    "evidence is a link": (evidence_is_a_link, "step 9"),
    "evidence folder is a link": (evidence_folder_is_a_link, "step 9"),
    "file beside": (lambda folder: (folder / "notes.txt").write_text("mine"), "step 12"),
    "folder beside": (lambda folder: (folder / "more").mkdir(), "step 12"),
    "left from an interrupted writing": (lambda folder: (folder / ".smi-staging-1").mkdir(), "step 12"),
    "base64 with left-over bits": (left_over_bits, "step 2"),
    "spaces": (spaces, "step 2"),
    "field without signature": (with_line(0, note="good"), "step 2"),
    "predicate types swapped": (resigned(predicates_swapped), "step "),
    "predicate type of another version": (
        resigned(lambda first, second: [replace(first, predicate_type="https://pytest-smi.dev/matrix/v1"), second]),
        "step 8",
    ),
    "predicate type of somebody else's": (
        resigned(lambda first, second: [replace(first, predicate_type="https://example.com/matrix/v2"), second]),
        "step 6",
    ),
    "predicate type of a later release": (
        resigned(lambda first, second: [replace(first, predicate_type="https://pytest-smi.dev/matrix/v999"), second]),
        "step 6: the schema version must be at most",
    ),
    "predicate another than the file": (
        resigned(
            lambda first, second: [
                replace(first, predicate={**first.predicate, "generatedAt": "2025-01-01T00:00:00Z"}),
                second,
            ]
        ),
        "step 7",
    ),
    "requirement missing": (resigned(without_a_result, write_matrix=True), "step 14"),
    "envelopes missing": (lambda folder: (folder / "matrix.intoto.jsonl").unlink(), "step 2"),
    "envelopes empty": (cut(0), "step 2"),
    "envelopes cut in a line": (cut(500), "step 2"),
    "last newline cut": (cut(-1), "step 2"),
    "blank line": (lambda folder: (folder / "matrix.intoto.jsonl").open("ab").write(b"\n"), "step 2"),
    "payload type": (with_line(0, payloadType="application/json"), "step 3"),
    "payload byte": (spoil_payload, "step 4"),
    "signature byte": (with_line(1, signatures=[{"keyid": SIGNER.keyid, "sig": "MEUCIQ=="}]), "step 4"),
    "no signatures": (with_line(1, signatures=[]), "step 2"),
    "not a statement": (lambda folder: put_lines(folder, [json.loads(SIGNER.sign(b"{}").to_bytes())] * 2), "step 5"),
    "second envelope missing": (lambda folder: put_lines(folder, lines_of(folder)[:1]), "step 6"),
    "first envelope missing": (lambda folder: put_lines(folder, lines_of(folder)[1:]), "step 6"),
    "envelope twice": (lambda folder: put_lines(folder, lines_of(folder)[:1] * 2), "step 6"),
    "subjects differ": (resigned(lambda first, second: [first, replace(second, subjects={"x": "0" * 64})]), "step 6"),
    "run twice": (resigned(one_run_twice, write_matrix=True), "step 8"),
    "evidence outside": (resigned(escaping, write_matrix=True), "step 9"),
    "subject missing": (resigned(without_second_run_of_evidence), "step 10"),
    "test result says another thing": (
        resigned(lambda first, second: [first, replace(second, predicate={**second.predicate, "result": "FAILED"})]),
        "step 11",
    ),
}


class TestSpoiled:
    """Verification fails closed."""

    @pytest.mark.parametrize("name", list(SPOILED))
    def test_is_refused_and_the_step_is_named(self, name: str, folder: Path) -> None:
        """Each spoiled report is refused with the step, or the file, that shows it."""
        spoil, expected = SPOILED[name]
        spoil(folder)
        with pytest.raises(VerificationError) as caught:
            verify_report(folder, [SIGNER.public_key])
        assert expected in caught.value.message

    def test_every_file_is_read_once(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The record is the only reading: what one step saw is what the next one sees."""
        real, seen = os.open, list[str]()

        def counted(path: Any, *arguments: Any, **options: Any) -> int:
            seen.append(str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(os, "open", counted)
        verify_report(folder, [SIGNER.public_key])
        read = sorted(Path(path).relative_to(folder).as_posix() for path in seen if path.startswith(str(folder)))
        assert read == [
            "catalogue.json",
            "evidence/TA-01.json",
            "evidence/TA-02.json",
            "matrix.intoto.jsonl",
            "matrix.json",
            "matrix.sigstore.jsonl",
        ]

    def test_every_byte_of_the_matrix_counts(self, folder: Path) -> None:
        """Wherever a bit of the matrix is flipped, it is refused."""
        path = folder / "matrix.json"
        data = path.read_bytes()
        for position in range(0, len(data), 61):
            path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
            with pytest.raises(VerificationError):
                verify_report(folder, [SIGNER.public_key])

    def test_wrong_and_missing_keys(self, folder: Path) -> None:
        """Another key, no key, or a threshold that is not met is never a success; the right key among others is."""
        with pytest.raises(VerificationError, match="step 4"):
            verify_report(folder, [OTHER.public_key])
        with pytest.raises(KeyProblem, match="step 1"):
            verify_report(folder, [])
        with pytest.raises(VerificationError, match="step 4"):
            verify_report(folder, [SIGNER.public_key, OTHER.public_key], threshold=2)
        assert verify_report(folder, [OTHER.public_key, SIGNER.public_key]).signers == (SIGNER.fingerprint,)

    def test_each_statement_by_another_key(self, folder: Path) -> None:
        """A key vouches for a report only if it signed all of it."""
        lines = lines_of(folder)
        payload = Envelope.from_bytes(compact_bytes(lines[1])).payload
        put_lines(folder, [lines[0], json.loads(OTHER.sign(payload).to_bytes())])
        with pytest.raises(VerificationError, match="every statement"):
            verify_report(folder, [SIGNER.public_key, OTHER.public_key])


class TestCommand:
    """`pytest-smi verify`."""

    def run(self, *arguments: str) -> int:
        """The exit status of the command."""
        with pytest.raises(SystemExit) as caught:
            main(["verify", *arguments])
        return int(str(caught.value.code))

    def test_good(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A good report: exit status 0, `verified`, and who signed."""
        assert self.run(str(folder), "--key", str(folder / "signing-key.pub.pem")) == 0
        out = capsys.readouterr().out
        assert out.startswith("verified: ")
        assert SIGNER.fingerprint in out
        assert "reference 0.1.0: conformant" in out

    def test_json(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With --json good and bad reports are documents."""
        key = str(folder / "signing-key.pub.pem")
        assert self.run(str(folder), "--key", key, "--json") == 0
        assert json.loads(capsys.readouterr().out)["verified"] is True
        spoil_matrix(folder)
        assert self.run(str(folder), "--key", key, "--json") == 1
        assert json.loads(capsys.readouterr().out)["verified"] is False

    def test_bad_report_and_bad_question(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A spoiled report is status 1 with the step; a missing key, key file or folder is status 4."""
        (tmp_path / "other.pem").write_bytes(OTHER.public_pem)
        assert self.run(str(folder), "--key", str(tmp_path / "other.pem")) == 1
        assert "step 4" in capsys.readouterr().err
        assert self.run(str(folder)) == 4
        assert self.run(str(folder), "--key", str(tmp_path / "none.pem")) == 4
        assert self.run(str(tmp_path / "none"), "--key", str(tmp_path / "other.pem")) == 4
