"""What else goes on in pytest does not bend a run: lost workers, signals, other plugins.

The configuration of the project is in `test_host_project.py`.
"""

from pathlib import Path

import pytest

from tests.support.runs import run_suite


def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """The argument that loads a plugin with this text."""
    (folder / "bend.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return "-pbend"


@pytest.mark.slow
def test_a_lost_worker_costs_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The assertion that it ran is errored with the reason and not tried again; the rest is finished."""
    load = plugin(
        tmp_path,
        monkeypatch,
        "import os\nlog = os.path.join(os.path.dirname(__file__), 'tried')\n"
        "def pytest_runtest_call(item):\n    if 'TA-08' in item.listextrakeywords():\n"
        "        open(log, 'a').write('x')\n        os._exit(9)\n",
    )

    run = run_suite(tmp_path, load, "-n", "2", "-k", "TA-05 or TA-06 or TA-07 or TA-08 or TA-09", timeout=300)

    assert run.status == 3, run.output
    assert run.requirements("errored") == {"TA-08"}
    assert run.requirements("passed") == {"TA-05", "TA-06", "TA-07", "TA-09"}
    assert "the process that ran it was lost: worker 'gw" in run.explain({"TA-08"})
    assert (tmp_path / "tried").read_text() == "x"


@pytest.mark.slow
def test_sigterm_while_the_report_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is whole, and then the run ends as one that was interrupted."""
    load = plugin(
        tmp_path,
        monkeypatch,
        "import os, signal\nimport pytest_smi.session.controller as controller\nwrite = controller.write_report\n"
        "def slow(*given, **named):\n    os.kill(os.getpid(), signal.SIGTERM)\n    return "
        "write(*given, **named)\ncontroller.write_report = slow\n",
    )

    run = run_suite(tmp_path, load, "-k", "TA-05", timeout=240)

    assert run.status == 2, run.output
    assert "Traceback" not in run.output
    assert run.requirements("passed") == {"TA-05"}
    assert (tmp_path / "smi-report-partial" / "index.html").is_file()


def test_reruns_are_refused(pytester: pytest.Pytester) -> None:
    """Trying again until it passes is no conformance."""
    pytester.makepyfile(bend="def pytest_addoption(parser):\n    parser.addoption('--reruns', type=int)\n")
    pytester.syspathinsert()

    result = pytester.runpytest_subprocess("-pbend", "--mesh=reference", "--reruns=1")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "an assertion is tried once" in result.stderr.str()
    assert not pytester.path.joinpath("smi-report").exists()


def test_foreign_files_are_refused_before_anything_starts(pytester: pytest.Pytester) -> None:
    """`--smi-report=build`, where something else is built."""
    pytester.mkdir("build").joinpath("lib.so").write_text("")

    result = pytester.runpytest_subprocess("--mesh=reference", "--smi-report=build")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "build also holds lib.so" in result.stderr.str()
