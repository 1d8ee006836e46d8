"""Distribution over workers: what is serial starts when nothing else goes on, and everything is run once."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_smi.core.catalogue import Assertion
from pytest_smi.profiles.load import Noted, load_profile
from pytest_smi.session.scheduling import serial_tests

PLUGIN = """
from pytest_smi.session.scheduling import make_scheduler

def pytest_xdist_make_scheduler(config, log):
    return make_scheduler(config, log, lambda nodeid: "serial" in nodeid)
"""
TESTS = """
import os, pathlib, time
import pytest

LOG = pathlib.Path(os.environ["SCHEDULE_LOG"])

def note(what):
    with LOG.open("a") as log:
        log.write(f"{what}\\n")

def body(name):
    note(f"begin {name}")
    time.sleep(0.02)
    note(f"end {name}")
"""


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("others", "serial"), [(9, 3), (1, 2), (0, 2)])
def test_serial_tests_overlap_with_none(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: int, others: int, serial: int
) -> None:
    """Whatever the numbers: each test runs once, and a serial one never beside another."""
    log = pytester.path / "log"
    log.touch()
    monkeypatch.setenv("SCHEDULE_LOG", str(log))
    pytester.makeconftest(PLUGIN)
    names = [f"serial_{i}" for i in range(serial)] + [f"other_{i}" for i in range(others)]
    pytester.makepyfile(test_it=TESTS + "".join(f"\ndef test_{name}():\n    body('{name}')\n" for name in names))

    pytester.runpytest_subprocess("-n", str(workers), "-p", "no:cacheprovider", timeout=60).assert_outcomes(
        passed=len(names)
    )

    lines = [line.split() for line in log.read_text().splitlines()]
    assert sorted(name for what, name in lines if what == "begin") == sorted(names)
    under_way: set[str] = set()
    for what, name in lines:
        under_way ^= {name}
        if any(one.startswith("serial") for one in under_way):
            assert len(under_way) == 1, (what, under_way)


def test_profile_says_serial_tests() -> None:
    """By requirement and target: the same assertion is alone for one mesh and not for another."""
    record = Assertion(
        requirement="TA-19",
        name="traffic_access::one",
        statement="s",
        level="MUST",
        source="s",
        needs=("access",),
        features=(),
    )
    quiet = load_profile("reference")
    loud = replace(quiet, serial=(Noted(requirement="TA-19", reason="it stops the mesh"),))

    is_serial = serial_tests([record], {"loud@kind-a": loud, "quiet": quiet})

    nodeid = str(Path("..") / "conformance" / "test_traffic_access.py")
    assert is_serial(f"{nodeid}::test_one[TA-19-loud@kind-a]")
    assert not is_serial(f"{nodeid}::test_one[TA-19-quiet]")
    assert not is_serial(f"{nodeid}::test_two[TA-19-loud@kind-a]")


def test_records_say_serial_tests() -> None:
    """An assertion that is to be alone is so for every mesh."""
    record = Assertion(
        requirement="SP-11",
        name="traffic_split::one",
        statement="s",
        level="MUST",
        source="s",
        needs=("split",),
        features=(),
        serial=True,
    )

    is_serial = serial_tests([record], {"quiet": load_profile("reference")})

    nodeid = str(Path("..") / "conformance" / "test_traffic_split.py")
    assert is_serial(f"{nodeid}::test_one[SP-11-quiet]")
    assert not is_serial(f"{nodeid}::test_two[SP-11-quiet]")
