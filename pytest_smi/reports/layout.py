"""The names in a report folder: what is signed, what is kept beside it, and what is derived from it. Pure."""

from pytest_smi.matrix.matrix import SCHEMA_FILE
from pytest_smi.signing.sigstore import BUNDLES_FILE
from pytest_smi.signing.statement import MATRIX_FILE

__all__ = [
    "BUNDLES_FILE",
    "CATALOGUE_FILE",
    "COUNTEREXAMPLES_FOLDER",
    "DERIVED_FILES",
    "ENVELOPES_FILE",
    "EVIDENCE_FOLDER",
    "EVIDENCE_NAME",
    "KEY_FILE",
    "MATRIX_FILE",
    "SCHEMA_FILE",
    "SOURCES_FOLDER",
]

ENVELOPES_FILE = "matrix.intoto.jsonl"
"""DSSE envelopes, one per line: the matrix statement, then the test-result statement."""
KEY_FILE = "signing-key.pub.pem"
"""The public key of the signature. A reader who trusts it because it lies here trusts whoever wrote the folder."""
COUNTEREXAMPLES_FOLDER = "counterexamples"
"""Folder of what an exploration found, as files: made from the matrix, which holds it too, and not covered by its
signature."""
EVIDENCE_FOLDER = "evidence"
"""Folder of evidence files, within the report folder."""
EVIDENCE_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]*\.json"
"""Pattern of the name of an evidence file, without its folder."""
CATALOGUE_FILE = "catalogue.json"
"""The requirements that were tested, with their statements. Its sha256 is in the matrix; older reports have none."""
SOURCES_FOLDER = "sources"
"""Folder of the reports that were merged, within a merged report."""

DERIVED_FILES = frozenset(
    {
        "index.html",
        "summary.json",
        "badge.json",
        "ctrf.json",
        "junit.xml",
        "summary.md",
        "metrics.txt",
        SCHEMA_FILE,
        BUNDLES_FILE,
    }
)
"""What may lie beside the signed files: made from the matrix, and not covered by its signature."""
