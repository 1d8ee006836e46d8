"""A run of a part of the catalogue says so, claims nothing, and leaves the whole report alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_smi.core.catalogue import load
from pytest_smi.core.limits import Limits
from pytest_smi.core.resources import bundled
from pytest_smi.profiles.load import load_profile
from pytest_smi.session.partial import Coverage, assertion_at, covered, parameter_of
from pytest_smi.testbed.target import MeshTarget
from tests.support.runs import FinishedRun, run_suite

TARGET = MeshTarget(
    name="reference",
    profile=load_profile("reference"),
    versions={},
    limits=Limits(),
    image="i",
    run="r",
    apis=("access", "specs", "split", "metrics"),
)


def ids(*labels: str) -> list[str]:
    """Node ids of the whole catalogue on these meshes."""
    known = [(*record.name.split("::"), record.requirement) for record in load()]
    return [
        f"conformance/test_{module}.py::test_{name}[{parameter_of(requirement, label)}]"
        for module, name, requirement in known
        for label in labels
    ]


def test_a_node_id_names_assertion_and_mesh() -> None:
    """The requirement is for people, and may stand in the name of a mesh too; other tests are none of ours."""
    assert assertion_at("::test_one[TA-10-osm]") == ("TA-10", "one", "osm")
    for mesh in ("linkerd", "TA-05-mesh@kind-a", "osm split=v1alpha2"):
        nodeid = f"../conformance/test_traffic_access.py::test_one[{parameter_of('TA-10', mesh)}]"
        assert assertion_at(nodeid) == ("TA-10", "one", mesh)
    assert assertion_at("tests/test_mine.py::test_it") == ("", "", "")


def test_a_whole_run_is_whole() -> None:
    """Every assertion on every mesh; of another version those of its APIs."""
    other = replace(TARGET, variant="split=v1alpha2", apis=("split",))
    targets = {"reference": TARGET, other.label: other}
    split = [nodeid for nodeid in ids(other.label) if "test_traffic_split" in nodeid]

    assert not covered(ids("reference"), load(), {"reference": TARGET}).partial
    assert not covered([*ids("reference"), *ids(other.label)], load(), targets).partial
    assert covered([*ids("reference"), *split[1:]], load(), targets).partial


def test_a_part_is_told_with_its_size() -> None:
    """One of them, and tests of the user's own, which do not count."""
    found = covered([ids("reference")[0], "tests/test_mine.py::test_it"], load(), {"reference": TARGET})

    assert str(found) == f"partial run: 1 of {len(load())} requirements"
    assert str(Coverage(2, 2)) == "whole run: 2 requirements"


@pytest.mark.slow
def test_a_partial_run_leaves_the_whole_report_alone(tmp_path: Path) -> None:
    """One requirement after a whole run: the old report is as it was,
    and the new one claims nothing and lists no requirements."""
    old = tmp_path / "smi-report"
    (old / "evidence").mkdir(parents=True)
    (old / "matrix.json").write_text("the whole report")

    run = run_suite(tmp_path, "-k", "TA-05", timeout=180)

    assert run.status == 0, run.output
    assert (old / "matrix.json").read_text() == "the whole report"
    assert_claims_nothing(run, "TA-05")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "requirements"),
    [
        ([f"{bundled('conformance') / 'test_traffic_access.py'}::test_unlisted_source_is_denied"], ["TA-06"]),
        (["--smi-api=split", "-k", "SP-31"], ["SP-31"]),
        (["--smi-level=must", "-k", "SP-31 or TA-05"], ["TA-05"]),
    ],
)
def test_each_way_to_ask_for_a_part_makes_a_partial_run(
    tmp_path: Path, arguments: list[str], requirements: list[str]
) -> None:
    """Node ids, APIs, levels; what was not asked for is not listed."""
    run = run_suite(tmp_path, *arguments, timeout=180)

    assert run.status == 0, run.output
    assert_claims_nothing(run, *requirements)


@pytest.mark.slow
def test_the_last_failures_alone_are_a_partial_run(tmp_path: Path) -> None:
    """`--lf` after a run that failed; the exit status is that of the row that ran."""
    rows = ["-p", "cacheprovider", "-k", "TA-05 or TA-06"]
    first = run_suite(tmp_path, *rows, "--smi-fault=access-any-identity", timeout=240)
    again = run_suite(tmp_path, *rows, "--lf", timeout=240)

    (failed,) = first.requirements("failed")
    assert first.status == 1
    assert again.status == 0, again.output
    assert_claims_nothing(again, failed)


def assert_claims_nothing(run: FinishedRun, *requirements: str) -> None:
    """One statement on the terminal, no claim anywhere, and only the rows that ran."""
    assert run.matrix is not None
    (found,) = run.matrix["runs"]
    assert run.output.count("partial run") == 1, run.output
    assert f"partial run: {len(requirements)} of {len(load())} requirements" in run.output
    assert "onformant" not in run.output
    assert "not claimed" not in run.output
    assert "requirement(s) of the catalogue" not in run.output
    assert "Skipped" not in run.output
    assert {claim["capability"] for claim in found["apis"].values()} == {"not claimed"}
    assert not found["conformant"]
    assert [result["requirement"] for result in found["results"]] == list(requirements)


@pytest.mark.slow
@pytest.mark.parametrize(("option", "status"), [((), 0), (("--smi-fail-on=should",), 1)])
def test_a_recommendation_that_is_not_met_fails_no_run_unless_told(
    tmp_path: Path, option: tuple[str, ...], status: int
) -> None:
    """SP-31 is a SHOULD."""
    run = run_suite(tmp_path, "--smi-fault=split-no-event", "-k", "SP-31", *option, timeout=240)

    assert run.requirements("failed") == {"SP-31"}, run.output
    assert run.status == status, run.output
    assert ("recommendation not met: SP-31 SHOULD (reference)" in run.output) is (status == 0)


@pytest.mark.slow
def test_a_run_that_fails_before_it_deploys_leaves_no_folder(tmp_path: Path) -> None:
    """No cluster answers at that address: nothing was made in the report's place."""
    config = tmp_path / "kubeconfig"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "
        "'http://127.0.0.1:9'}}],"
        " users: [{name: u, user: {token: t}}], contexts: [{name: c, context: {cluster: c, user: u}}]}"
    )
    run = run_suite(tmp_path, f"--kubeconfig={config}", mesh="osm", timeout=120)

    assert run.status == 3, run.output
    assert [path.name for path in tmp_path.iterdir()] == ["kubeconfig"]
