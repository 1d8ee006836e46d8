"""Whatever the project configures in which a run is started: the bundled suite is collected and runs as it is."""

from pathlib import Path

import pytest

from pytest_smi.core.catalogue import load
from tests.support.runs import run_suite

ALL = len(load())
PASTED = "test_traffic_access.py::test_unlisted_source_is_denied[TA-06-reference]"


@pytest.mark.parametrize(
    "settings",
    [
        "python_files = check_*.py",
        "python_functions = check_*",
        "python_classes = Check",
        "filterwarnings = error",
        "usefixtures = mine",
        "addopts = tests",
        "addopts = --import-mode=importlib --strict-markers --doctest-modules",
        "norecursedirs = *",
        "testpaths = tests",
    ],
)
def test_every_requirement_is_collected_once(pytester: pytest.Pytester, settings: str) -> None:
    """With its id in the node id; tests of the project are not run."""
    pytester.makeini(f"[pytest]\n{settings}\n")
    pytester.makeconftest(
        "import pytest, warnings\n"
        "@pytest.fixture(autouse=True, params=[1, 2])\ndef mine(request):\n    pass\n"
        "def pytest_itemcollected(item):\n    warnings.warn('old', DeprecationWarning)\n"
    )
    pytester.mkdir("tests").joinpath("test_mine.py").write_text("def test_mine():\n    pass\n")

    result = pytester.runpytest_subprocess("--mesh=reference", "--collect-only", "-q", "-p", "no:cacheprovider")

    assert result.ret == pytest.ExitCode.OK, result.stdout.str() + result.stderr.str()
    listed = [line for line in result.stdout.lines if "::" in line]
    assert len(listed) == ALL
    for record in load():
        assert sum(line.endswith(f"::test_{record.function}[{record.requirement}-reference]") for line in listed) == 1


def test_tests_of_the_user_keep_the_users_configuration(pytester: pytest.Pytester) -> None:
    """A path that was typed is run as the project configures it."""
    pytester.makeini("[pytest]\npython_files = check_*.py\npython_functions = check_*\n")
    pytester.makepyfile(check_mine="def check_mine():\n    pass\ndef test_other():\n    pass\n")

    result = pytester.runpytest_subprocess("--mesh=reference", "--collect-only", "-q", "check_mine.py")

    assert [line for line in result.stdout.lines if "::" in line] == ["check_mine.py::check_mine"]


@pytest.mark.parametrize("given", [PASTED, f"../conformance/{PASTED}", f"conformance/{PASTED}"])
@pytest.mark.parametrize("settings", ["", "python_functions = check_*"])
def test_a_node_id_is_pasted_back_from_any_folder(pytester: pytest.Pytester, given: str, settings: str) -> None:
    """As FAILED lines print it; what is collected has that node id again."""
    pytester.makeini(f"[pytest]\n{settings}\n")

    result = pytester.runpytest_subprocess("--mesh=reference", "--collect-only", "-q", given)

    assert [line for line in result.stdout.lines if "::" in line] == [PASTED]


def test_a_node_id_of_no_test_names_the_nearest(pytester: pytest.Pytester) -> None:
    """Before anything is started."""
    result = pytester.runpytest_subprocess("--mesh=reference", PASTED.replace("denied", "deny"))

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"did you mean '{PASTED.partition('[')[0]}'" in result.stderr.str()


def test_a_path_that_is_nowhere_is_still_an_error(pytester: pytest.Pytester) -> None:
    """What is not of the suite is pytest's to refuse."""
    result = pytester.runpytest_subprocess("--mesh=reference", "--collect-only", "-q", "tests/test_traffic_access.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_project_does_not_bend_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    """Other names of tests, fixtures for every test, one of the name of ours, warnings as errors, paths in addopts."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npython_files = check_*.py\npython_functions = check_*\nusefixtures = mine\n"
        "filterwarnings = error\naddopts = tests -p bend -W error\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture(autouse=True)\ndef mine():\n    pytest.fail('a fixture of the project ran')\n"
        "@pytest.fixture\ndef smi():\n    pytest.fail('a fixture of the project ran')\n"
        "@pytest.fixture\ndef smi_mesh():\n    pytest.fail('a fixture of the project ran')\n"
    )
    (tmp_path / "bend.py").write_text(
        "import warnings\ndef pytest_runtest_call(item):\n    warnings.warn('old', DeprecationWarning)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    run = run_suite(tmp_path, "-k", "TA-05", "-n", workers, timeout=240)

    assert run.status == 0, run.output
    assert run.requirements("passed") == {"TA-05"}


@pytest.mark.slow
def test_workers_take_the_arguments_as_the_controller_does(tmp_path: Path) -> None:
    """Also a path after a space that exists only when they read it: the report's, in another folder."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    run = run_suite(tmp_path, "--smi-report", str(tmp_path / "smi-report"), "-k", "TA-05", "-n", "2", timeout=240)

    assert run.status == 0, run.output
    assert run.requirements("passed") == {"TA-05"}


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_failure_is_repeated_by_its_node_id(tmp_path: Path, workers: str) -> None:
    """The FAILED line of one run chooses the assertion of the next, from another folder."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "pytest.ini").write_text("[pytest]\n")
    fault = "--smi-fault=access-any-identity"
    output = run_suite(first, fault, "-k", "TA-06", timeout=240).output
    (failed,) = [line.split()[1] for line in output.splitlines() if line.startswith("FAILED ")]

    run = run_suite(second, fault, failed, "-n", workers, timeout=240)

    assert run.requirements("failed") == {"TA-06"}, run.output
    assert f"FAILED {failed}" in run.output
    assert f"partial run: 1 of {ALL}" in run.output


@pytest.mark.slow
def test_a_run_that_selects_nothing_says_what_to_look_at(tmp_path: Path) -> None:
    """Options that the project adds to every run are easily forgotten, so the line has them."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -k nothing_is_called_so\n")

    run = run_suite(tmp_path, timeout=240)

    assert run.status != 0, run.output
    assert "nothing of the suite was selected: see -k, -m, --deselect" in run.output
    assert "its addopts are: -k nothing_is_called_so" in run.output
