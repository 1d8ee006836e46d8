"""Names that were given out never change, and no module makes one of its own."""

import json
from pathlib import Path

from pytest_smi.core import uris

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pytest_smi"


def test_names_that_stand_in_signed_reports() -> None:
    """They are written out here, since a change of one would orphan every report that was signed with it."""
    assert uris.matrix_predicate(1) == "https://pytest-smi.dev/matrix/v1"
    assert uris.matrix_predicate(2) == "https://pytest-smi.dev/matrix/v2"
    assert uris.MERGE_PREDICATE == "https://pytest-smi.dev/merge/v1"
    assert uris.matrix_schema_id(2) == "https://pytest-smi.dev/schema/matrix-v2.json"
    assert uris.CTRF_NAMESPACE == "https://pytest-smi.dev/ctrf"
    assert uris.LABELS == "pytest-smi.dev"


def test_schema_of_profiles_has_its_name() -> None:
    """The schema that editors load is the one that the code names."""
    assert json.loads((PACKAGE / "profiles" / "profile.schema.json").read_text())["$id"] == uris.PROFILE_SCHEMA


def test_no_other_module_writes_the_domain() -> None:
    """One home: a name written anywhere else would go unnoticed when the list is read."""
    strangers = [
        str(file.relative_to(ROOT))
        for folder in ("pytest_smi", "conformance", "sample_app")
        for file in (ROOT / folder).rglob("*.py")
        if uris.LABELS in file.read_text() and file != Path(uris.__file__)
    ]

    assert strangers == []
