"""A requirement whose scene disturbs a mesh for everybody is the last one, with workers and without."""

import re
from pathlib import Path

import pytest
import yaml

from pytest_smi.profiles.load import known_profiles
from tests.support.runs import run_suite

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "workers"])
def test_what_the_profile_calls_serial_is_run_last(tmp_path: Path, workers: list[str]) -> None:
    """Also after those that disturb some meshes and stand before it otherwise: a mesh may need time to get over it."""
    document = yaml.safe_load(known_profiles()["reference"].read_text(encoding="utf-8"))
    document["serial"] = [{"requirement": "TA-06", "reason": "it takes a while to get over it"}]
    profile = tmp_path / "reference.yaml"
    profile.write_text(yaml.safe_dump(document), encoding="utf-8")

    run = run_suite(tmp_path, f"--mesh-profile={profile}", "-vv", "-k", "TA-05 or TA-06 or SP-01 or SP-11", *workers)

    assert run.status == 0, run.output
    # Without workers a line may begin with the test; the last mention before the verdict is its end.
    ended = list(dict.fromkeys(re.findall(r"\[((?:TA|SP)-\d+)-reference\]", run.output)))
    assert ended[-1] == "TA-06", run.output
    assert set(ended) == {"TA-05", "TA-06", "SP-01", "SP-11"}
