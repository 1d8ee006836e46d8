"""The plugin's options: what is refused, and that an idle plugin does nothing."""

import subprocess
import sys

import pytest

from pytest_smi.core.catalogue import load


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--mesh=lnkerd"],
            "unknown mesh 'lnkerd' (did you mean 'linkerd' or 'linkerd-2.11'?); pytest-smi profiles lists all",
        ),
        (
            ["--mesh=reference", "--smi-api=acces"],
            "unknown API 'acces' (did you mean 'access'?); known are access, specs, split, metrics",
        ),
        (
            ["--mesh=reference", "--smi-version=acces=v1alpha1"],
            "unknown API 'acces' (did you mean 'access'?); known are access, specs, split, metrics",
        ),
        (
            ["--mesh=reference", "--smi-version=split=v2"],
            "unknown version 'v2' of split; known are v1alpha4, v1alpha3, v1alpha2, v1alpha1",
        ),
        (["--mesh=reference", "--smi-version=v1alpha4"], "written API=VERSION"),
        (
            ["--mesh=reference", "--smi-version=split=v1alpha1", "--smi-version=split=v1alpha2"],
            "'--smi-version all' runs several",
        ),
        (["--mesh=reference", "--mesh=reference"], "--mesh reference is given twice"),
        (
            ["--mesh=reference", "--smi-level=most"],
            "unknown level 'most' (did you mean 'must'?); known are must, should, all",
        ),
        (["--mesh=reference", "--smi-fault=nonsense"], "unknown fault 'nonsense'; pytest-smi faults lists all"),
        (["--mesh=reference", "--smi-fault=access-any-identty"], "(did you mean 'access-any-identity'"),
        (["--mesh=reference", "--smi-fault=access-any-identity,nonsense"], "unknown fault 'nonsense'"),
        (["--mesh=reference", "--smi-fault=access-any-identity,no-mesh"], "the fault 'no-mesh' must stand alone"),
        (["--mesh=reference", "--smi-fault=dns-dead,exec-cut"], "must stand alone, found 'dns-dead,exec-cut'"),
        (["--mesh=reference", "--smi-fail-on=shuld"], "unknown level 'shuld' (did you mean 'should'?)"),
        (["--mesh=reference", "--smi-levl=must"], "unknown option '--smi-levl' (did you mean '--smi-level'"),
        (["--msh=reference", "--smi-level=must"], "unrecognized arguments: --msh=reference"),
        (["--mesh=reference", "--smi-timeout=0"], "a number above 0"),
        (["--mesh=@context"], "NAME or NAME@CONTEXT"),
        (["--smi-fault=x"], "--smi-fault needs --mesh=reference"),
        (["--mesh=reference", "--smi-signing-key=missing.pem"], "missing.pem"),
    ],
)
def test_bad_option_is_a_usage_error(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    """Unknown values end with status 4 and one message that lists the known ones."""
    result = pytester.runpytest_subprocess(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_report_folder_that_cannot_be_written_is_refused_at_once(pytester: pytest.Pytester) -> None:
    """Nobody waits for a run whose report has nowhere to go."""
    pytester.path.joinpath("file").write_text("")

    result = pytester.runpytest_subprocess("--mesh=reference", "--smi-report=file/report")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--smi-report" in result.stderr.str()


def test_idle_plugin_imports_nothing_heavy() -> None:
    """An unrelated pytest run pays for an option group, not for a Kubernetes client."""
    script = (
        "import sys, pytest_smi.plugin;"
        "heavy = {'kubernetes', 'cryptography', 'aiohttp', 'yaml', 'allure', 'asyncio', 'httpx', 'jinja2', "
        "'pydantic', 'h2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert out.stdout.strip() == "[]"


def test_collect_only_starts_nothing(pytester: pytest.Pytester) -> None:
    """Listing the assertions needs no cluster, key or report folder."""
    result = pytester.runpytest_subprocess("--mesh=reference", "--collect-only", "-q")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*test_unlisted_source_is_denied?TA-06-reference?"])
    assert not pytester.path.joinpath("smi-report").exists()


@pytest.mark.parametrize("option", ["--kubeconfig", "--smi-report"])
def test_a_path_after_a_space_does_not_move_the_root_folder(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, option: str
) -> None:
    """The user's configuration is read from where pytest was started, whichever way the option is written;
    arguments stay arguments."""
    pytester.makeini("[pytest]")
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    result = pytester.runpytest_subprocess(
        "--mesh=reference", option, str(elsewhere), "--collect-only", "-q", "-k", "TA-05", "-v"
    )

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [f"rootdir: {pytester.path}", "configfile: tox.ini", f"*1/{len(load())} tests collected*"]
    )


def test_selection_by_api_and_level(pytester: pytest.Pytester) -> None:
    """What was not asked for is deselected."""
    result = pytester.runpytest_subprocess(
        "--mesh=reference", "--collect-only", "-q", "--smi-api=split", "--smi-level=must"
    )

    text = result.stdout.str()
    assert "test_traffic_split" in text
    assert "test_traffic_access" not in text
