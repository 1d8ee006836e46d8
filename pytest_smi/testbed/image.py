"""The build context of the sample application's image: Dockerfile and sources as one tar archive,
the same bytes every time."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

DOCKERFILE = "Dockerfile"


def build_context(sample_app: Path) -> bytes:
    """Return what `docker build -` reads: the Dockerfile at the root and the package in `sample_app/`.

    `sample_app` is the folder of the package. Times, owners and order are fixed,
    so that equal sources give equal bytes.
    """
    files = {DOCKERFILE: sample_app / DOCKERFILE}
    files |= {
        f"sample_app/{path.relative_to(sample_app).as_posix()}": path for path in sorted(sample_app.rglob("*.py"))
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, path in files.items():
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
