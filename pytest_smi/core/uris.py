"""Every name that the project gives out under its domain: types of predicates, ids of schemas, prefixes of labels.

They are names, never fetched, and they stand in what has been signed: a value that was once given out does not change.
A matrix of another version has another name.
"""

__all__ = ["CTRF_NAMESPACE", "LABELS", "MERGE_PREDICATE", "PROFILE_SCHEMA", "matrix_predicate", "matrix_schema_id"]

_DOMAIN = "pytest-smi.dev"

MERGE_PREDICATE = f"https://{_DOMAIN}/merge/v1"
"""Type of the predicate that lists the reports that were merged into one."""
PROFILE_SCHEMA = f"https://{_DOMAIN}/profile.schema.json"
"""Id of the JSON Schema of a mesh profile."""
CTRF_NAMESPACE = f"https://{_DOMAIN}/ctrf"
"""What the ids of CTRF tests are derived from, so that a test has the same id in every report."""
LABELS = _DOMAIN
"""Prefix of our labels on Kubernetes objects: `{LABELS}/run`."""


def matrix_predicate(version: int) -> str:
    """Return the type of the predicate that is a matrix of this schema version."""
    return f"https://{_DOMAIN}/matrix/v{version}"


def matrix_schema_id(version: int) -> str:
    """Return the id of the JSON Schema of a matrix of this schema version."""
    return f"https://{_DOMAIN}/schema/matrix-v{version}.json"
