"""The sample application's image: a few Debian packages, the project's own wheel,
and a start-up that needs no site packages.

No registry of images is asked: the packages come through apt, the application from the wheel that this tree builds.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path

from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE
from tests.cluster import debian
from tests.cluster.images import write_archive

SEEDS = ("python3", "python3-h2")
USER = "10001:10001"
APPLICATION = "opt/sample-app"
LAUNCHER = """#!/usr/bin/python3 -IS
import sys
sys.path[1:1] = ["/opt/sample-app", "/usr/lib/python3/dist-packages"]
from sample_app.__main__ import main
sys.exit(main())
"""
"""Isolated and without `site`: exec of a session is a third quicker than through `python3 -m`."""
PASSWD = "root:x:0:0:root:/:/sbin/nologin\nsample-app:x:10001:10001::/nonexistent:/sbin/nologin\n"


def build(cache: Path) -> Path:
    """Return the image's archive in `cache`, building it when its inputs changed. Raises ClusterProblem."""
    archive = cache / f"sample-app-{image_key()}.tar"
    if archive.exists():
        return archive
    debian.check("the sample app's image")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".sample-app-") as folder:
        root = Path(folder, "root")
        debian.unpack(debian.packages(SEEDS, cache), root)
        _add_application(root, Path(folder))
        _compile(root)
        write_archive(
            archive,
            reference=SAMPLE_APP_IMAGE,
            root=root,
            entrypoint=["sample-app"],
            environment=["PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED=1"],
            user=USER,
        )
    return archive


def image_key() -> str:
    """What the image is made of, as 16 hexadecimal digits: the application's sources,
    the recipe and the packages asked for."""
    project = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256(
        repr((SAMPLE_APP_IMAGE, SEEDS, debian.NOT_NEEDED, debian.NOT_SHIPPED, LAUNCHER, USER)).encode()
    )
    for source in sorted((project / "sample_app").rglob("*.py")):
        digest.update(source.relative_to(project).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _add_application(root: Path, scratch: Path) -> None:
    """Build the wheel and put its sample_app into the root, with the launcher and an account."""
    project = Path(__file__).resolve().parents[2]
    debian.run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(scratch), folder=project)
    target = root / APPLICATION / "sample_app"
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        prefix = "pytest_smi/sample_app/"
        for name in wheel.namelist():
            if name.startswith(prefix) and not name.endswith("/"):
                file = target / name.removeprefix(prefix)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(wheel.read(name))
    launcher = root / "usr/local/bin/sample-app"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/nsswitch.conf").write_text("passwd: files\nhosts: files dns\n")


def _compile(root: Path) -> None:
    """Compile everything once, unchecked: the root file system is read-only and its times are not the sources'."""
    folders = [
        name for name in ("/usr/lib/python3", f"/{APPLICATION}", *_libraries(root)) if (root / name[1:]).exists()
    ]
    debian.run(
        "chroot",
        str(root),
        "/usr/bin/python3",
        "-IS",
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "unchecked-hash",
        *folders,
    )


def _libraries(root: Path) -> list[str]:
    return sorted(f"/{path.relative_to(root)}" for path in (root / "usr/lib").glob("python3.*"))
