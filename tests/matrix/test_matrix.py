"""Tests of the matrix: building runs, capability, conformance, deterministic bytes, strict reading."""

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.errors import ReportError
from pytest_smi.matrix.build import RunContext, build_matrix, build_run, evidence_names
from pytest_smi.matrix.matrix import Capability, Matrix, Mesh, Recommendations, Suite

SUITE = Suite(name="pytest-smi", version="0.1.0", digest="a" * 64)


def a_result(requirement: str, status: Status = Status.PASSED, **changes: Any) -> Result:
    """A result of the access API, changed as wanted."""
    fields: dict[str, Any] = {
        "id": requirement,
        "requirement": requirement,
        "api": Api.ACCESS,
        "version": "v1alpha3",
        "level": Level.MUST,
        "status": status,
        "reason": "",
        "source": "A3",
        "duration": 0.5,
        "mesh": "reference",
        "evidence": {"of": requirement},
    }
    return Result(**{**fields, **changes})


def a_context(*required: str, **changes: Any) -> RunContext:
    """A run of the access API that must account for the requirements given."""
    fields: dict[str, Any] = {
        "mesh": Mesh(name="reference", version="0.1.0", images={"proxy:1": "sha256:" + "b" * 64, "unknown:1": None}),
        "kubernetes": "v1.32.0",
        "apis": {Api.ACCESS: "v1alpha3"},
        "required": dict.fromkeys(required, (Api.ACCESS, Level.MUST)),
        "started_at": "2026-01-01T00:00:00Z",
        "finished_at": "2026-01-01T00:01:00Z",
        "nonce": "n1",
        "limits": {"settle": 5},
    }
    return RunContext(**{**fields, **changes})


class TestConformance:
    """When a run may be called conformant, and which capability an API gets."""

    def test_complete_and_passed(self) -> None:
        """All passed and accounted for: conformant and Full; other APIs are not claimed."""
        run = build_run([a_result("TA-01"), a_result("TA-02")], a_context("TA-01", "TA-02"))
        assert run.conformant
        assert run.apis[Api.ACCESS].capability is Capability.FULL
        assert run.apis[Api.SPLIT].capability is Capability.NOT_CLAIMED
        assert run.summary[Status.PASSED] == 2

    @pytest.mark.parametrize("status", [Status.FAILED, Status.ERRORED, Status.SKIPPED])
    def test_anything_against_it(self, status: Status) -> None:
        """One failed, errored or skipped requirement makes it Partial and not conformant."""
        run = build_run([a_result("TA-01"), a_result("TA-02", status)], a_context("TA-01", "TA-02"))
        assert not run.conformant
        assert run.apis[Api.ACCESS].capability is Capability.PARTIAL

    @pytest.mark.parametrize("status", [Status.UNSUPPORTED, Status.OBSERVED])
    def test_neutral_outcomes(self, status: Status) -> None:
        """What is not claimed, and what is only observed, does not count against a run."""
        run = build_run([a_result("TA-01"), a_result("TA-02", status)], a_context("TA-01", "TA-02"))
        assert run.conformant
        assert run.apis[Api.ACCESS].capability is Capability.FULL

    @pytest.mark.parametrize("status", [status for status in Status if status is not Status.PASSED])
    def test_nothing_passed(self, status: Status) -> None:
        """A run in which nothing passed is never conformant, whatever else there is."""
        run = build_run([a_result("TA-01", status)], a_context("TA-01"))
        assert not run.conformant
        assert run.apis[Api.ACCESS].capability is Capability.NONE

    def test_missing_requirement(self) -> None:
        """A requirement without a result makes the run incomplete, and the matrix says which."""
        run = build_run([a_result("TA-01")], a_context("TA-01", "TA-02"))
        assert not run.conformant
        assert run.apis[Api.ACCESS].capability is Capability.PARTIAL
        assert "TA-02" in run.restricted[0]

    @pytest.mark.parametrize("changes", [{"interrupted": True}, {"restricted": ("--smi-level must",)}])
    def test_interrupted_or_restricted(self, changes: dict[str, Any]) -> None:
        """An interrupted or narrowed run is not conformant, and says why."""
        run = build_run([a_result("TA-01")], a_context("TA-01", **changes))
        assert not run.conformant
        assert run.restricted

    def test_should_failure_is_not_a_capability_matter(self) -> None:
        """A failed SHOULD is a recommendation that is not met: the API is Full and the run conformant."""
        run = build_run([a_result("TA-01"), a_result("TA-02", Status.FAILED, level=Level.SHOULD)], a_context("TA-01"))
        assert run.apis[Api.ACCESS].capability is Capability.FULL
        assert run.conformant
        assert run.recommendations == Recommendations(met=0, unmet=1)

    def test_met_recommendations_do_not_make_a_run_conformant(self) -> None:
        """Where no MUST passed there is nothing to be conformant with."""
        run = build_run([a_result("TA-01", level=Level.SHOULD)], a_context("TA-01"))
        assert not run.conformant
        assert run.recommendations == Recommendations(met=1, unmet=0)

    @pytest.mark.parametrize(
        ("status", "expected"), [(Status.FAILED, Capability.NONE), (Status.UNSUPPORTED, Capability.NOT_CLAIMED)]
    )
    def test_claimed_and_none_passed_is_told_from_not_claimed(self, status: Status, expected: Capability) -> None:
        """An API without a tested version is None only where something of it was tested and failed."""
        run = build_run([a_result("TA-01", status)], a_context("TA-01", apis={}))
        assert run.apis[Api.ACCESS].capability is expected
        assert build_run([a_result("TA-01", status)], a_context("TA-01")).apis[Api.ACCESS].capability is Capability.NONE

    def test_emulation_is_restricted_and_never_conformant(self) -> None:
        """The reference mesh playing another one says nothing of that one."""
        run = build_run([a_result("TA-01")], a_context("TA-01", emulated="osm"))
        assert run.emulated == "osm"
        assert not run.conformant
        assert run.restricted == (
            "an emulation was tested, the persona osm of the reference mesh: it is not the mesh itself",
        )


class TestRefusals:
    """What cannot become a run."""

    def test_no_results(self) -> None:
        """An empty run is refused."""
        with pytest.raises(ReportError, match="at least one result"):
            build_run([], a_context())
        with pytest.raises(ReportError, match="at least one run"):
            build_matrix(SUITE, "2026-01-01T00:00:00Z", [])

    def test_duplicate_ids_name_both(self) -> None:
        """Two results of one id are refused, and the error describes both."""
        with pytest.raises(ReportError) as caught:
            build_run([a_result("TA-01", reason="one"), a_result("TA-01", Status.FAILED, reason="two")], a_context())
        assert "passed: one" in caught.value.message
        assert "failed: two" in caught.value.message

    def test_result_of_another_mesh(self) -> None:
        """Results of two meshes do not share a run."""
        with pytest.raises(ReportError, match="one mesh"):
            build_run([a_result("TA-01", mesh="linkerd")], a_context())

    def test_same_run_twice(self) -> None:
        """A matrix holds a run once."""
        with pytest.raises(ReportError, match="nonce"):
            build_matrix(SUITE, "2026-01-01T00:00:00Z", [(a_context(), [a_result("TA-01")])] * 2)


class TestEvidenceNames:
    """How evidence files are named."""

    def test_one_and_several(self) -> None:
        """A requirement with one result gives its name; several add a safe part of their ids; none gives none."""
        results = [
            a_result("TA-01", id="TA-01[reference]"),
            a_result("TA-02", id="TA-02[http/1.1]"),
            a_result("TA-02", id="TA-02[../../etc]"),
            a_result("TA-03", evidence=None),
        ]
        names = evidence_names(results)
        assert list(names.values()) == [
            "evidence/TA-01.json",
            "evidence/TA-02.http-1-1.json",
            "evidence/TA-02.etc.json",
        ]

    def test_twins_are_kept_apart(self) -> None:
        """Ids that look the same once made safe, or on a file system that ignores case, get different names."""
        names = evidence_names(
            [a_result("TA-01", id=name) for name in ("TA-01[a/b]", "TA-01[a:b]", "TA-01[A b]", "TA-01", "TA-01[c]")]
        )
        assert len({name.lower() for name in names.values()}) == 5

    def test_several_runs_share_a_folder(self) -> None:
        """With several runs each name carries its mesh; meshes of one name are told apart by their run."""
        contexts = [a_context(nonce=nonce) for nonce in ("n1", "n2")]
        contexts.append(a_context(nonce="n3", mesh=Mesh(name="linkerd@dev", version="", images={})))
        runs = [(context, [a_result("TA-01", mesh=context.mesh.name)]) for context in contexts]
        built = build_matrix(SUITE, "2026-01-01T00:00:00Z", runs)
        assert len(built.evidence) == 3
        assert "evidence/TA-01.linkerd-dev.json" in built.evidence


class TestBytes:
    """matrix.json: deterministic to write, strict to read."""

    def built(self) -> Matrix:
        """A matrix of two results."""
        return build_matrix(
            SUITE, "2026-01-01T00:02:00Z", [(a_context("TA-01"), [a_result("TA-01"), a_result("TA-02", Status.FAILED)])]
        ).matrix

    def test_order_of_results_does_not_matter(self) -> None:
        """However many workers there were, the bytes are the same."""
        results = [a_result(f"TA-{number:02}") for number in range(1, 30)]
        shuffled = random.Random(1).sample(results, len(results))
        first, second = (
            build_matrix(SUITE, "t", [(a_context(), some)]).matrix.to_bytes() for some in (results, shuffled)
        )
        assert first == second

    def test_round_trip(self) -> None:
        """What is written is read back, byte for byte."""
        data = self.built().to_bytes()
        assert Matrix.from_bytes(data).to_bytes() == data
        assert b'"schemaVersion": 3' in data

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            (lambda doc: doc.update(schemaVersion=4), "schemaVersion"),
            (lambda doc: doc.update(schemaVersion=True), "schemaVersion"),
            (lambda doc: doc.update(other=1), "other"),
            (lambda doc: doc["suite"].update(digest="abc"), "suite.digest"),
            (lambda doc: doc["runs"][0]["mesh"]["images"].update(x="latest"), "runs[0].mesh.images.x"),
            (lambda doc: doc["runs"][0]["apis"].pop("metrics"), "runs[0].apis.metrics"),
            (lambda doc: doc["runs"][0]["apis"]["split"].update(capability="Half"), "runs[0].apis.split.capability"),
            (lambda doc: doc["runs"][0]["summary"].update(failed=0), "runs[0].summary"),
            (lambda doc: doc["runs"][0].update(conformant="yes"), "runs[0].conformant"),
            (lambda doc: doc["runs"][0]["recommendations"].update(met=7), "runs[0].recommendations"),
            (lambda doc: doc["runs"][0].update(emulated=True), "runs[0].emulated"),
            (lambda doc: doc["runs"][0]["results"][1].update(status="fine"), "runs[0].results[1].status"),
            (lambda doc: doc["runs"][0]["results"][1].update(id="TA-01"), "runs[0].results"),
            (lambda doc: doc["runs"][0]["results"][0]["evidence"].pop("sha256"), "runs[0].results[0].evidence.sha256"),
            (lambda doc: doc["runs"].append(7), "runs[1]"),
        ],
    )
    def test_bad_field_is_named_by_its_path(self, change: Callable[[dict[str, Any]], object], path: str) -> None:
        """Each bad field is refused with its dotted path."""
        document = copy.deepcopy(self.built().to_json())
        change(document)
        with pytest.raises(ReportError) as caught:
            Matrix.from_json(document)
        assert f"{path}: " in caught.value.message

    @pytest.mark.parametrize("data", [b"", b"[]", b'{"runs": [}', b'{"a":1,"a":1}'])
    def test_what_is_not_a_matrix(self, data: bytes) -> None:
        """Other bytes are a ReportError, nothing else."""
        with pytest.raises(ReportError):
            Matrix.from_bytes(data)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (
                '"duration": 0.5',
                '"duration": ' + "9" * 400,
                "duration: must be a number of at least 0 and below 9007199254740992, found 999",
            ),
            ('"duration": 0.5', '"duration": NaN', "NaN is not JSON"),
            ('"duration": 0.5', '"duration": 1e999', "is too large"),
            ('"settle": 5', '"settle": ' + "[" * 70 + "]" * 70, "nested too deeply"),
            ('"settle": 5', '"settle": 5, "settle": 6', "duplicate key 'settle'"),
            ('"settle": 5', '"settle": ' + "9" * 5000, "must be JSON"),
            ('"reason": ""', r'"reason": "\ud800"', "half of a surrogate pair"),
        ],
    )
    def test_hostile_document_gives_one_clear_error(self, old: str, new: str, said: str) -> None:
        """Whatever is in the file, it is refused with our own error, of bounded size."""
        text = self.built().to_bytes().decode()
        assert old in text
        with pytest.raises(ReportError) as caught:
            Matrix.from_bytes(text.replace(old, new).encode())
        assert said in caught.value.message
        assert len(caught.value.message) < 1000

    def test_newer_version_asks_for_an_upgrade(self) -> None:
        """What a later release added is not listed as so many faults."""
        with pytest.raises(ReportError, match="a newer pytest-smi wrote this matrix") as caught:
            Matrix.from_json({**self.built().to_json(), "schemaVersion": 99, "news": 1})
        assert caught.value.hint == "Upgrade pytest-smi."

    def test_runs_are_sorted(self) -> None:
        """The order of the runs is theirs, not that of the command line."""
        runs = [
            self.built().runs[0],
            replace(self.built().runs[0], nonce="n0", mesh=Mesh(name="a", version="", images={})),
        ]
        names = [
            run["mesh"]["name"] for run in Matrix(generated_at="t", suite=SUITE, runs=tuple(runs)).to_json()["runs"]
        ]
        assert names == ["a", "reference"]
