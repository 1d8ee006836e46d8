"""Tests of matrix.schema.json and of schema versions."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_smi.core.terms import Level, Status
from pytest_smi.errors import ReportError
from pytest_smi.matrix.matrix import SCHEMA_FILE, Matrix, Recommendations, matrix_schema, schema_bytes
from pytest_smi.matrix.migrations import SCHEMA_VERSION, upgraded
from pytest_smi.reports.diff import Difference, compare
from pytest_smi.reports.load import load_matrix
from pytest_smi.reports.merge import merge_reports
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.keys import load_public_key
from tests.support.reports import SIGNER, SUITE, a_matrix, a_report
from tests.support.schemas import descriptions

VALIDATOR = Draft202012Validator(matrix_schema())
DATA = Path(__file__).parents[1] / "data"
WHOLE: dict[str, Any] = a_matrix(
    statuses={"TA-02": Status.UNSUPPORTED}, restricted=("a reason",), limits={"settle_probes": 1}
)[0].to_json()


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document, apart from what may hold anything."""
    yield path
    if path and path[-1] in ("limits", "options"):
        return
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*path, key))


PLACES = [path for path in places(WHOLE) if path]


def put(path: tuple[str | int, ...], value: Any, *, remove: bool = False) -> dict[str, Any]:
    """The whole document with another value at one place, or without it."""
    document = copy.deepcopy(WHOLE)
    at: Any = document
    for key in path[:-1]:
        at = at[key]
    if remove:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


def read(folder: Path) -> Any:
    """The matrix of a report as it was written."""
    return json.loads((folder / "matrix.json").read_bytes())


def loads(document: Any) -> bool:
    """Whether the strict reader takes it."""
    try:
        Matrix.from_json(document)
    except ReportError:
        return False
    return True


class TestSchema:
    """The schema says what the reader does."""

    def test_is_a_schema_and_ships_with_every_report(self, tmp_path: Path) -> None:
        """It is valid itself, and every report folder has it."""
        Draft202012Validator.check_schema(matrix_schema())
        assert (a_report(tmp_path / "r") / SCHEMA_FILE).read_bytes() == schema_bytes()

    def test_every_property_is_described(self) -> None:
        """In the names that stand in the file: `generatedAt`, not `generated_at`."""
        described = dict(descriptions(matrix_schema()))
        assert len(described) > 60
        assert {path for path, text in described.items() if not text} == set()
        assert [text for text in described.values() if re.search(r"[a-z]_[a-z]", text)] == []

    def test_matrices_validate(self) -> None:
        """What is written validates, and so does an old sample once upgraded."""
        VALIDATOR.validate(WHOLE)
        VALIDATOR.validate(Matrix.from_bytes((DATA / "report-v1" / "matrix.json").read_bytes()).to_json())

    def test_every_object_is_closed(self) -> None:
        """No object of the schema takes a field that it does not name, apart from those keyed by free names."""
        for path in PLACES:
            at: Any = WHOLE
            for key in path:
                at = at[key]
            free = path[-1] in ("limits", "options", "images", "crds", "requirements") and "controlPlane" not in at
            if isinstance(at, dict) and not free:
                document = put((*path, "other"), 1)
                assert not VALIDATOR.is_valid(document), path
                assert not loads(document), path

    @pytest.mark.parametrize(
        "path", [path for path in PLACES if isinstance(path[-1], str)], ids=lambda path: ".".join(map(str, path))
    )
    def test_every_field_is_required(self, path: tuple[str | int, ...]) -> None:
        """A field that is taken away is missed, unless it is keyed by a free name."""
        if (
            path[-2:-1]
            and path[-2] in ("images", "crds", "requirements")
            and path[-1] not in ("controlPlane", "proxy", "sampleApp")
        ):
            return
        assert not VALIDATOR.is_valid(put(path, None, remove=True))

    @settings(max_examples=400, deadline=None)
    @given(
        path=st.sampled_from(
            [path for path in PLACES if path != ("schemaVersion",)]
        ),  # older versions load: see TestVersions
        value=st.none()
        | st.booleans()
        | st.integers(-5, 5)
        | st.text(max_size=5)
        | st.just([])
        | st.just({})
        | st.just([None]),
    )
    def test_reader_and_schema_agree(self, path: tuple[str | int, ...], value: Any) -> None:
        """Whatever the schema refuses the reader refuses, and what the reader takes the schema takes."""
        document = put(path, value)
        if loads(document):
            VALIDATOR.validate(document)


class TestVersions:
    """Older matrices still load."""

    def test_version_1_loads_and_verifies(self) -> None:
        """A report as version 1 wrote it: its signature holds, and it is read as a matrix of today."""
        folder = DATA / "report-v1"
        assert read(folder)["schemaVersion"] == 1
        verified = verify_report(folder, [load_public_key(folder / "signing-key.pub.pem")])
        run = verified.matrix.runs[0]
        assert [entry.status for entry in run.results] == [
            Status.OBSERVED,
            Status.PASSED,
            Status.FAILED,
            Status.UNSUPPORTED,
        ]
        assert run.provenance.suite == verified.matrix.suite
        assert verified.matrix.to_json()["schemaVersion"] == SCHEMA_VERSION
        assert Matrix.from_bytes(verified.matrix.to_bytes()) == verified.matrix

    def test_version_2_loads_and_verifies(self) -> None:
        """A failed SHOULD was a failure when it was signed; what was signed stays,
        and the matrix counts it as a recommendation."""
        folder = DATA / "report-v2"
        assert read(folder)["schemaVersion"] == 2
        verified = verify_report(folder, [load_public_key(folder / "signing-key.pub.pem")])
        run = verified.matrix.runs[0]
        assert run.recommendations == Recommendations(met=0, unmet=1)
        assert run.emulated is None
        assert not run.conformant
        assert [str(claim.capability) for claim in run.apis.values()] == [
            "Full",
            "not claimed",
            "not claimed",
            "not claimed",
        ]
        assert Matrix.from_bytes(verified.matrix.to_bytes()) == verified.matrix

    def test_merged_report_of_version_2_verifies(self) -> None:
        """It says the same as its sources do in the form of today."""
        folder = DATA / "merged-v2"
        key = [load_public_key(folder / "signing-key.pub.pem")]
        assert [run.mesh.name for run in verify_report(folder, key).matrix.runs] == ["linkerd", "reference"]

    def test_first_form_of_version_3_loads_and_verifies(self) -> None:
        """It has older words for two levels and for what restricted a run."""
        folder = DATA / "report-v3-first"
        assert {"MUST-d", "AMB"} < {result["level"] for result in read(folder)["runs"][0]["results"]}
        verified = verify_report(folder, [load_public_key(folder / "signing-key.pub.pem")])
        (run,) = verified.matrix.runs
        assert [str(entry.level) for entry in run.results] == ["MUST", "MUST (derived)", "SHOULD", "unspecified"]
        assert run.restricted == ("hold_probes is 1 (standard 100)",)
        assert run.provenance.catalogue is not None
        assert set(run.provenance.catalogue.requirements.values()) == set(Level)
        assert Matrix.from_bytes(verified.matrix.to_bytes()) == verified.matrix

    def test_merged_report_of_the_first_form_of_version_3_verifies(self) -> None:
        """It says the same as its sources do in the words of today."""
        folder = DATA / "merged-v3-first"
        key = [load_public_key(folder / "signing-key.pub.pem")]
        assert [run.mesh.name for run in verify_report(folder, key).matrix.runs] == ["linkerd", "reference"]

    def test_first_form_of_version_3_is_merged_and_compared_with_today(self, tmp_path: Path) -> None:
        """Nothing changes by the words alone."""
        first = DATA / "report-v3-first"
        before = load_matrix(first, [load_public_key(first / "signing-key.pub.pem")])
        after = Matrix.from_bytes(before.to_bytes())
        assert compare(before, after) == Difference(changes=(), same=4)
        today = a_report(tmp_path / "today", nonce="n9", finished="2026-01-09T00:00:00Z")
        keys = [load_public_key(folder / "signing-key.pub.pem") for folder in (first, today)]
        merge_reports(
            [first, today], tmp_path / "both", keys=keys, signer=SIGNER, suite=SUITE, merged_at="2026-02-01T00:00:00Z"
        )
        assert len(verify_report(tmp_path / "both", keys).matrix.runs) == 2

    @pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, True, "1", None, 1.5])
    def test_other_versions_are_refused(self, version: object) -> None:
        """What we do not know is not guessed at."""
        assert not loads({**WHOLE, "schemaVersion": version})

    @pytest.mark.parametrize(
        "document", [None, [], 1, {"schemaVersion": 1}, {"schemaVersion": 1, "runs": [1], "suite": 2}]
    )
    def test_what_is_no_matrix_is_left_to_the_reader(self, document: Any) -> None:
        """Upgrading guesses nothing, and the reader refuses."""
        upgraded(document)
        assert not loads(document)
