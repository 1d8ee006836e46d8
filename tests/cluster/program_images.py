"""The image of one static program, alone on an empty root but for a /tmp."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cluster.images import write_archive


def write(program: Path, reference: str, *, user: str = "", folders: Callable[[], dict[str, Path]] = dict) -> Path:
    """Return the archive beside the program, written unless it is there.

    `reference` is NAME:TAG, `user` UID:GID (empty: root), `folders` gives {name in the root:
    folder of ours with files to copy}.
    """
    archive = program.with_suffix(".tar")
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
            root = Path(scratch, "root")
            (root / "tmp").mkdir(parents=True)
            (root / "tmp").chmod(0o1777)
            shutil.copyfile(program, root / program.name)
            (root / program.name).chmod(0o755)
            for name, folder in folders().items():
                (root / name).mkdir()
                for file in sorted(folder.iterdir()):
                    shutil.copyfile(file, root / name / file.name)
                    (root / name / file.name).chmod(0o644)
            write_archive(archive, reference=reference, root=root, entrypoint=[f"/{program.name}"], user=user)
    return archive
