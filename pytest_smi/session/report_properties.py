"""What a worker attaches to the reports of pytest for the controller: the result, and the images that it saw."""

from __future__ import annotations

import json

from pytest_smi.core.result import Result

PROPERTY = "smi-result"
"""Name of the user property that carries a result (JSON text) from a worker to the controller."""
IMAGES = "smi-images"
"""Name of the user property that carries the digests of images seen in pods."""


def result_of(report: object) -> Result | None:
    """Return the result that a worker attached to a report of pytest, or None."""
    for name, value in getattr(report, "user_properties", ()):
        if name == PROPERTY:
            return Result.from_json(json.loads(str(value)))
    return None
