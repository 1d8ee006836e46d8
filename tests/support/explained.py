"""Read a document of docs/results: the table of every verdict that is not `passed`, and why."""

import re
from pathlib import Path

_ROW = re.compile(r"^\|\s*((?:TA|TS|SP|TM)-\d+)\s*\|\s*(\w+)\s*\|\s*(.+?)\s*\|")


def explained(document: Path) -> dict[str, str]:
    """Requirement → status, of the rows `| TA-01 | failed | why … |`; a row without a reason is a ValueError."""
    found: dict[str, str] = {}
    for line in document.read_text(encoding="utf-8").splitlines() if document.exists() else []:
        row = _ROW.match(line)
        if row:
            requirement, status, why = row.groups()
            if requirement in found or len(why) < 10:
                raise ValueError(f"{document.name}: {requirement} is explained twice or not at all")
            found[requirement] = status
    return found
