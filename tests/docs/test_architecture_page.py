"""docs/architecture.md and CONTRIBUTING.md name files that exist, wrapped lines, and every package."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["docs/architecture.md", "docs/contracts.md", "docs/glossary.md", "CONTRIBUTING.md", "conformance/README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    named = re.findall(
        r"`((?:pytest_smi|conformance|tests|manifests|docs|sample_app)/[\w/.*-]*)`", (ROOT / page).read_text()
    )
    missing = [name for name in named if not list(ROOT.glob(name))]
    assert not missing


def test_every_package_is_on_the_picture() -> None:
    picture = (ROOT / "docs/architecture.md").read_text().split("```")[1]
    packages = [path.parent.name for path in (ROOT / "pytest_smi").glob("*/__init__.py")]
    assert packages
    assert not [name for name in packages if not re.search(rf"\b{name}\b", picture)]


def test_the_walk_names_one_file_per_package() -> None:
    walk = (ROOT / "docs/architecture.md").read_text().split("## One assertion")[1].split("## Where")[0]
    folders = [str(Path(name).parent) for name in re.findall(r"^\d+\. `([\w/.]+)`", walk, re.MULTILINE)]
    assert len(folders) == len(set(folders)) >= 12


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/contracts.md", "CONTRIBUTING.md"])
def test_prose_is_wrapped(page: str) -> None:
    lines = (ROOT / page).read_text().splitlines()
    assert not [line for line in lines if len(line) > 120 and not line.startswith("|") and " " in line.strip()[:120]]
