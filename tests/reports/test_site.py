"""`pytest-smi render --site`: what a site holds, how large it gets, and what is never put into one."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_smi.cli.render import command
from pytest_smi.errors import ReportError, UsageProblem, VerificationError
from pytest_smi.matrix.matrix import Matrix, Suite
from pytest_smi.reports.render.site import SITE_NAMES, Place, places_of, site_files, within_site
from pytest_smi.reports.site import write_site
from pytest_smi.reports.verify import verify_report
from tests.support.field import NEWEST, field, reports_of, statements
from tests.support.matrices import HOSTILE, a_run, built, hostile
from tests.support.reports import SIGNER, a_report

KEYS = [SIGNER.public_key]
SUITE = Suite(name="pytest-smi", version="0.1.0", digest="a" * 64)
AGE = timedelta(days=90)


def write(reports: list[Path], out: Path, later: timedelta = timedelta(0)) -> Path:
    """The site of these reports, as of the day of the newest or later."""
    write_site(reports, out, statements(), keys=KEYS, suite=SUITE, now=NEWEST + later, max_age=AGE)
    return out


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two meshes, three versions of each."""
    return reports_of(tmp_path_factory.mktemp("field"), 2, 3, SIGNER)


@pytest.fixture(scope="module")
def site(reports: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their site."""
    return write(reports, tmp_path_factory.mktemp("www") / "site")


def test_what_a_site_holds(site: Path) -> None:
    """A page and its details for each run, a badge for each mesh, the tables, and every report as it was signed."""
    assert {path.name for path in site.iterdir()} == SITE_NAMES
    meshes = json.loads((site / "index.json").read_text())["meshes"]
    assert [(mesh["name"], len(mesh["runs"]), mesh["stale"]) for mesh in meshes] == [
        ("aspen-mesh", 3, False),
        ("consul", 3, False),
    ]
    for mesh in meshes:
        assert json.loads((site / mesh["badge"]).read_text())["label"] == f"SMI · {mesh['name']}"
        assert (site / mesh["badgeImage"]).read_text().startswith("<svg")
        assert mesh["latest"]["key"] == mesh["runs"][0]["key"]
        for run in mesh["runs"]:
            page = (site / run["page"] / "index.html").read_text()
            assert run["version"] in page
            details = json.loads((site / run["page"] / "run.json").read_text())
            (result,) = details["results"]["TM-01"]
            assert (site / result["file"]["path"]).is_file() if "file" in result else result["status"] == "unsupported"
            assert verify_report(site / run["report"], KEYS).matrix.runs[0].mesh.version == run["version"]
    assert len((site / "meshes.csv").read_text().splitlines()) == 3
    assert len((site / "versions.csv").read_text().splitlines()) == 7


def test_what_changed_since_the_version_before(site: Path) -> None:
    """Each version says what is better and worse; the first has none before it."""
    for mesh in json.loads((site / "index.json").read_text())["meshes"]:
        newest, *_, first = mesh["runs"]
        assert first["better"] == first["worse"] == []
        rows = {run["key"]: _statuses(site, run) for run in (newest, mesh["runs"][1])}
        now, before = rows[newest["key"]], rows[mesh["runs"][1]["key"]]
        assert {name for name in now if now[name] != before[name]} == {*newest["better"], *newest["worse"]}


def _statuses(site: Path, run: Mapping[str, str]) -> dict[str, str]:
    details = json.loads((site / run["page"] / "run.json").read_text())
    return {name: results[0]["status"] for name, results in details["results"].items()}


def test_a_mesh_that_nobody_tests_any_more_is_stale(reports: list[Path], tmp_path: Path) -> None:
    """On the page, in index.json, in the table and on its badge."""
    site = write(reports, tmp_path / "site", later=timedelta(days=91))
    assert all(mesh["stale"] for mesh in json.loads((site / "index.json").read_text())["meshes"])
    assert '<span class="mark stale">stale</span>' in (site / "index.html").read_text()
    assert json.loads((site / "badges" / "consul.json").read_text())["message"].startswith("stale")
    assert (site / "meshes.csv").read_text().splitlines()[1].endswith(",yes")


def test_a_site_takes_the_place_of_an_earlier_one(reports: list[Path], tmp_path: Path) -> None:
    """Whole; of a folder with anything else in it nothing is touched."""
    site = write(reports, tmp_path / "site")
    write(reports[:1], site)
    assert len(json.loads((site / "index.json").read_text())["meshes"]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]
    (site / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageProblem, match=r"thesis\.tex"):
        write(reports, site)
    assert (site / "thesis.tex").exists()


def test_what_does_not_verify_is_in_no_site(reports: list[Path], tmp_path: Path) -> None:
    """Nor a report given twice; and nothing is left behind."""
    bad = a_report(tmp_path / "bad")
    (bad / "matrix.json").write_bytes((bad / "matrix.json").read_bytes().replace(b"failed", b"passed"))
    (bad / "evidence" / "TA-01.json").write_text("{}")
    with pytest.raises(VerificationError, match="bad: "):
        write([*reports, bad], tmp_path / "site")
    with pytest.raises(ReportError, match="given twice"):
        write([reports[0], reports[0]], tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]


def _command(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_command(reports: list[Path], tmp_path: Path) -> None:
    """One command; without a key, with --out, or with many reports and no --site it says what to do."""
    key, site = reports[0] / "signing-key.pub.pem", tmp_path / "site"
    done = _command("--site", site, *reports, "--key", key)
    assert done.exit_code == 0, done.output
    assert "verified: 6 report(s), 6 run(s) of 2 mesh(es)" in done.output
    assert "give --key" in _command("--site", site, *reports).output
    assert "one of them" in _command("--site", site, *reports, "--key", key, "--out", tmp_path).output
    assert "add --site DIR" in _command(*reports, "--key", key).output


def _places(matrix: Matrix) -> dict[str, Place]:
    return places_of(matrix.runs, {run.nonce: ("a" * 32, (SIGNER.fingerprint,)) for run in matrix.runs})


def test_the_index_of_a_large_field_is_small() -> None:
    """Twelve meshes with fifty versions each: less than 400 kB for people, less than 300 kB for dashboards."""
    matrix = field(12, 50).matrix
    files = site_files(matrix, _places(matrix), statements(), now=NEWEST, max_age=AGE)
    assert len(files["index.html"]) < 400_000
    assert len(files["index.json"]) < 300_000


def test_places_are_safe_and_each_its_own() -> None:
    """Names of meshes become paths that neither leave the site nor meet."""
    matrix = built(
        a_run("osm", "v1", 1),
        a_run("osm", "v1", 2),
        a_run("OSM", "v1", 3),
        a_run("../../etc", "../..", 4),
        a_run("a/b", "", 5),
        a_run("a b", "", 6),
    ).matrix
    folders = [place.folder for place in _places(matrix).values()]
    assert len({folder.lower() for folder in folders}) == len(folders)
    assert all(".." not in folder and folder.count("/") == 2 for folder in folders), folders


def test_hostile_names_stay_text() -> None:
    """On the index, in the badges and in the table."""
    matrix = hostile()
    runs = tuple(within_site(run, "a" * 32) for run in matrix.runs)
    of = Matrix(generated_at=matrix.generated_at, suite=matrix.suite, runs=runs)
    for name, data in site_files(of, _places(of), {}, now=NEWEST, max_age=AGE).items():
        if not name.endswith((".json", ".csv")):
            assert HOSTILE.encode() not in data, name
            assert b"<img src=x" not in data, name
