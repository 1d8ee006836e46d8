"""Read a document of docs/results: the tables of every verdict that is not `passed`, and why."""

import re
from pathlib import Path

_ROW = re.compile(r"^\|\s*((?:(?:TA|TS|SP|TM)-\d+\s*)+)\|\s*(\w+)\s*\|\s*(.+?)\s*\|")


def explained(document: Path) -> dict[str, str]:
    """Requirement → status, of rows such as `| TA-01 TA-02 | failed | why … |`; none when there is no document.

    Raises ValueError for a requirement that is explained twice, or with no more than a word.
    """
    found: dict[str, str] = {}
    for line in document.read_text(encoding="utf-8").splitlines() if document.exists() else []:
        row = _ROW.match(line)
        if not row:
            continue
        requirements, status, why = row.groups()
        for requirement in requirements.split():
            if requirement in found or len(why) < 20:
                raise ValueError(f"{document.name}: {requirement} is explained twice or not at all")
            found[requirement] = status
    return found
